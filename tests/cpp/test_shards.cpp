// Shards add up to the whole: their sums to the bit, and so every answer.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/chunks.hpp"
#include "base/nodes.hpp"
#include "check.hpp"
#include "instances.hpp"
#include "mel/shards.hpp"
#include "mel/solve.hpp"
#include "shards/questions.hpp"

namespace {

struct Sum {
    double value = 0;
    void add(const Sum& other) { value += other.value; }
};

// A column cut at whole chunks: what the pieces say, each for itself.
Sum in_pieces(const std::vector<Sum>& chunks, const std::vector<std::size_t>& ends) {
    std::vector<mel::SumNode<Sum>> nodes;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        mel::for_each_node(begin, end - begin, [&](std::size_t first, std::size_t width) {
            std::vector<Sum> part(chunks.begin() + static_cast<std::ptrdiff_t>(first),
                                  chunks.begin() + static_cast<std::ptrdiff_t>(first + width));
            nodes.push_back({first, width, mel::reduce_tree(std::span<Sum>(part))});
        });
        begin = end;
    }
    return mel::sum_of_nodes(std::span<const mel::SumNode<Sum>>(nodes), chunks.size());
}

// The problem of some learners, as another process would make it.
mel::Problem part_of(const mel::ProblemStatement& whole, const mel::Problem::Payloads& all,
                     std::span<const std::size_t> learners) {
    std::vector<std::vector<double>> kept;
    mel::ProblemStatement part = whole;
    for (const mel::LearnerColumn& column : mel::learner_columns()) {
        const std::span<const double> from = column.of(whole).column;
        if (from.empty()) continue;
        std::vector<double> to;
        for (const std::size_t k : learners) to.push_back(from[k]);
        kept.push_back(std::move(to));
        column.put(kept.back(), part);
    }
    return mel::Problem(part).among(all);
}

struct InShards {
    InShards(const mel::ProblemStatement& it, const std::vector<std::size_t>& first) {
        const mel::Problem::Payloads all = mel::Problem(it).payloads();
        places.first = first;
        places.size = it.gain.size();
        for (std::size_t i = 0; i < first.size(); ++i) {
            const std::size_t end = i + 1 < first.size() ? first[i + 1] : places.size;
            std::vector<std::size_t> learners;
            for (std::size_t k = first[i]; k < end; ++k) learners.push_back(k);
            shards.push_back(std::make_unique<mel::Shard>(part_of(it, all, learners),
                                                          mel::Among{first[i], places.size}, 1));
        }
        places.some = [it, all](std::span<const std::size_t> learners) {
            return part_of(it, all, learners);
        };
        places.ask = [this](const std::vector<mel::Message>& questions) {
            std::vector<mel::Message> answers;
            for (std::size_t i = 0; i < questions.size(); ++i) {
                answers.push_back(shards[i]->answer(questions[i]));
            }
            return answers;
        };
    }
    mel::Places places;
    std::vector<std::unique_ptr<mel::Shard>> shards;
};

mel::Result same_answer(const mel::ProblemStatement& it, const std::vector<std::size_t>& first) {
    InShards in(it, first);
    const mel::ShardedResult found = mel::solve_sharded(in.places, {});
    mel::Result whole = mel::solve(mel::Problem(it), {});
    const mel::Result& r = found.result;
    CHECK(r.status == whole.status && r.tau == whole.tau && r.bound == whole.bound, r.tau,
          whole.tau, r.bound, whole.bound);
    CHECK(r.blame == whole.blame);
    CHECK(r.blame != mel::Blame::slow_return || r.blamed_learner == whole.blamed_learner,
          r.blamed_learner, whole.blamed_learner);
    CHECK(r.tree.size() == whole.tree.size());
    for (std::size_t i = 0; i < std::min(r.tree.size(), whole.tree.size()); ++i) {
        const mel::TreeNode &a = r.tree[i], &b = whole.tree[i];
        CHECK(a.learner == b.learner && a.at == b.at && a.prices.lambda == b.prices.lambda &&
              a.prices.mu == b.prices.mu);
    }
    CHECK(found.plan.empty() == whole.samples.empty());
    for (std::size_t place = 0; place < found.plan.size(); ++place) {
        const mel::Message m = in.shards[place]->answer(found.plan[place]);
        const std::size_t size = m.size() / 3;
        for (std::size_t k = 0; k < size; ++k) {
            const std::size_t at = first[place] + k;
            CHECK(m[k] == static_cast<double>(whole.samples[at]), at);
            CHECK(m[size + k] == whole.bandwidth_hz[at] && m[2 * size + k] == whole.power_w[at],
                  at);
        }
    }
    return whole;
}

bool asks_for_takers(const std::vector<mel::Message>& questions) {
    return questions.front().front() == static_cast<double>(mel::Ask::takers);
}

}  // namespace

TEST(nodes_of_pieces_are_the_tree_of_the_whole) {
    std::mt19937_64 random(7);
    for (unsigned round = 0; round < check::tries(400); ++round) {
        const std::size_t size = 1 + random() % 70;
        std::vector<Sum> chunks(size);
        for (Sum& s : chunks) s.value = std::pow(10.0, instances::uniform(random, -9, 9));
        std::vector<std::size_t> ends;
        for (std::size_t at = 0; at < size;) {
            at = std::min(size, at + 1 + random() % 20);
            ends.push_back(at);
        }
        std::vector<Sum> whole = chunks;
        const double want = mel::reduce_tree(std::span<Sum>(whole)).value;
        CHECK(in_pieces(chunks, ends).value == want, size, ends.size());
    }
}

TEST(shards_answer_as_the_whole_to_the_bit) {
    instances::for_each_variant({.learners = 5000, .samples = 5'000'000, .seed = 4},
                                [](const instances::Shape& shape) {
                                    const instances::Instance it = instances::draw(shape);
                                    same_answer(it.stated(), {0, 1024, 4096});
                                    same_answer(it.stated(), {0, 3072});
                                });
}

TEST(shards_of_whom_few_take_part_answer_as_the_whole) {
    instances::for_each_variant({.learners = 20000, .samples = 4000, .seed = 3},
                                [](const instances::Shape& shape) {
                                    if (shape.idle == mel::Idle::served) return;
                                    const instances::Instance it = instances::draw(shape);
                                    same_answer(it.stated(), {0, 8192, 16384});
                                });
}

// The same on budgets for a thousand of them, which few take part in as the prices have it.
mel::ProblemStatement on_few_budgets(const instances::Instance& it) {
    mel::ProblemStatement s = it.stated();
    s.bandwidth_hz *= 0.05;
    s.power_w *= 0.05;
    return s;
}

// However bad the first choice of a part: without the others its proof would be none of the whole.
TEST(whoever_the_first_part_lacks_is_asked_back_before_anything_is_proved) {
    unsigned rounds = 0;
    instances::for_each_variant(
        {.learners = 20000, .samples = 1000, .seed = 3}, [&](const instances::Shape& shape) {
            if (shape.idle == mel::Idle::served) return;
            const instances::Instance it = instances::draw(shape);
            const mel::ProblemStatement s = on_few_budgets(it);
            InShards in(s, {0, 8192, 16384});
            unsigned asked = 0;
            const auto answered = in.places.ask;
            in.places.ask = [&](const std::vector<mel::Message>& questions) {
                std::vector<mel::Message> answers = answered(questions);
                if (!asks_for_takers(questions) || asked++ > 0) return answers;
                for (mel::Message& m : answers) {  // every fifth of those who would take part
                    const std::size_t size = m.size() / 2;
                    mel::Message fewer;
                    for (std::size_t i = 0; i < size; i += 5) fewer.push_back(m[i]);
                    fewer.resize(2 * fewer.size(), 0);
                    m = std::move(fewer);
                }
                return answers;
            };
            const mel::Result found = mel::solve_sharded(in.places, {}).result;
            const mel::Result whole = same_answer(s, {0, 8192, 16384});
            CHECK(found.status == mel::Status::optimal, found.tau, found.bound);
            CHECK(found.tau == whole.tau && found.bound == whole.bound, found.tau, whole.tau);
            rounds += asked;
        });
    CHECK(rounds > 8, rounds);  // of four problems: the first part, whom it lacks, nobody any more
}

// What a payload is can differ from shard to shard: one sends nothing, or all the same.
TEST(shards_whose_learners_differ_in_payload_answer_as_the_whole) {
    const std::size_t size = 3000;
    std::vector<double> sent(size, 280440), each(size, 6272), back(size), flops(size, 1.1e6);
    std::mt19937_64 random(9);
    for (std::size_t k = 0; k < size; ++k) {
        back[k] = instances::uniform(random, 1e5, 3e5);
        if (k >= 2048) {
            sent[k] = k % 7 == 0 ? 0 : instances::uniform(random, 1e5, 3e5);
            each[k] = instances::uniform(random, 100, 9000);
            flops[k] = instances::uniform(random, 0.8e6, 1.4e6);
        }
    }
    instances::for_each_variant(
        {.learners = size, .samples = 3'000'000, .seed = 6}, [&](const instances::Shape& shape) {
            const instances::Instance it = instances::draw(shape);
            mel::ProblemStatement s = it.stated();
            s.return_bits = std::span<const double>(back);
            s.return_bits_per_sample = 0;
            if (shape.parallelized) {
                s.send_bits = std::span<const double>(sent);
                s.send_bits_per_sample = std::span<const double>(each);
                s.flops_per_sample = std::span<const double>(flops);
            }
            unsigned late = 0;
            for (const double first : {0.0, 1e9}) {  // nothing, or more than a cycle returns
                std::fill_n(back.begin(), 1024, first);
                late += same_answer(s, {0, 1024, 2048}).blame == mel::Blame::slow_return;
            }
            CHECK(late == (shape.idle == mel::Idle::served ? 1 : 0), late);
        });
}

TEST(shards_to_whom_nothing_is_sent_are_filled_one_after_the_other_as_the_whole) {
    const std::size_t size = 3000;
    std::vector<double> least(size, 3), most(size, 2000), back(size, 2e5);
    for (std::size_t k = 0; k < size; k += 3) most[k] = 400, back[k] = 3e5;
    unsigned planned = 0;
    instances::for_each_variant(
        {.learners = size, .samples = 2'000'000, .seed = 8}, [&](const instances::Shape& shape) {
            const instances::Instance it = instances::draw(shape);
            mel::ProblemStatement s = it.stated();
            s.send_bits = s.send_bits_per_sample = 0;
            s.return_bits_per_sample = 0;
            if (shape.law == mel::LinkLaw::density) s.max_samples = most;
            if (shape.idle == mel::Idle::served) s.min_samples = least;
            s.return_bits = shape.parallelized ? mel::Amount(back) : mel::Amount(0.0);
            for (const double cycle : {0.05, 1.0, 8.0}) {
                s.cycle_s = cycle;
                planned += same_answer(s, {0, 1024, 2048}).tau > 0;
            }
        });
    CHECK(planned > check::seen(8) && planned < 24, planned);
}

TEST(what_is_no_question_is_refused) {
    const instances::Instance it = instances::draw({.learners = 3000, .samples = 3'000'000});
    mel::Shard shard(it.problem(), {0, 3000}, 1);
    const auto total = static_cast<double>(mel::Ask::total);
    const auto fill = static_cast<double>(mel::Step::fill);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<mel::Message> wrong{
        {},
        {nan, 0, 0, 0, 0, 0, 0, 0, 0},
        {99, 0, 0, 0, 0, 0, 0, 0, 0},
        {0, 0, 0, 0, 0, 0, 0, 0, 1},
        {total, 0, 0, 0, 0, 0, 0, 0, 1, 1e300, 0},
        {total, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 1},
        {total, 0, 0, 0, 0, 0, 0, 0, 1, 1, 77},
        {total, 0, 0, 0, 0, 0, 0, 0, 1, 3, 2, 5, 1},     // clamps what nobody drew
        {total, 0, 0, 0, 0, 0, 0, 0, 1, 3, fill, 5, 1},  // rounds what was filled
        {total, 0, 0, 0, 0, 0, 0, 0, 1, 2, fill, 5},
    };
    for (const mel::Message& message : wrong) {
        bool refused = false;
        try {
            shard.answer(message);
        } catch (const std::invalid_argument&) {
            refused = true;
        }
        CHECK(refused, message.size());
    }
    bool refused = false;
    try {
        mel::Shard misplaced(it.problem(), {100, 5000}, 1);
    } catch (const std::invalid_argument&) {
        refused = true;
    }
    CHECK(refused);
}

TEST(a_search_over_shards_ends_when_nobody_answers) {
    const instances::Instance it = instances::draw({.learners = 3000, .samples = 3'000'000});
    InShards in(it.stated(), {0, 1024});
    const auto answered = in.places.ask;
    for (int most = 0; most < 6; ++most) {
        int asked = 0;
        in.places.ask = [&](const std::vector<mel::Message>& questions) {
            return asked++ < most ? answered(questions) : std::vector<mel::Message>{};
        };
        const mel::Result r = mel::solve_sharded(in.places, {}).result;
        CHECK(r.stopped && asked == most + 1, most, asked);
        const mel::Result whole = mel::solve(it.problem(), {});
        CHECK(r.tau <= whole.tau && whole.tau <= r.bound);
    }
}
