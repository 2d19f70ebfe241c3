#include "bracket/parts_look.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/chunks.hpp"
#include "learner/pacing.hpp"

namespace mel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int most_parts = 64;    // of a learner, looked at one by one,
constexpr int most_in_lanes = 8;  // and of all at once

// The better of two, with the larger errors of both.
void take_better(PartsAnswer& best, const PartsAnswer& other) {
    const double size = std::max(best.size, other.size);
    const double condition = std::max(best.condition, other.condition);
    if (other.possible && (!best.possible || other.value > best.value)) best = other;
    best.size = size;
    best.condition = condition;
}

}  // namespace

void PartsSums::add(const PartsSums& o) {
    value.add(o.value);
    samples += o.samples;
    parts += o.parts;
    bandwidth += o.bandwidth;
    power += o.power;
    size += o.size;
    condition += o.condition;
    impossible += o.impossible;
}

PartsLook::PartsLook(const Problem& problem, const Box& box, double tau, double part)
    : problem_(problem),
      box_(box),
      tau_(tau),
      part_(part),
      least_parts_(std::ceil(problem.samples_real() / part)),
      lanes_(whole_in_lanes(problem) && !paces(problem)),
      samples_(padded_to_groups(problem.size())),
      answers_(problem.size()) {
    // The quotient is rounded: the number of parts is not.
    while ((least_parts_ - 1) * part >= problem.samples_real()) least_parts_ -= 1;
    while (least_parts_ * part < problem.samples_real()) least_parts_ += 1;
    if (!lanes_) return;
    for (auto* column : {&lower_, &upper_, &value_, &bandwidth_, &power_, &condition_}) {
        column->resize(samples_.size());
    }
    alone_.resize(problem.size());
}

Interval PartsLook::taken(std::size_t k) const {
    return {std::max(box_.low(k), 1.0), std::min(box_.high(k), problem_.samples_real())};
}

// The best number of samples in the box where each is worth so much.
PartsAnswer PartsLook::within(std::size_t k, const At& at, Interval box, double worth) {
    PartsAnswer answer;
    if (!(box.lower <= box.upper)) return answer;
    const Box one{box};
    const Prices& prices = at.bid.prices;
    const PassPoint point{tau_, at.cycle_s, {prices.lambda / worth, prices.mu / worth}};
    const SplitSums sums = exact_learners(problem_, one, point, {k, k + 1}, samples_);
    if (sums.impossible > 0) return answer;
    const double cost = sums.cost.value();
    answer.possible = true;
    answer.samples = sums.samples.value();
    answer.value = worth * (answer.samples - cost + sums.overlooked);
    answer.bandwidth = sums.bandwidth.value();
    answer.power = sums.power.value();
    answer.size = worth * (answer.samples + cost + sums.overlooked);
    answer.condition = worth * sums.condition;
    return answer;
}

// No less than any number of samples in the box is worth, parts and all.
PartsAnswer PartsLook::beyond(std::size_t k, const At& at, Interval box) {
    const double q = at.bid.per_part;
    PartsAnswer answer = within(k, at, box, 1 + q / part_);
    answer.value += q * ((part_ - 1) / part_);
    answer.size += q;
    answer.parts = std::ceil(answer.samples / part_);
    return answer;
}

PartsAnswer PartsLook::best(std::size_t k, const At& at) {
    const auto [first, last] = taken(k);
    PartsAnswer best;
    if (!may_rest(k) && box_.low(k) <= 0) best = within(k, at, {0, 0}, 1);
    int looks = 0;
    for (double from = first; from <= last;) {
        const double count = std::ceil(from / part_);
        const double end = std::min(count * part_, last);
        // What lies in one part is looked at itself; of more, all together first.
        if (end < last || best.possible) {
            PartsAnswer rest = beyond(k, at, {from, last});
            if (!rest.possible) break;
            const bool more = !best.possible || rest.value > best.value;
            if (more && ++looks > most_parts) {
                take_better(best, rest);
                break;
            }
            best.size = std::max(best.size, rest.size);
            best.condition = std::max(best.condition, rest.condition);
            if (!more) break;
        }
        PartsAnswer here = within(k, at, {from, end}, 1);
        if (here.possible) {
            here.value += count * at.bid.per_part;
            here.size += count * at.bid.per_part;
            here.parts = count;
            take_better(best, here);
        }
        from = end + 1;
    }
    return best;
}

// One look at whole samples, at what lower_ and upper_ say.
void PartsLook::look_in_lanes(KernelInput in, Kernels::Whole kernel, Stretch learners) {
    in.excused = false;  // resting is no part of it
    in.lower = lower_.data();
    in.upper = upper_.data();
    const std::span<double> samples{samples_};
    Picks picks{samples};
    picks.terms = {value_, bandwidth_, power_, condition_};
    kernel(in, learners, picks);
}

void PartsLook::answer_in_lanes(const At& at, Pool& pool, Stretch learners) {
    const auto [first, last] = learners;
    const double q = at.bid.per_part;
    const auto kernel = kernels_of(pool).whole(problem_.law(), true);
    double lowest = infinity, highest = 0;
    for (std::size_t k = first; k < last; ++k) {
        const auto [from, to] = taken(k);
        answers_[k] = {};
        alone_[k] = !may_rest(k) && box_.low(k) <= 0;
        if (!(from <= to)) continue;
        lowest = std::min(lowest, std::ceil(from / part_));
        highest = std::max(highest, std::ceil(to / part_));
    }
    // Of each the samples in the box that `some` makes of what it may take.
    const auto look = [&](const Prices& prices, const auto& some) {
        for (std::size_t k = first; k < last; ++k) {
            const Interval box = some(taken(k));
            lower_[k] = box.lower <= box.upper ? box.lower : 1;
            upper_[k] = box.lower <= box.upper ? box.upper : 0;
        }
        look_in_lanes(kernel_input(problem_, box_, {tau_, at.cycle_s, prices}), kernel, learners);
    };
    const double most = std::min(highest, lowest + most_in_lanes - 1);
    for (double count = lowest; count <= most; count += 1) {
        look(at.bid.prices, [&](Interval box) {
            return Interval{std::max(box.lower, (count - 1) * part_ + 1),
                            std::min(box.upper, count * part_)};
        });
        for (std::size_t k = first; k < last; ++k) {
            if (samples_[k] < 0) alone_[k] = 1;
            if (!(value_[k] > -infinity) || alone_[k]) continue;
            PartsAnswer here;
            here.possible = true;
            here.samples = samples_[k];
            here.parts = count;
            here.value = value_[k] + count * q;
            here.bandwidth = bandwidth_[k];
            here.power = power_[k];
            here.size = 2 * samples_[k] - value_[k] + count * q;
            here.condition = condition_[k];
            take_better(answers_[k], here);
        }
    }
    if (highest > most) {
        const double worth = 1 + q / part_;
        const double constant = q * ((part_ - 1) / part_);
        look({at.bid.prices.lambda / worth, at.bid.prices.mu / worth}, [&](Interval box) {
            return Interval{std::max(box.lower, most * part_ + 1), box.upper};
        });
        for (std::size_t k = first; k < last; ++k) {
            if (samples_[k] < 0) alone_[k] = 1;
            if (!(value_[k] > -infinity) || alone_[k]) continue;
            PartsAnswer& known = answers_[k];
            const double value = worth * value_[k] + constant;
            known.size = std::max(known.size, worth * (2 * samples_[k] - value_[k]) + q);
            known.condition = std::max(known.condition, worth * condition_[k]);
            // Where all these parts may be worth more each of them is looked at.
            const double resting = may_rest(k) ? 0 : -infinity;
            alone_[k] = value > std::max(known.possible ? known.value : -infinity, resting);
        }
    }
    for (std::size_t k = first; k < last; ++k) {
        if (alone_[k]) answers_[k] = best(k, at);
    }
}

void PartsLook::answer(const At& at, Pool& pool, Stretch learners) {
    if (lanes_) return answer_in_lanes(at, pool, learners);
    for (std::size_t k = learners.first; k < learners.last; ++k) answers_[k] = best(k, at);
}

std::span<const PartsAnswer> PartsLook::answers(const PartsBid& bid, double cycle_s, Pool& pool) {
    for_each_chunk(pool, problem_.size(), [&](std::size_t, std::size_t first, std::size_t last) {
        answer({bid, cycle_s}, pool, {first, last});
    });
    return answers_;
}

PartsSums PartsLook::of_all(const PartsBid& bid, double cycle_s, Pool& pool) {
    const auto of_chunk = [&](std::size_t first, std::size_t last) {
        answer({bid, cycle_s}, pool, {first, last});
        PartsSums sums;
        for (std::size_t k = first; k < last; ++k) {
            const PartsAnswer& answer = answers_[k];
            if (!answer.possible) {
                sums.impossible += !may_rest(k);
                continue;
            }
            // Who surely rests adds nothing, whatever its rounding.
            const double error =
                rounding::whole_bound_in_lanes * (answer.size + cycle_s * answer.condition);
            if (may_rest(k) && answer.value + error < 0) continue;
            sums.size += answer.size;
            sums.condition += answer.condition;
            if (may_rest(k) && answer.value <= 0) continue;
            sums.value.add(answer.value);
            sums.samples += answer.samples;
            sums.parts += answer.parts;
            sums.bandwidth += answer.bandwidth;
            sums.power += answer.power;
        }
        return sums;
    };
    return sum_over_chunks(pool, problem_.size(), chunks_, of_chunk);
}

Excess PartsLook::excess(const PartsBid& bid, const PartsSums& sums, const Amounts& amounts) const {
    if (sums.impossible > 0) return {-infinity, 0};
    const double owed = bid.per_part * least_parts_;
    const double budget =
        bid.prices.lambda * amounts.bandwidth_hz + bid.prices.mu * amounts.power_w;
    CompensatedSum value = sums.value;
    value.add(budget);
    value.add(-problem_.samples_real());
    value.add(-owed);
    const double scale = budget + sums.size + problem_.samples_real() + owed;
    return {value.value(),
            rounding::whole_bound_in_lanes * (scale + amounts.cycle_s * sums.condition)};
}

}  // namespace mel
