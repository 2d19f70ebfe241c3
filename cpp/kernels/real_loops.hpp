// The loops over real samples.
#pragma once

#include "kernels/gathered_lanes.hpp"
#include "kernels/limits_lanes.hpp"
#include "kernels/sum_lanes.hpp"

namespace mel::MEL_ISA {

MEL_INLINE PriceConstants constants(const KernelInput& in) {
    const Prices p = in.point.prices;
    return {p.lambda, p.mu, p.lambda / p.mu, p.lambda * ln2};
}

// d value / d slack, but for whether the learner takes part.
MEL_INLINE Lanes push_of(const ResponseLanes& r) { return r.unit_cost * r.hurry; }
MEL_INLINE Lanes push_of(const LimitedResponse& r) { return r.push; }
MEL_INLINE void follow_bound(Lanes&, Mask, const ResponseLanes&) {}
MEL_INLINE void follow_bound(Lanes& tau, Mask m, const LimitedResponse& r) {
    tau += only(m, r.bound_tau);
}

// What a response adds to the sums of a pass, and the part of the second derivatives that has the
// prices' own factor.
struct RealSums {
    PassCells<Sum> cells;
    Sum curvature{};
};

// What also counts for a proof alone.
template <class Response>
MEL_INLINE void add_value(int j, const Response& r, Lanes condition, PassCells<Sum>& sums) {
    const Mask m = r.active;
    const Lanes d = only(m, r.samples);
    const Lanes paid = only(m, r.cost);
    sums.samples.part[j] += d;
    sums.cost.part[j] += paid;
    sums.value.part[j] += d - paid;
    sums.condition.part[j] += only(m, condition);
    sums.impossible.part[j] += only(r.impossible, fill(1));
    sums.doubtful.part[j] += only(r.doubtful, fill(1));
    sums.most.part[j] += only(m, r.most);
}

template <class Law, class Response>
MEL_INLINE void add_response(const KernelInput& in, std::size_t at, int j, const Response& r,
                             RealSums& to) {
    PassCells<Sum>& sums = to.cells;
    add_value(j, r, Law::condition(r), sums);
    const Mask m = r.active;
    sums.bandwidth.part[j] += only(m, r.bandwidth);
    sums.power.part[j] += only(m, r.power);
    const Lanes weight = only(m, r.interior);
    const Lanes to_band = weight * r.band_slope;
    sums.h_ll.part[j] += to_band * r.band_slope;
    sums.h_lm.part[j] += to_band * r.power_slope;
    sums.h_mm.part[j] += weight * r.power_slope * r.power_slope;
    to.curvature.part[j] += only(m, r.curvature);
    const Lanes push = only(m, push_of(r));
    sums.value_time.part[j] += push;
    sums.value_tau.part[j] -= push * load(in.compute_s + at) * only(m, r.samples);
    follow_bound(sums.value_tau.part[j], m, r);
    if (in.per_learner == 0) return;
    const Lanes takes = only(m & (r.samples >= 1), fill(1));
    sums.takers.part[j] += takes;
    sums.value.part[j] += takes * in.per_learner;
}

// The same for a proof alone. The condition is the cost over the slack for both laws.
MEL_INLINE void add_bound(int j, const ResponseLanes& r, PassCells<Sum>& sums) {
    add_value(j, r, r.cost * r.inverse_slack, sums);
}

MEL_INLINE PassSums finished(const PriceConstants& p, RealSums& sums) {
    PassSums s = totals<PassSums>(sums.cells);
    const double bend = total(sums.curvature) / p.lambda;
    s.h_ll += bend;
    s.h_lm -= bend * p.ratio;
    s.h_mm += bend * p.ratio * p.ratio;
    return s;
}

template <class Law>
static PassSums real_chunk(const KernelInput& in, Stretch learners) {
    const PriceConstants p = constants(in);
    RealSums sums;
    for (std::size_t k = learners.first; k < learners.last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            add_response<Law>(in, at, j, Law::respond(in, p, at), sums);
        }
    }
    return finished(p, sums);
}

template <class Law>
static double samples_chunk(const KernelInput& in, Stretch learners, std::span<double> out) {
    const PriceConstants p = constants(in);
    Sum sum{};
    for (std::size_t k = learners.first; k < learners.last; k += group) {
        if (!picked(in, learners, k)) continue;
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            if (at >= learners.last) break;
            const auto r = Law::respond_apart(in, p, at);
            const Lanes d = only(r.active, larger(r.samples, fill(0)));
            sum.part[j] += d;
            write(out, at, learners.last, d);
        }
    }
    return total(sum);
}

// The fixed law's loops sort the learners first: few of a group need a root of their value, but
// hardly any group is without them. Those are gathered, and looked at side by side.
static PassSums fixed_real_chunk(const KernelInput& in, Stretch learners) {
    const PriceConstants p = constants(in);
    RealSums sums;
    Gathered gathered(in);
    const auto look = [&] {
        const KernelInput& some = gathered.columns();
        for (std::size_t k = 0; k < some.size; k += group) {
            for (int j = 0; j < steps; ++j) {
                const std::size_t at = k + static_cast<std::size_t>(j * width);
                add_response<FixedLaw>(some, at, j, FixedLaw::respond(some, p, at), sums);
            }
        }
        gathered.clear();
    };
    for (std::size_t k = learners.first; k < learners.last; k += group * in.stride) {
        for (int j = 0; j < steps; ++j) {
            const std::size_t at = k + static_cast<std::size_t>(j * width);
            const DemandLanes q = demand_lanes(in, at);
            const Ends e = ends_of(in, q);
            const FixedLaw::Sorted s = FixedLaw::sorted(in, p, q, e);
            add_response<FixedLaw>(in, at, j, FixedLaw::at_low_end(in, p, q, e, s), sums);
            gathered.add(s.hard, at);
        }
        if (gathered.full()) look();
    }
    look();
    return finished(p, sums);
}

}  // namespace mel::MEL_ISA
