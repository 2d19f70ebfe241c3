#include "bracket/parts_look.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/chunks.hpp"

namespace mel {
namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int most_parts = 64;  // of a learner, looked at one by one
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
      scratch_(problem.size()) {
    // The quotient is rounded: the number of parts is not.
    while ((least_parts_ - 1) * part >= problem.samples_real()) least_parts_ -= 1;
    while (least_parts_ * part < problem.samples_real()) least_parts_ += 1;
}

Interval PartsLook::taken(std::size_t k) const {
    return {std::max(box_.low(k), 1.0), std::min(box_.high(k), problem_.samples_real())};
}

// The best number of samples in the box where each is worth so much.
PartsLook::Term PartsLook::within(std::size_t k, const PartsBid& bid, Interval box, double worth) {
    Term term;
    if (!(box.lower <= box.upper)) return term;
    const Box one{box};
    const PassPoint at{
        tau_, problem_.cycle_s(), {bid.prices.lambda / worth, bid.prices.mu / worth}};
    const SplitSums sums = exact_learners(problem_, one, at, {k, k + 1}, scratch_);
    if (sums.impossible > 0) return term;
    const double cost = sums.cost.value();
    term.possible = true;
    term.samples = sums.samples.value();
    term.value = worth * (term.samples - cost + sums.overlooked);
    term.bandwidth = sums.bandwidth.value();
    term.power = sums.power.value();
    term.size = worth * (term.samples + cost + sums.overlooked);
    term.condition = worth * sums.condition;
    return term;
}

// No less than any number of samples in the box is worth, parts and all.
PartsLook::Term PartsLook::beyond(std::size_t k, const PartsBid& bid, Interval box) {
    const double q = bid.per_part;
    Term term = within(k, bid, box, 1 + q / part_);
    term.value += q * ((part_ - 1) / part_);
    term.size += q;
    return term;
}

double PartsLook::worth_of_taking_part(std::size_t k, const PartsBid& bid) {
    if (!may_rest(k)) return infinity;
    const Term all = beyond(k, bid, taken(k));
    return all.possible ? all.value : -infinity;
}

PartsLook::Answer PartsLook::best(std::size_t k, const PartsBid& bid, bool rests) {
    const auto [first, last] = taken(k);
    Answer best;
    if (rests) {
        best.term.possible = true;
    } else if (!may_rest(k) && box_.low(k) <= 0) {
        best.term = within(k, bid, {0, 0}, 1);
    }
    // Whatever was compared may have been rounded.
    double size = best.term.size, condition = best.term.condition;
    const auto compared = [&](const Term& term) {
        size = std::max(size, term.size);
        condition = std::max(condition, term.condition);
    };
    int looks = 0;
    for (double from = first; from <= last;) {
        const Term rest = beyond(k, bid, {from, last});
        compared(rest);
        if (!rest.possible || (best.term.possible && rest.value <= best.term.value)) break;
        if (++looks > most_parts) {
            best = {rest, std::ceil(rest.samples / part_)};
            break;
        }
        const double count = std::ceil(from / part_);
        const double end = std::min(count * part_, last);
        Term here = within(k, bid, {from, end}, 1);
        if (here.possible) {
            here.value += count * bid.per_part;
            here.size += count * bid.per_part;
            compared(here);
            if (!best.term.possible || here.value > best.term.value) best = {here, count};
        }
        from = end + 1;
    }
    best.term.size = size;
    best.term.condition = condition;
    return best;
}

PartsLook::Choice PartsLook::taking_part(std::size_t k, const PartsBid& bid) {
    const Answer answer = best(k, bid, false);
    if (!answer.term.possible) return {-infinity, 0, 0};
    return {answer.term.value, answer.term.samples, answer.parts};
}

void PartsLook::add(std::size_t k, const PartsBid& bid, PartsSums& sums) {
    const auto [term, parts] = best(k, bid, may_rest(k));
    if (!term.possible) {
        sums.impossible += 1;
        return;
    }
    sums.value.add(term.value);
    sums.samples += term.samples;
    sums.parts += parts;
    sums.bandwidth += term.bandwidth;
    sums.power += term.power;
    sums.size += term.size;
    sums.condition += term.condition;
}

PartsSums PartsLook::of_all(const PartsBid& bid, Pool& pool) {
    return sum_over_chunks(pool, problem_.size(), chunks_,
                           [&](std::size_t first, std::size_t last) {
                               PartsSums sums;
                               for (std::size_t k = first; k < last; ++k) add(k, bid, sums);
                               return sums;
                           });
}

PartsSums PartsLook::of_some(const PartsBid& bid, std::span<const std::size_t> who) {
    PartsSums sums;
    for (const std::size_t k : who) add(k, bid, sums);
    return sums;
}

Excess PartsLook::excess(const PartsBid& bid, const PartsSums& sums, double bandwidth_hz,
                         double power_w) const {
    if (sums.impossible > 0) return {-infinity, 0};
    const double owed = bid.per_part * least_parts_;
    const double budget = bid.prices.lambda * bandwidth_hz + bid.prices.mu * power_w;
    CompensatedSum value = sums.value;
    value.add(budget);
    value.add(-problem_.samples_real());
    value.add(-owed);
    const double scale = budget + sums.size + problem_.samples_real() + owed;
    return {value.value(),
            rounding::whole_bound_in_lanes * (scale + problem_.cycle_s() * sums.condition)};
}

}  // namespace mel
