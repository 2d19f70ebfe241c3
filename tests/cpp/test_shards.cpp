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

// Problems of the learners from `first` on, as another process would make them.
mel::Problem part_of(const instances::Instance& it, const std::vector<std::size_t>& learners) {
    instances::Instance part;
    part.statement = it.statement;
    for (const std::size_t k : learners) {
        part.flops.push_back(it.flops[k]);
        part.gain.push_back(it.gain[k]);
        part.band.push_back(it.band[k]);
        part.power.push_back(it.power[k]);
    }
    return part.problem();
}

struct InShards {
    InShards(const instances::Instance& it, const std::vector<std::size_t>& first) {
        places.first = first;
        places.size = it.gain.size();
        for (std::size_t i = 0; i < first.size(); ++i) {
            const std::size_t end = i + 1 < first.size() ? first[i + 1] : places.size;
            std::vector<std::size_t> learners;
            for (std::size_t k = first[i]; k < end; ++k) learners.push_back(k);
            shards.push_back(
                std::make_unique<mel::Shard>(part_of(it, learners), first[i], places.size, 1));
        }
        places.some = [&it](std::span<const std::size_t> learners) {
            return part_of(it, {learners.begin(), learners.end()});
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

void same_answer(const instances::Instance& it, const std::vector<std::size_t>& first) {
    InShards in(it, first);
    const mel::ShardedResult found = mel::solve_sharded(in.places, {});
    const mel::Result whole = mel::solve(it.problem(), {});
    const mel::Result& r = found.result;
    CHECK(r.status == whole.status && r.tau == whole.tau && r.bound == whole.bound, r.tau,
          whole.tau, r.bound, whole.bound);
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
                                    same_answer(it, {0, 1024, 4096});
                                    same_answer(it, {0, 3072});
                                });
}

TEST(shards_of_whom_few_take_part_answer_as_the_whole) {
    instances::for_each_variant({.learners = 20000, .samples = 4000, .seed = 3},
                                [](const instances::Shape& shape) {
                                    if (shape.idle == mel::Idle::served) return;
                                    same_answer(instances::draw(shape), {0, 8192, 16384});
                                });
}

TEST(what_is_no_question_is_refused) {
    const instances::Instance it = instances::draw({.learners = 3000, .samples = 3'000'000});
    mel::Shard shard(it.problem(), 0, 3000, 1);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<mel::Message> wrong{
        {},
        {nan, 0, 0, 0, 0, 0, 0, 0, 0},
        {99, 0, 0, 0, 0, 0, 0, 0, 0},
        {0, 0, 0, 0, 0, 0, 0, 0, 1},
        {8, 0, 0, 0, 0, 0, 0, 0, 1, 1e300, 0},
        {8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 1},
        {8, 0, 0, 0, 0, 0, 0, 0, 1, 1, 77},
        {8, 0, 0, 0, 0, 0, 0, 0, 1, 3, 2, 5, 1},  // clamps what nobody drew
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
        mel::Shard misplaced(it.problem(), 100, 5000, 1);
    } catch (const std::invalid_argument&) {
        refused = true;
    }
    CHECK(refused);
}

TEST(a_search_over_shards_ends_when_nobody_answers) {
    const instances::Instance it = instances::draw({.learners = 3000, .samples = 3'000'000});
    InShards in(it, {0, 1024});
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
