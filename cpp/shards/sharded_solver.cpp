#include "shards/sharded_solver.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "base/chunks.hpp"

namespace mel {
namespace {

PassPoint at_tau(double tau) { return {tau, 0, {}}; }

}  // namespace

std::vector<std::size_t> of_groups(std::size_t size, std::size_t stride) {
    std::vector<std::size_t> learners;
    for (std::size_t first = 0; first < size; first += stride * group) {
        const std::size_t end = std::min(first + group, size);
        for (std::size_t k = first; k < end; ++k) learners.push_back(k);
    }
    return learners;
}

ShardedSolver::ShardedSolver(const Places& places, const Problem& whole, const AllFacts& facts,
                             const Settings& settings)
    : TauSearch(whole, settings, false, static_cast<Sweeps&>(*this), static_cast<Fills*>(this)),
      places_(places),
      facts_(facts) {}

std::size_t ShardedSolver::size_of(std::size_t place) const {
    const bool last = place + 1 == places_.first.size();
    return (last ? places_.size : places_.first[place + 1]) - places_.first[place];
}

std::vector<Message> ShardedSolver::ask(const Question& question) {
    if (stop_.check()) return {};
    const std::vector<Message> questions(places_.first.size(), mel::written(question));
    std::vector<Message> answers = places_.ask(questions);
    if (answers.size() != questions.size()) {
        stop_.request();
        return {};
    }
    return answers;
}

std::vector<Message> ShardedSolver::ask_of_split(Question question) {
    if (stop_.check()) return {};
    std::vector<Message> questions;
    for (const auto& steps : split_.steps) {
        question.steps = steps;
        questions.push_back(mel::written(question));
    }
    std::vector<Message> answers = places_.ask(questions);
    if (answers.size() != questions.size()) {
        stop_.request();
        return {};
    }
    return answers;
}

template <class Sums>
Sums ShardedSolver::sum(const std::vector<Message>& answers) const {
    if (answers.empty()) return {};  // stopped: void
    std::vector<SumNode<Sums>> nodes;
    for (std::size_t place = 0; place < answers.size(); ++place) {
        std::size_t at = 0;
        for_each_node(places_.first[place] / chunk_size, chunk_count(size_of(place)),
                      [&](std::size_t first, std::size_t width) {
                          nodes.push_back({first, width, taken<Sums>(answers[place], at)});
                      });
    }
    return sum_of_nodes(std::span<const SumNode<Sums>>(nodes), chunk_count(places_.size));
}

double ShardedSolver::largest(const std::vector<Message>& answers) const {
    double most = 0;
    for (const Message& answer : answers) {
        std::size_t at = 0;
        most = std::max(most, taken<double>(answer, at));
    }
    return most;
}

ShardedSolver::Sample& ShardedSolver::sample(std::size_t stride) {
    std::unique_ptr<Sample>& known = samples_[stride];
    if (known) return *known;
    known = std::make_unique<Sample>(places_.some(of_groups(places_.size, stride)), pool_);
    return *known;
}

PassSums ShardedSolver::real(const PassPoint& point, std::size_t stride) {
    if (stride > 1) return sample(stride).sweeps.real(point, 1);
    return sum<PassSums>(ask({Ask::real, point, {}, {}}));
}

double ShardedSolver::impossible_cycle(double tau) {
    return largest(ask({Ask::impossible_cycle, at_tau(tau), {}, {}}));
}

FillSums ShardedSolver::fill(const TimedSplit& split, double ratio, Roots roots) {
    return sum<FillSums>(
        ask_of_split({Ask::fill, {split.tau, split.cycle_s, {1, ratio}}, {}, {}, roots}));
}

FillSums ShardedSolver::fill_some(const TimedSplit& split, double ratio, std::size_t stride,
                                  Roots roots) {
    Sample& some = sample(stride);
    if (some.split_state != split_state_) {
        some.samples.clear();
        const double run = static_cast<double>(group);
        for (const Message& part :
             ask_of_split({Ask::every, {}, {static_cast<double>(stride), run}, {}})) {
            some.samples.insert(some.samples.end(), part.begin(), part.end());
        }
        if (stop_.requested()) return {};
        some.split_state = split_state_;
    }
    if (some.samples.size() != some.problem.size()) {
        throw std::invalid_argument("a shard's answer has another length");
    }
    return some.fills.fill({split.tau, split.cycle_s, some.samples}, ratio, roots);
}

AllocationSums ShardedSolver::allocate(const TimedSplit& split, const FillPoint& finish,
                                       const AllocationScale& scale, const Shares&, Roots roots) {
    finish_ = {finish, scale, roots};
    return sum<AllocationSums>(ask_of_split({Ask::allocate,
                                             {split.tau, finish.cycle_s, {1, finish.ratio}},
                                             {scale.bandwidth, scale.power, scale.deadline_s},
                                             {},
                                             roots}));
}

double ShardedSolver::least_cycle(const TimedSplit& split) {
    if (!capped()) return 0;
    return largest(ask_of_split({Ask::least_cycle, {split.tau, split.cycle_s, {}}, {}, {}}));
}

Decision ShardedSolver::by_capacity(double tau) {
    ++capacity_passes_;
    const auto total = sum<SplitSums>(ask({Ask::capacity, at_tau(tau), {}, {}}));
    if (stop_.requested()) return Decision::Stopped{};
    const auto proof = proof_of_capacity(problem_, total, part_);
    return proof ? Decision(Refutation(*proof)) : Decision();
}

// Nothing is sent: what is left when a shard is full goes to the next.
Decision ShardedSolver::by_computing_alone(double tau) {
    const std::vector<Message> answers = ask({Ask::unsent, at_tau(tau), {}, {}});
    if (stop_.requested()) return Decision::Stopped{};
    std::vector<Unsent> parts;
    double left = problem_.samples_real();
    for (const Message& answer : answers) {
        std::size_t at = 0;
        parts.push_back(taken<Unsent>(answer, at));
        left -= parts.back().least;
        if (left < 0 || parts.back().too_few > 0) return {};
    }
    std::vector<std::vector<Message>> steps;
    for (const Unsent& part : parts) {
        steps.push_back({{static_cast<double>(Step::fill), tau, left}});
        left -= std::min(left, part.room);
    }
    if (left > 0) return {};
    split_ = {std::move(steps), 0};
    return decided(written());
}

// Where a tree would be needed: its first look alone, at whole samples.
Decision ShardedSolver::by_tree(double tau, Prices start) {
    if (!start.usable()) return {};
    ++whole_passes_;
    const PassPoint point{tau, problem_.cycle_s(), start};
    const auto total = sum<SplitSums>(ask({Ask::whole, point, {}, {}}));
    if (stop_.requested()) return Decision::Stopped{};
    const auto proof = proof_of(problem_, point, total, Trust::proved);
    return proof ? Decision(Refutation(*proof)) : Decision();
}

void ShardedSolver::take(const Message& step) {
    ++split_state_;
    for (auto& steps : split_.steps) steps.push_back(step);
}

double ShardedSolver::begin_split(const Message& step) {
    split_ = {std::vector<std::vector<Message>>(places_.first.size()), -problem_.samples_real()};
    take(step);
    totals_.clear();
    for (const Message& part : ask_of_split({Ask::reals, {}, {}, {}})) {
        totals_.insert(totals_.end(), part.begin(), part.end());
    }
    if (!stop_.requested() && totals_.size() != chunk_count(places_.size)) {
        throw std::invalid_argument("a shard's answer has another length");
    }
    double total = 0;
    for (const double part : totals_) total += part;
    return total;
}

double ShardedSolver::draw(const PassPoint& point) {
    return begin_split({static_cast<double>(Step::draw), point.tau, point.cycle_s,
                        point.prices.lambda, point.prices.mu});
}

double ShardedSolver::deal(double tau, std::span<const MixturePart> parts) {
    Message step{static_cast<double>(Step::deal), tau, problem_.cycle_s()};
    for (const MixturePart& part : parts) {
        step.insert(step.end(), {part.prices.lambda, part.prices.mu, part.weight});
    }
    return begin_split(step);
}

double ShardedSolver::carry(const WholeSamples::Times& times) {
    free_ = totals_;
    stay_.assign(totals_.size(), 0);
    const auto clamp_all = [&](double factor) -> Clamped {
        bool moved = false;
        if (limited()) {
            take({static_cast<double>(Step::clamp), times.tau, factor});
            free_.clear();
            stay_.clear();
            for (const Message& m : ask_of_split({Ask::clamped, {}, {}, {}})) {
                const auto middle = m.begin() + static_cast<std::ptrdiff_t>((m.size() + 1) / 2);
                moved = moved || m.front() != 0;
                free_.insert(free_.end(), m.begin() + 1, middle);
                stay_.insert(stay_.end(), middle, m.end());
            }
        }
        return {in_order(free_), in_order(stay_), moved};
    };
    const double factor = scale_factor(problem_.samples_real(), limited(), clamp_all);
    if (factor == 0 || stop_.requested()) return 0;  // nobody holds any
    CarryPlan plan;
    plan_carry(factor, {.free = free_, .stay = stay_}, plan);
    for (std::size_t place = 0; place < places_.first.size(); ++place) {
        Message step{static_cast<double>(Step::carry), times.tau, times.cycle_s, times.aim_s,
                     factor};
        const auto first = static_cast<std::ptrdiff_t>(places_.first[place] / chunk_size);
        const auto count = static_cast<std::ptrdiff_t>(chunk_count(size_of(place)));
        for (const auto* column : {&plan.starts, &plan.wholes}) {
            step.insert(step.end(), column->begin() + first, column->begin() + first + count);
        }
        split_.steps[place].push_back(std::move(step));
    }
    ++split_state_;
    CompensatedSum total;
    for (const Message& answer : ask_of_split({Ask::total, {}, {}, {}})) {
        std::size_t at = 0;
        total.add(taken<CompensatedSum>(answer, at));
    }
    split_.over = above(total, problem_.samples_real());
    return total.value();
}

// As WholeSamples::repair() does with its columns: among every so-many-th learner, brought here.
bool ShardedSolver::repair(const PassPoint& at) {
    if (stop_.requested() || split_.over == 0) return !stop_.requested();
    const std::size_t step = repair_step(places_.size, {split_.over});
    if (places_.size / step > most_here) return false;
    Question every{Ask::every, {}, {static_cast<double>(step), 1}, {}};
    std::vector<double> samples;
    for (const Message& part : ask_of_split(every)) {
        samples.insert(samples.end(), part.begin(), part.end());
    }
    if (stop_.requested()) return false;
    std::vector<std::size_t> learners(samples.size());
    for (std::size_t i = 0; i < learners.size(); ++i) learners[i] = i * step;
    const Problem few = places_.some(learners);
    Boxes boxes(few, pool_, scheme_box(few, Scheme::joint));
    WholeSamples rounding(few, pool_);
    std::vector<double> repaired = samples;
    const bool exact = rounding.repair_among(
        boxes.sure(at.tau), at, {.over = split_.over, .of_all = static_cast<double>(places_.size)},
        repaired);
    std::vector<Message> moves(places_.first.size(), Message{static_cast<double>(Step::move)});
    std::size_t place = 0;
    for (std::size_t i = 0; i < learners.size(); ++i) {
        if (repaired[i] == samples[i]) continue;
        while (place + 1 < places_.first.size() && places_.first[place + 1] <= learners[i]) ++place;
        moves[place].push_back(static_cast<double>(learners[i] - places_.first[place]));
        moves[place].push_back(repaired[i]);
        split_.over += repaired[i] - samples[i];
    }
    ++split_state_;
    for (place = 0; place < moves.size(); ++place) {
        if (moves[place].size() > 1) split_.steps[place].push_back(std::move(moves[place]));
    }
    return exact;
}

// Whatever the rungs before believed: a plan holds exactly D samples.
ShardedSolver::Plan ShardedSolver::written() {
    if (split_.over != 0 || stop_.requested()) return {};
    return Allocation{};
}

bool ShardedSolver::within_box(double tau) {
    if (!limited()) return true;
    return largest(ask_of_split({Ask::outside, at_tau(tau), {}, {}})) == 0 && !stop_.requested();
}

void ShardedSolver::learnt(Allocation&) {
    kept_split_ = split_;
    kept_ = finish_;
}

std::vector<Message> ShardedSolver::plan() const {
    std::vector<Message> questions;
    for (const auto& steps : kept_split_.steps) {
        const double tau = steps.front().size() > 1 ? steps.front()[1] : 0;
        questions.push_back(
            mel::written({Ask::plan,
                          {tau, kept_.at.cycle_s, {1, kept_.at.ratio}},
                          {kept_.scale.bandwidth, kept_.scale.power, kept_.scale.deadline_s},
                          steps,
                          kept_.roots}));
    }
    return questions;
}

}  // namespace mel
