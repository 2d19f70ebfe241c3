// The best real samples of learners with bounds and caps of their own. Where what the prices would
// buy exceeds a cap, the capped amount stands there and the other follows; the rate's marginal cost
// runs on from the uncapped to the capped piece without a jump, and rises on it, so that the best
// lies on the capped piece exactly where the uncapped best lies beyond the cap.
#pragma once

#include "kernels/cap_roots.hpp"
#include "kernels/fixed_lanes.hpp"

namespace mel::MEL_ISA {

struct CapLanes {
    Lanes bandwidth, power;  // infinite where there is none
};

MEL_INLINE CapLanes caps_of(const KernelInput& in, std::size_t k) {
    return {load(in.max_bandwidth + k), load(in.max_power + k)};
}

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

// What is paid for a rate at a cap, and what the rate's derivatives of it are.
struct CappedLanes {
    Lanes bandwidth, power;
    Lanes unit_cost;                // d cost / d rate
    Lanes band_slope, power_slope;  // the capped one's is zero
    Lanes bend;                     // d ln(unit_cost) / d rate
    Lanes log_gain;
};

MEL_INLINE CappedLanes choose(Mask m, const CappedLanes& x, const CappedLanes& y) {
    return {select(m, x.bandwidth, y.bandwidth),     select(m, x.power, y.power),
            select(m, x.unit_cost, y.unit_cost),     select(m, x.band_slope, y.band_slope),
            select(m, x.power_slope, y.power_slope), select(m, x.bend, y.bend),
            select(m, x.log_gain, y.log_gain)};
}

// At a bandwidth cap, for both laws: `per` is ln2 / cap, `watt` the noise's power there.
MEL_INLINE CappedLanes at_band_cap(double mu, Lanes cap, Lanes per, Lanes watt, Lanes rate) {
    const Lanes y = rate * per;
    const Exponential e = exponential(smaller(y, fill(690)));
    const Lanes power_slope = watt * per * e.value;
    return {cap, watt * e.minus_one, mu * power_slope, fill(0), power_slope, per, y};
}

// `noise` is in units of the cap.
MEL_INLINE CappedLanes at_power_cap_density(double lambda, Lanes cap, Lanes noise,
                                            const PowerCapRoot& root) {
    const Lanes whole = root.log_gain * root.gain - root.excess;  // phi e^l
    const Lanes signal = noise * root.gain;
    const Lanes both = 1 / (whole * signal);
    const Lanes inverse = signal * both;
    const Lanes band_slope = ln2 * (1 + root.gain) * inverse;
    const Lanes steep = root.gain * inverse;
    return {whole * both, cap,     lambda * band_slope,
            band_slope,   fill(0), steep * steep * ln2 * signal,
            root.log_gain};
}

MEL_INLINE CappedLanes at_power_cap_fixed(double lambda, Lanes cap, Lanes log_gain, Lanes rate) {
    const Lanes band_slope = ln2 / log_gain;
    return {rate * band_slope, cap, lambda * band_slope, band_slope, fill(0), fill(0), log_gain};
}

// The laws' parts that differ at a cap.
struct DensityCaps {
    // Both amounts are proportional to the rate: the one further beyond its cap came there first.
    MEL_INLINE Mask band_first(const PriceConstants&, const DemandLanes&, const CapLanes& cap,
                               Lanes bandwidth, Lanes power) {
        return bandwidth * cap.power >= power * cap.bandwidth;
    }
    MEL_INLINE Lanes watt(Lanes noise, Lanes band) { return noise * band; }
    // What at_power_cap() takes where nothing is known.
    MEL_INLINE Lanes cap_gain(Lanes, Lanes) { return fill(1); }

    MEL_INLINE PowerCapWish power_wish(const PriceConstants& p, const DemandLanes& q, Lanes cap,
                                       Mask wanted) {
        const Lanes root = square_root(q.shape * (0.5 / p.band));
        const Lanes inverse = 1 / (root * q.noise * ln2);
        return power_cap_wish(q.alpha * (q.noise * ln2 * inverse), q.each * cap * inverse, wanted);
    }
    // `l` starts the root where `known`; `last` is as for power_cap_root.
    MEL_INLINE CappedLanes at_power_cap(const PriceConstants& p, Lanes noise, Lanes cap, Lanes rate,
                                        Lanes l, Mask known, Mask wanted, Mask& converged,
                                        double last = 1e-4) {
        const Lanes relative = noise / cap;
        // Of what boundless bandwidth would carry.
        const Lanes share =
            select(wanted, smaller(rate * ln2 * relative, fill(1 - 1e-13)), fill(0.5));
        if (any(wanted & ~known)) l = select(known, l, power_cap_start(share));
        const PowerCapRoot root = power_cap_root(share, l, wanted, last);
        converged = root.converged & (root.log_gain > fill(1e-6));
        return at_power_cap_density(p.lambda, cap, relative, root);
    }
};

struct FixedCaps {
    // u e^u at the bandwidth cap is ratio cap / noise: the power there against its own cap.
    MEL_INLINE Mask band_first(const PriceConstants& p, const DemandLanes& q, const CapLanes& cap,
                               Lanes, Lanes) {
        const Mask capped = cap.power < fill(1e100);
        const Lanes gain = select(capped, cap.power, fill(1)) / q.noise;
        return ~capped | (logarithm_1p(gain) * (1 + gain) > p.ratio * cap.bandwidth / q.noise);
    }
    MEL_INLINE Lanes watt(Lanes noise, Lanes) { return noise; }
    MEL_INLINE Lanes cap_gain(Lanes noise, Lanes cap) { return logarithm_1p(cap / noise); }

    // The marginal cost does not change: u stands where phi does in the other law.
    MEL_INLINE PowerCapWish power_wish(const PriceConstants&, const DemandLanes& q, Lanes cap,
                                       Mask wanted) {
        const Lanes u = logarithm_1p(select(wanted, cap / q.noise, fill(1)));
        return {u, u, u > 0};
    }
    MEL_INLINE CappedLanes at_power_cap(const PriceConstants& p, Lanes, Lanes cap, Lanes rate,
                                        Lanes u, Mask, Mask, Mask& converged, double = 0) {
        converged = u > 0;
        return at_power_cap_fixed(p.lambda, cap, u, rate);
    }
};

struct LimitedResponse : ResponseLanes {
    Lanes push;       // d value / d slack
    Lanes bound_tau;  // what a bound of the samples that moves with tau adds to d value / d tau
    Mask capped;
};

// Where the lanes `over` stand at a cap.
struct CappedBest {
    CappedLanes paid;
    Lanes slack, samples, rate, hurry, cost, interior;
    Mask free, converged;
};

// The slack that the best real samples leave at a cap.
struct CappedWish {
    Lanes slack, log_gain;
    Mask converged;
};

template <class Caps>
MEL_INLINE CappedWish capped_wish(const PriceConstants& p, const DemandLanes& q, Lanes band_cap,
                                  Lanes power_cap, Lanes inverse_each, Mask by_band,
                                  Mask by_power) {
    CappedWish w{fill(1), fill(1), ~none()};
    if (any(by_band)) {
        const Lanes per = ln2 / band_cap;
        const Lanes span =
            square_root(q.shape * per / (p.mu * Caps::watt(q.noise, band_cap))) * inverse_each;
        const CapRoot y = band_cap_root(span, q.alpha * per * inverse_each, by_band);
        w.slack = q.shape * per * inverse_each / y.value;
        w.converged = y.converged | ~by_band;
    }
    if (any(by_power)) {
        const PowerCapWish root = Caps::power_wish(p, q, power_cap, by_power);
        w.slack = select(by_power, square_root(p.band * q.shape / root.phi), w.slack);
        w.log_gain = root.log_gain;
        w.converged = w.converged & (root.converged | ~by_power);
    }
    return w;
}

template <class Caps>
MEL_INLINE CappedBest capped_best(const PriceConstants& p, const DemandLanes& q,
                                  const EndsOf<Lanes>& e, const CapLanes& cap, Mask by_band,
                                  Mask by_power) {
    CappedBest c;
    const Lanes inverse_each = 1 / q.each;
    const Lanes band_cap = select(by_band, cap.bandwidth, fill(1));
    const Lanes power_cap = select(by_power, cap.power, fill(1));
    const CappedWish w =
        capped_wish<Caps>(p, q, band_cap, power_cap, inverse_each, by_band, by_power);
    const Lanes wish = w.slack;
    c.converged = w.converged;
    const Lanes watt = Caps::watt(q.noise, band_cap);
    const Lanes per = ln2 / band_cap;
    c.slack = smaller(larger(wish, e.high_slack), e.low_slack);
    c.free = c.slack == wish;
    c.samples = samples_at(q, e, inverse_each, c.slack);
    const Lanes inverse_slack = 1 / c.slack;
    c.rate = larger(q.alpha * c.samples + q.beta, fill(0)) * inverse_slack;
    c.hurry = c.rate * inverse_slack;
    c.paid = at_band_cap(p.mu, band_cap, per, watt, c.rate);
    if (any(by_power)) {
        Mask converged;
        const CappedLanes paid = Caps::at_power_cap(p, q.noise, power_cap, c.rate, w.log_gain,
                                                    c.free, by_power, converged);
        c.paid = choose(by_power, paid, c.paid);
        c.converged = c.converged & (converged | ~by_power);
    }
    c.cost = p.lambda * c.paid.bandwidth + p.mu * c.paid.power;
    // C'' in samples over the square of the rate's slope, in which unit_cost shape = slack^2.
    const Lanes second =
        c.paid.unit_cost * (c.paid.bend + 2 * q.each * c.paid.unit_cost * inverse_slack);
    c.interior = only(c.free, 1 / second);
    return c;
}

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

// The best real samples of limited learners.
template <class Best>
MEL_INLINE LimitedResponse respond_or_join(const KernelInput& in, const PriceConstants& p,
                                           std::size_t k) {
    const DemandLanes q = demand_lanes(in, k);
    LimitedResponse r = Best::respond_to(in, p, k, q, limited_ends(in, q, k));
    if (in.per_learner == 0) return r;
    const Mask few = joins(in, k, low_of(in, k), r);
    if (!any(few)) return r;
    const LimitedResponse one =
        Best::respond_to(in, p, k, q, ends_within(in, q, k, fill(1), high_of(in, k)));
    take(few & gains(in, one, r), one, r);
    return r;
}

template <class Law>
struct Limited;

template <>
struct Limited<DensityLaw> {
    MEL_INLINE LimitedResponse respond(const KernelInput& in, const PriceConstants& p,
                                       std::size_t k) {
        return respond_or_join<Limited>(in, p, k);
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
                    capped_best<DensityCaps>(p, q, l.ends, cap, over & band, over & ~band);
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
                    capped_best<FixedCaps>(p, q, e, cap, over & band, over & ~band);
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
