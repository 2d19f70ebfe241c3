// The best real samples of learners with bounds and caps of their own. Where what the prices would
// buy exceeds a cap, the capped amount stands there and the other follows; the rate's marginal cost
// runs on from the uncapped to the capped piece without a jump, and rises on it, so that the best
// lies on the capped piece exactly where the uncapped best lies beyond the cap.
#pragma once

#include "kernels/capped_lanes.hpp"

namespace mel::MEL_ISA {

struct LimitedEnds {
    EndsOf<Lanes> ends;
    Lanes cap_slack;  // what both caps together leave for sending
    Mask may_rest;
};

MEL_INLINE LimitedEnds ends_within(const KernelInput& in, const DemandLanes& q, std::size_t k,
                                   Lanes low, Lanes high) {
    LimitedEnds limited;
    EndsOf<Lanes>& e = limited.ends;
    e.low = low;
    e.high = high;
    limited.may_rest = in.excused ? e.low <= 0 : none();
    if (in.rests) limited.may_rest = limited.may_rest | (load(in.rests + k) > 0);
    e.low = select(limited.may_rest, larger(e.low, fill(1)), e.low);
    e.low_slack = q.budget - q.each * e.low;
    e.least = q.budget * rounding::end_of_cycle;
    limited.cap_slack =
        in.max_rate ? q.shape / (q.each * load(in.max_rate + k) + q.alpha) : fill(0);
    const Lanes top = q.budget - q.each * e.high;
    e.high_slack = larger(top, larger(e.least, limited.cap_slack));
    // Equal bounds give equal slacks; only what bounds the rate is left to compare.
    e.possible = (q.budget > 0) & (e.low <= e.high) & (e.low_slack >= e.least) &
                 (e.low_slack >= limited.cap_slack) & q.valid;
    return limited;
}

MEL_INLINE Lanes low_of(const KernelInput& in, std::size_t k) {
    return in.lower ? load(in.lower + k) : fill(in.box.lower);
}
MEL_INLINE Lanes high_of(const KernelInput& in, std::size_t k) {
    return in.upper ? load(in.upper + k) : fill(in.box.upper);
}
MEL_INLINE LimitedEnds limited_ends(const KernelInput& in, const DemandLanes& q, std::size_t k) {
    return ends_within(in, q, k, low_of(in, k), high_of(in, k));
}

struct LimitedResponse : ResponseLanes {
    Lanes push;       // d value / d slack
    Lanes bound_tau;  // what a bound of the samples that moves with tau adds to d value / d tau
    Mask capped;
};

MEL_INLINE void put_capped(const CappedBest& c, Mask m, LimitedResponse& r) {
    const CappedLanes& paid = c.paid;
    r.samples = select(m, c.samples, r.samples);
    r.slack = select(m, c.slack, r.slack);
    r.rate = select(m, c.rate, r.rate);
    r.hurry = select(m, c.hurry, r.hurry);
    r.bandwidth = select(m, paid.bandwidth, r.bandwidth);
    r.power = select(m, paid.power, r.power);
    r.cost = select(m, c.cost, r.cost);
    r.unit_cost = select(m, paid.unit_cost, r.unit_cost);
    r.band_slope = select(m, paid.band_slope, r.band_slope);
    r.power_slope = select(m, paid.power_slope, r.power_slope);
    r.interior = select(m, c.interior, r.interior);
    r.curvature = select(m, fill(0), r.curvature);
}

MEL_INLINE void fill_limited_response(const KernelInput& in, const DemandLanes& q,
                                      const LimitedEnds& l, Lanes log_gain, LimitedResponse& r) {
    const EndsOf<Lanes>& e = l.ends;
    r.active = e.possible & (~l.may_rest | (r.samples + in.per_learner > r.cost));
    r.impossible = q.valid & ~e.possible & ~l.may_rest;
    const double reserve = 4 * rounding::end_of_cycle * in.point.cycle_s;
    const Lanes room = e.low_slack - l.cap_slack;
    const Mask hidden = q.valid & ~e.possible & (e.low <= e.high) & (room > fill(-reserve)) &
                        (q.budget > fill(-reserve));
    const Mask far = ~((log_gain > 1e-60) & (log_gain < fill(250)));
    r.doubtful = hidden | (r.active & far) | (r.active & (r.slack <= 2 * e.least));
}

// The envelope: what another second, or another local cycle, changes.
MEL_INLINE void envelope(const KernelInput& in, const DemandLanes& q, const LimitedEnds& l,
                         std::size_t k, LimitedResponse& r) {
    r.push = r.unit_cost * r.hurry;
    r.bound_tau = fill(0);
    const Mask at_rate = r.active & (r.slack == l.cap_slack);
    if (!any(at_rate) && !in.upper_slope) return;
    const Lanes worth = r.slack * r.slack / q.shape;  // of a unit of rate, in samples
    const Mask dear = worth > r.unit_cost;
    r.push = select(at_rate & dear, worth * r.hurry, r.push);
    if (in.upper_slope) {
        const Mask at_bound = (r.samples == l.ends.high) & ~at_rate & dear;
        r.bound_tau = only(at_bound, (1 - r.unit_cost / worth) * load(in.upper_slope + k));
    }
}

MEL_INLINE Mask select(Mask m, Mask x, Mask y) { return (m & x) | (~m & y); }

MEL_INLINE void take(Mask m, const LimitedResponse& x, LimitedResponse& r) {
    r.samples = select(m, x.samples, r.samples);
    r.slack = select(m, x.slack, r.slack);
    r.rate = select(m, x.rate, r.rate);
    r.bandwidth = select(m, x.bandwidth, r.bandwidth);
    r.power = select(m, x.power, r.power);
    r.cost = select(m, x.cost, r.cost);
    r.hurry = select(m, x.hurry, r.hurry);
    r.inverse_slack = select(m, x.inverse_slack, r.inverse_slack);
    r.most = select(m, x.most, r.most);
    r.unit_cost = select(m, x.unit_cost, r.unit_cost);
    r.band_slope = select(m, x.band_slope, r.band_slope);
    r.power_slope = select(m, x.power_slope, r.power_slope);
    r.interior = select(m, x.interior, r.interior);
    r.curvature = select(m, x.curvature, r.curvature);
    r.push = select(m, x.push, r.push);
    r.bound_tau = select(m, x.bound_tau, r.bound_tau);
    r.active = select(m, x.active, r.active);
    r.impossible = select(m, x.impossible, r.impossible);
    r.doubtful = select(m, x.doubtful, r.doubtful);
    r.capped = select(m, x.capped, r.capped);
}

// Where a sample or more is worth something beside, who is served with less may be better off with
// one.
MEL_INLINE Mask joins(const KernelInput& in, std::size_t k, Lanes low, const LimitedResponse& r) {
    Mask serves = r.active & (low <= 0) & (r.samples < fill(1));
    if (in.rests) serves = serves & ~(load(in.rests + k) > 0);
    return in.excused ? none() : serves;
}
MEL_INLINE Mask gains(const KernelInput& in, const LimitedResponse& one, const LimitedResponse& r) {
    return one.active & (one.samples - one.cost + in.per_learner > r.samples - r.cost);
}

template <class Best>
MEL_APART LimitedResponse respond_apart(const KernelInput& in, const PriceConstants& p,
                                        std::size_t k, const DemandLanes& q, const LimitedEnds& l) {
    return Best::respond_to(in, p, k, q, l);
}

// The best real samples of limited learners: `r`, but for those who had better join for one sample.
template <class Best>
MEL_INLINE LimitedResponse or_joined(const KernelInput& in, const PriceConstants& p, std::size_t k,
                                     const DemandLanes& q, LimitedResponse r) {
    if (in.per_learner == 0) return r;
    const Mask few = joins(in, k, low_of(in, k), r);
    if (!any(few)) return r;
    const LimitedResponse one =
        respond_apart<Best>(in, p, k, q, ends_within(in, q, k, fill(1), high_of(in, k)));
    take(few & gains(in, one, r), one, r);
    return r;
}
template <class Best>
MEL_INLINE LimitedResponse respond_or_join(const KernelInput& in, const PriceConstants& p,
                                           std::size_t k) {
    const DemandLanes q = demand_lanes(in, k);
    return or_joined<Best>(in, p, k, q, Best::respond_to(in, p, k, q, limited_ends(in, q, k)));
}
// The same in less code, for the loops in which little time is spent.
template <class Best>
MEL_INLINE LimitedResponse respond_or_join_apart(const KernelInput& in, const PriceConstants& p,
                                                 std::size_t k) {
    const DemandLanes q = demand_lanes(in, k);
    return or_joined<Best>(in, p, k, q, respond_apart<Best>(in, p, k, q, limited_ends(in, q, k)));
}

template <class Law>
struct Limited;

template <>
struct Limited<DensityLaw> {
    MEL_INLINE LimitedResponse respond(const KernelInput& in, const PriceConstants& p,
                                       std::size_t k) {
        return respond_or_join<Limited>(in, p, k);
    }
    MEL_INLINE LimitedResponse respond_apart(const KernelInput& in, const PriceConstants& p,
                                             std::size_t k) {
        return respond_or_join_apart<Limited>(in, p, k);
    }
    MEL_INLINE LimitedResponse respond_to(const KernelInput& in, const PriceConstants& p,
                                          std::size_t k, const DemandLanes& q,
                                          const LimitedEnds& l) {
        LimitedResponse r;
        Lanes log_gain;
        static_cast<ResponseLanes&>(r) = DensityLaw::best(p, q, l.ends, log_gain);
        fill_limited_response(in, q, l, log_gain, r);
        r.capped = none();
        if (in.max_rate) {
            const CapLanes cap = caps_of(in, k);
            const Mask over = r.active & ((r.bandwidth > cap.bandwidth) | (r.power > cap.power));
            if (any(over)) {
                const Mask band = DensityCaps::band_first(p, q, cap, r.bandwidth, r.power);
                const CappedBest c =
                    capped_best<DensityCaps>(p, q, l.ends, cap, {over & band, over & ~band});
                put_capped(c, over, r);
                fill_limited_response(in, q, l, select(over, c.paid.log_gain, log_gain), r);
                r.doubtful = r.doubtful | (over & ~c.converged);
                r.capped = over;
            }
        }
        envelope(in, q, l, k, r);
        return r;
    }

    MEL_INLINE Lanes condition(const LimitedResponse& r) {
        return select(r.capped, r.push, DensityLaw::condition(r));
    }
};

template <>
struct Limited<FixedLaw> {
    MEL_INLINE LimitedResponse respond(const KernelInput& in, const PriceConstants& p,
                                       std::size_t k) {
        return respond_or_join<Limited>(in, p, k);
    }
    MEL_INLINE LimitedResponse respond_apart(const KernelInput& in, const PriceConstants& p,
                                             std::size_t k) {
        return respond_or_join_apart<Limited>(in, p, k);
    }
    MEL_INLINE LimitedResponse respond_to(const KernelInput& in, const PriceConstants& p,
                                          std::size_t k, const DemandLanes& q,
                                          const LimitedEnds& l) {
        const EndsOf<Lanes>& e = l.ends;
        LimitedResponse r;
        FixedLaw::Best b = FixedLaw::best(in, p, q, e);
        FixedPoint& f = b.at;
        const auto put = [&] {
            static_cast<ResponseLanes&>(r) = FixedLaw::response(p, q, b);
            fill_limited_response(in, q, l, select(f.rate > 0, f.u, fill(1)), r);
        };
        put();
        r.capped = none();
        if (in.max_rate) {
            const CapLanes cap = caps_of(in, k);
            Mask over = r.active & ((r.bandwidth > cap.bandwidth) | (r.power > cap.power));
            if (any(over)) {
                const Mask band = FixedCaps::band_first(p, q, cap, r.bandwidth, r.power);
                const CappedBest c =
                    capped_best<FixedCaps>(p, q, e, cap, {over & band, over & ~band});
                // Below the caps the value may rise again towards the lower end.
                const Mask doubt = in.grows ? over & (c.samples - c.cost < e.low) : none();
                if (any(doubt)) {
                    DemandLanes safe = q;
                    safe.valid = doubt;
                    const FixedPoint low = fixed_point(p, safe, e, b.inverse_each,
                                                       select(e.possible, e.low_slack, fill(1)),
                                                       none(), {f.u, f.inverse_u});
                    const Mask lower = doubt & (low.bandwidth <= cap.bandwidth) &
                                       (low.power <= cap.power) &
                                       (low.samples - low.cost > c.samples - c.cost);
                    if (any(lower)) {
                        f = choose(lower, low, f);
                        b.free = b.free & ~lower;
                        put();
                        over = over & ~lower;
                    }
                }
                put_capped(c, over, r);
                fill_limited_response(
                    in, q, l, select(over, c.paid.log_gain, select(f.rate > 0, f.u, fill(1))), r);
                r.doubtful = r.doubtful | (over & ~c.converged);
                r.capped = over;
            }
        }
        envelope(in, q, l, k, r);
        return r;
    }

    MEL_INLINE Lanes condition(const LimitedResponse& r) {
        return select(r.capped, r.push, FixedLaw::condition(r));
    }
};

}  // namespace mel::MEL_ISA
