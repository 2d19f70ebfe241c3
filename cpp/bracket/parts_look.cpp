#include "bracket/parts_look.hpp"

#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "learner/pacing.hpp"

namespace mel {
namespace {

constexpr double few_share = 64;  // so many times the learners: they are looked at alone
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

double left_in_parts(const Problem& problem, const Box& box, PartSize of) {
    double left = problem.samples_real();
    for (std::size_t k = 0; k < problem.size() && left > 0; ++k) {
        left -= offset_of(box, k, of);
    }
    return std::max(left, 0.0);
}

namespace {

PartsLook::Counts counts_of(const Problem& problem, const Box& box, PartSize of) {
    const double left = left_in_parts(problem, box, of), part = of.part;
    double least = std::ceil(left / part);
    // The quotient is rounded: the number of parts is not.
    while (least > 0 && (least - 1) * part >= left) least -= 1;
    while (least * part < left) least += 1;
    return {of, least};
}

}  // namespace

PartsLook::PartsLook(const Problem& problem, const Box& box, double tau, PartSize of)
    : PartsLook(problem, box, tau, counts_of(problem, box, of)) {}

PartsLook::PartsLook(const Problem& problem, const Box& box, double tau, const Counts& counts)
    : problem_(problem),
      box_(box),
      tau_(tau),
      counts_(counts),
      lanes_(whole_in_lanes(problem) && !paces(problem)),
      samples_(padded_to_groups(problem.size())),
      answers_(problem.size()) {
    if (counts.above >= 0) offsets_.resize(problem.size());
    for (std::size_t k = 0; k < offsets_.size(); ++k) {
        offsets_[k] = offset_of(box, k, counts);
    }
    if (!lanes_) return;
    most_.resize(problem.size());
    for (std::size_t k = 0; k < most_.size(); ++k) most_[k] = parts_of(k, taken(k).upper);
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
    PartsAnswer answer = within(k, at, box, 1 + q / counts_.part);
    answer.value += q * ((counts_.part - 1 - offset(k)) / counts_.part);
    answer.size += q;
    answer.parts = parts_of(k, answer.samples);
    return answer;
}

PartsAnswer PartsLook::best(std::size_t k, const At& at) {
    const auto [first, last] = taken(k);
    PartsAnswer best;
    if (!may_rest(k) && box_.low(k) <= 0) best = within(k, at, {0, 0}, 1);
    int looks = 0;
    for (double from = first; from <= last;) {
        const double count = parts_of(k, from);
        const double end = std::min(in_parts(k, count).upper, last);
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
    const std::size_t first = learners.first, last = learners.last;
    const double q = at.bid.per_part;
    const auto kernel = kernels_of(pool).whole(problem_.law(), true);
    for (std::size_t k = first; k < last; ++k) {
        answers_[k] = {};
        alone_[k] = !may_rest(k) && box_.low(k) <= 0;
    }
    // Of each the samples in the box that `some` makes of what it may take.
    const auto look = [&](const Prices& prices, const auto& some) {
        for (std::size_t k = first; k < last; ++k) {
            const Interval box = some(k, taken(k));
            lower_[k] = box.lower <= box.upper ? box.lower : 1;
            upper_[k] = box.lower <= box.upper ? box.upper : 0;
        }
        look_in_lanes(kernel_input(problem_, box_, {tau_, at.cycle_s, prices}), kernel, learners);
    };
    const auto note = [&](std::size_t k, double count) {
        PartsAnswer here;
        here.possible = true;
        here.samples = samples_[k];
        here.parts = count;
        here.value = value_[k] + here.parts * q;
        here.bandwidth = bandwidth_[k];
        here.power = power_[k];
        here.size = 2 * samples_[k] - value_[k] + here.parts * q;
        here.condition = condition_[k];
        take_better(answers_[k], here);
    };
    // Whom most parts suit best without any worth of theirs, they suit best with it; and who is
    // worth nothing with all of them rests.
    look(at.bid.prices, [](std::size_t, Interval box) { return box; });
    std::size_t others = 0;
    for (std::size_t k = first; k < last; ++k) {
        if (samples_[k] < 0) alone_[k] = 1;
        if (!(value_[k] > -infinity) || alone_[k]) continue;
        const bool rests = may_rest(k) && value_[k] + most_[k] * q < 0;
        if (rests || parts_of(k, samples_[k]) == most_[k]) {
            note(k, most_[k]);
        } else {
            ++others;
        }
    }
    const bool few = few_share * static_cast<double>(others) < static_cast<double>(last - first);
    if (few) {
        for (std::size_t k = first; k < last; ++k) {
            const bool known = answers_[k].possible || !(value_[k] > -infinity);
            if (alone_[k] || !known) answers_[k] = best(k, at);
        }
        return;
    }
    double lowest = infinity, highest = 0;
    for (std::size_t k = first; k < last; ++k) {
        const auto [from, to] = taken(k);
        if (!(from <= to)) continue;
        lowest = std::min(lowest, parts_of(k, from));
        highest = std::max(highest, most_[k]);
    }
    const double most = std::min(highest, lowest + most_in_lanes - 1);
    for (double count = lowest; count <= most; count += 1) {
        look(at.bid.prices, [&](std::size_t k, Interval box) {
            const Interval these = in_parts(k, count);
            return Interval{std::max(box.lower, these.lower), std::min(box.upper, these.upper)};
        });
        for (std::size_t k = first; k < last; ++k) {
            if (samples_[k] < 0) alone_[k] = 1;
            if (!(value_[k] > -infinity) || alone_[k]) continue;
            note(k, count);
        }
    }
    if (highest > most) {
        const double worth = 1 + q / counts_.part;
        look({at.bid.prices.lambda / worth, at.bid.prices.mu / worth},
             [&](std::size_t k, Interval box) {
                 return Interval{std::max(box.lower, in_parts(k, most).upper + 1), box.upper};
             });
        for (std::size_t k = first; k < last; ++k) {
            if (samples_[k] < 0) alone_[k] = 1;
            if (!(value_[k] > -infinity) || alone_[k]) continue;
            PartsAnswer& known = answers_[k];
            const double most_more = q * ((counts_.part - 1 - offset(k)) / counts_.part);
            const double value = worth * value_[k] + most_more;
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
    const double owed = bid.per_part * counts_.least;
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
