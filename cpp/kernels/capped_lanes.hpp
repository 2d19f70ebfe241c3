// What a rate costs where bandwidth or power stands at a cap of the learner's own, and the best
// real samples there.
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

// Who stands at which cap.
struct CappedBy {
    Mask band, power;
};

// Those caps; 1 for the others.
MEL_INLINE CapLanes stood_at(const CapLanes& cap, const CappedBy& by) {
    return {select(by.band, cap.bandwidth, fill(1)), select(by.power, cap.power, fill(1))};
}

template <class Caps>
MEL_INLINE CappedWish capped_wish(const PriceConstants& p, const DemandLanes& q,
                                  const CapLanes& cap, Lanes inverse_each, const CappedBy& by) {
    CappedWish w{fill(1), fill(1), ~none()};
    if (any(by.band)) {
        const Lanes per = ln2 / cap.bandwidth;
        const Lanes span =
            square_root(q.shape * per / (p.mu * Caps::watt(q.noise, cap.bandwidth))) * inverse_each;
        const CapRoot y = band_cap_root(span, q.alpha * per * inverse_each, by.band);
        w.slack = q.shape * per * inverse_each / y.value;
        w.converged = y.converged | ~by.band;
    }
    if (any(by.power)) {
        const PowerCapWish root = Caps::power_wish(p, q, cap.power, by.power);
        w.slack = select(by.power, square_root(p.band * q.shape / root.phi), w.slack);
        w.log_gain = root.log_gain;
        w.converged = w.converged & (root.converged | ~by.power);
    }
    return w;
}

template <class Caps>
MEL_INLINE CappedBest capped_best(const PriceConstants& p, const DemandLanes& q,
                                  const EndsOf<Lanes>& e, const CapLanes& caps,
                                  const CappedBy& by) {
    CappedBest c;
    const Lanes inverse_each = 1 / q.each;
    const CapLanes cap = stood_at(caps, by);
    const CappedWish w = capped_wish<Caps>(p, q, cap, inverse_each, by);
    const Lanes wish = w.slack;
    c.converged = w.converged;
    const Lanes watt = Caps::watt(q.noise, cap.bandwidth);
    const Lanes per = ln2 / cap.bandwidth;
    c.slack = smaller(larger(wish, e.high_slack), e.low_slack);
    c.free = c.slack == wish;
    c.samples = samples_at(q, e, inverse_each, c.slack);
    const Lanes inverse_slack = 1 / c.slack;
    c.rate = larger(q.alpha * c.samples + q.beta, fill(0)) * inverse_slack;
    c.hurry = c.rate * inverse_slack;
    c.paid = at_band_cap(p.mu, cap.bandwidth, per, watt, c.rate);
    if (any(by.power)) {
        Mask converged;
        const CappedLanes paid = Caps::at_power_cap(p, q.noise, cap.power, c.rate, w.log_gain,
                                                    c.free, by.power, converged);
        c.paid = choose(by.power, paid, c.paid);
        c.converged = c.converged & (converged | ~by.power);
    }
    c.cost = p.lambda * c.paid.bandwidth + p.mu * c.paid.power;
    // C'' in samples over the square of the rate's slope, in which unit_cost shape = slack^2.
    const Lanes second =
        c.paid.unit_cost * (c.paid.bend + 2 * q.each * c.paid.unit_cost * inverse_slack);
    c.interior = only(c.free, 1 / second);
    return c;
}

}  // namespace mel::MEL_ISA
