// What a statement says of each learner's limits, checked and put in columns.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "base/infinity.hpp"
#include "base/rounding.hpp"
#include "mel/problem.hpp"
#include "model/checks.hpp"

namespace mel {
namespace {

// What a learner at both caps receives. Without a cap on bandwidth the density law's rate still has
// a limit, which no bandwidth reaches.
struct BothCaps {
    double bandwidth_hz;
    double power_w;
};
double largest_rate(LinkLaw law, double noise, BothCaps caps) {
    const auto [bandwidth_hz, power_w] = caps;
    constexpr double per_ln2 = 1.4426950408889634074;
    if (bandwidth_hz < infinity) {
        if (power_w == infinity) return infinity;
        const double whole = law == LinkLaw::density ? noise * bandwidth_hz : noise;
        return bandwidth_hz * std::log1p(power_w / whole) * per_ln2;
    }
    return law == LinkLaw::density ? power_w / noise * per_ln2 : infinity;
}

// Where a speed within energy_j is chosen that does not send (learner/pacing.hpp).
void refuse_paced(const Problem& problem) {
    const std::string words = "energy_j with energy_coefficient and shared = 'send'";
    if (problem.block_hz() > 0) {
        throw std::invalid_argument(words + ": radio.block_hz must be None: how fast learners " +
                                    "compute is not chosen for bandwidth in whole blocks");
    }
    if (problem.law() == LinkLaw::fixed && problem.grows()) {
        throw std::invalid_argument(words + ": with the fixed law samples must add no bits to " +
                                    "what is sent: what they cost is not convex there");
    }
    if (problem.sends_nothing()) {
        throw std::invalid_argument(words + ": something must be sent to the learners");
    }
}

}  // namespace

void Problem::take_limits(const ProblemStatement& s) {
    if (s.block_hz != 0) {
        if (!(s.block_hz >= smallest_number && s.block_hz <= largest_number)) {
            refuse("block_hz", s.block_hz, "0 (none) or in [1e-60, 1e+60]");
        }
        block_hz_ = s.block_hz;
    }
    if (s.energy_j.empty() != (s.energy_per_flop_j.empty() && s.energy_coefficient.empty())) {
        throw std::invalid_argument(
            "energy_j must be given together with energy_per_flop_j or energy_coefficient");
    }
    const bool limits_nothing = s.energy_counts && !s.energy_sends;
    if (!s.energy_coefficient.empty() && !s.energy_per_flop_j.empty()) {
        throw std::invalid_argument("energy_coefficient takes the place of energy_per_flop_j");
    }
    const bool paced = !s.energy_coefficient.empty() && !s.energy_sends && !limits_nothing;
    if (paced) refuse_paced(*this);
    if (limits_nothing && std::any_of(s.energy_j.begin(), s.energy_j.end(),
                                      [](double joules) { return joules < infinity; })) {
        throw std::invalid_argument("energy_j: must be infinite where it is to be the least");
    }
    const bool outage = std::find(s.gain.begin(), s.gain.end(), 0.0) != s.gain.end();
    const auto states = [&](const LearnerColumn& column) {
        return column.limit && !(s.*column.stated).empty();
    };
    const std::span<const LearnerColumn> all = learner_columns();
#define MEL_UNASKED(...)
#define MEL_STATED(name, ...) || !s.name.empty()
    const bool any = false MEL_LEARNER_COLUMNS(MEL_UNASKED, MEL_UNASKED, MEL_STATED);
#undef MEL_UNASKED
#undef MEL_STATED
    if (!outage && !any) return;
    LearnerLimits limits;
    for (const LearnerColumn& column : all) {
        if (!states(column)) continue;
        const std::span<const double> stated = s.*column.stated;
        require_column(column, stated, size_);
        LimitColumn& limit = limits.*column.limit;
        limit.assign(this->padded(), column.harmless);
        std::copy(stated.begin(), stated.end(), limit.begin());
    }
    for (std::size_t k = 0; k < size_ && !s.min_samples.empty() && !s.max_samples.empty(); ++k) {
        if (s.max_samples[k] < s.min_samples[k]) {
            refuse(element("max_samples", k), s.max_samples[k],
                   "at least " + element("min_samples", k) + " = " + written(s.min_samples[k]));
        }
    }
    const std::size_t padded = this->padded();
    if (!limits.max_bandwidth_hz.empty() || !limits.max_power_w.empty()) {
        limits.max_bandwidth_hz.resize(padded, infinity);
        limits.max_power_w.resize(padded, infinity);
        limits.max_rate.assign(padded, infinity);
        for (std::size_t k = 0; k < size_; ++k) {
            const BothCaps caps{limits.max_bandwidth_hz[k], limits.max_power_w[k]};
            limits.max_rate[k] = largest_rate(law_, noise_over_gain()[k], caps);
        }
    }
    if (!limits.energy_j.empty()) {
        limits.return_j_per_bit.assign(padded, 0);
        for (std::size_t k = 0; k < size_; ++k) {
            // Where the energy sends, returning is somebody else's.
            if (!s.energy_sends) {
                limits.return_j_per_bit[k] = s.return_power_w[k] * return_s_per_bit()[k];
            }
        }
    }
    if (s.energy_sends) {
        if (limits.energy_j.empty() || limits.max_power_w.empty() || block_hz_ > 0) {
            throw std::invalid_argument(
                "energy of sending needs energy_j and max_power_w, and no block_hz");
        }
    }
    if (s.energy_sends || paced || (limits_nothing && !limits.energy_j.empty())) {
        take_speeds(s, limits);
    }
    if (paced) take_pace(s, limits);
    if (!sends_nothing_ || !returns_nothing_) keep_from_unreachable(s, limits);
    batteries_ = limits.battery();
    limits_ = std::make_shared<const LearnerLimits>(std::move(limits));
}

// The energy of computing at full speed, and how much slower a learner may be. What it spends at
// the least, at its slowest, then bounds its samples as if that were its speed.
void Problem::take_speeds(const ProblemStatement& s, LearnerLimits& limits) const {
    LimitColumn& joules = s.energy_sends    ? limits.computing_j
                          : s.energy_counts ? limits.spent_j
                                            : limits.paced_j;
    joules.assign(padded(), 0);
    limits.slowest.assign(padded(), 1);
    const bool chosen = !s.energy_coefficient.empty();
    if (chosen) limits.energy_per_flop_j.assign(padded(), 0);
    for (std::size_t k = 0; k < size_; ++k) {
        double each = limits.energy_per_flop_j[k];
        if (chosen) {
            const double least = s.min_flops_per_s.empty() ? 0 : s.min_flops_per_s[k];
            if (least > s.flops_per_s[k]) {
                refuse(element("min_flops_per_s", k), least,
                       "at most " + element("flops_per_s", k) + " = " + written(s.flops_per_s[k]));
            }
            limits.slowest[k] = least / s.flops_per_s[k];
            limits.energy_per_flop_j[k] =
                s.energy_coefficient[k] * least * least * (1 - rounding::quotient);
            each = s.energy_coefficient[k] * s.flops_per_s[k] * s.flops_per_s[k];
        }
        joules[k] = s.flops_per_sample[k] * each;
    }
}

// What a speed within energy_j is chosen by, where the energy does not send.
void Problem::take_pace(const ProblemStatement& s, LearnerLimits& limits) const {
    for (auto* column : {&limits.back_j, &limits.spare_j, &limits.kept_j}) {
        column->assign(padded(), 0);
    }
    for (std::size_t k = 0; k < size_; ++k) {
        const double all = s.energy_j[k];
        const double model = limits.return_j_per_bit[k] * s.return_bits[k];
        limits.back_j[k] = limits.return_j_per_bit[k] * s.return_bits_per_sample[k];
        limits.spare_j[k] = all - model + rounding::energy_left * (all + model);
        limits.kept_j[k] =
            all * (1 - rounding::energy_reserve) - model * (1 + rounding::energy_left);
    }
}

// Without a channel, or with a cap of zero, a learner neither receives nor returns a bit: it can
// hold no samples, and one that must be served the model makes a plan impossible. As bounds on its
// samples that is exact, and nothing else has to know of rates of zero.
void Problem::keep_from_unreachable(const ProblemStatement& s, LearnerLimits& limits) const {
    const auto zero = [](std::span<const double> column, std::size_t k) {
        return !column.empty() && column[k] == 0;
    };
    for (std::size_t k = 0; k < size_; ++k) {
        const bool deaf = s.gain[k] == 0 || zero(s.max_bandwidth_hz, k) || zero(s.max_power_w, k);
        if (!deaf) continue;
        if (limits.caps()) limits.max_rate[k] = infinity;
        const bool mute = s.gain[k] == 0;
        const bool model = s.send_bits[k] > 0 || (mute && s.return_bits[k] > 0);
        const bool samples =
            s.send_bits_per_sample[k] > 0 || (mute && s.return_bits_per_sample[k] > 0);
        if (!model && !samples) continue;
        if (limits.max_samples.empty()) {
            limits.max_samples.assign(padded(), largest_count);
        }
        limits.max_samples[k] = 0;
        if (!excused() && model) {
            if (limits.min_samples.empty()) limits.min_samples.assign(padded(), 0);
            limits.min_samples[k] = 1;
        }
    }
}

}  // namespace mel
