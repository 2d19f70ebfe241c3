// Eight learners: what the deadline asks of them, and their best real samples at given prices.
#pragma once

#include "mel/kernels.hpp"
#include "roots.hpp"

namespace mel::MEL_ISA {

inline constexpr double capacity_reserve =
    1e-12;  // of the cycle: real samples keep this far from an infinite rate

alignas(64) inline constexpr double lane_numbers[16] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                        8, 9, 10, 11, 12, 13, 14, 15};

struct DemandLanes {
    Lanes compute, noise, budget, each, shape;
    Mask valid;
};

MEL_INLINE DemandLanes demand_lanes(const KernelInput& in, std::size_t k) {
    DemandLanes q;
    q.compute = load(in.compute_s + k);
    q.noise = load(in.noise + k);
    const Lanes back = load(in.return_s_per_bit + k);
    q.budget = in.point.cycle_s - in.beta * back;
    q.each = in.point.tau * q.compute + in.returned_bits_per_sample * back;
    q.shape = in.alpha * q.budget + in.beta * q.each;
    const Lanes index = load(lane_numbers) + static_cast<double>(k);
    q.valid = index < fill(static_cast<double>(in.size));
    return q;
}

struct ResponseLanes {
    Lanes samples, slack, rate, bandwidth, power, cost;
    Lanes hurry;                    // rate / slack
    Lanes unit_cost;                // d cost / d rate
    Lanes band_slope, power_slope;  // d B / d rate, d P / d rate
    Lanes interior;                 // rate'^2 / cost'' where d is free
    Lanes curvature;                // - lambda d B / d lambda at fixed rate
    Mask active;                    // takes part
    Mask impossible;                // must take part and can not
};

struct Ends {
    Lanes low_slack, high_slack;
    Mask possible;
};

MEL_INLINE Ends ends_of(const KernelInput& in, const DemandLanes& q) {
    const bool may_rest = in.excused && in.box.lower <= 0;
    const double low = may_rest ? 1 : in.box.lower;
    Ends e;
    e.low_slack = q.budget - q.each * low;
    const Lanes least = q.budget * capacity_reserve;
    e.high_slack = larger(q.budget - q.each * in.box.upper, least);
    e.possible = (q.budget > 0) & (e.low_slack >= least) & q.valid;
    return e;
}

MEL_INLINE void settle(const KernelInput& in, const DemandLanes& q, const Ends& e,
                       ResponseLanes& r) {
    const bool may_rest = in.excused && in.box.lower <= 0;
    r.active = may_rest ? e.possible & (r.samples > r.cost) : e.possible;
    r.impossible = may_rest ? none() : q.valid & ~e.possible;
}

struct PriceConstants {
    double lambda, mu;
    double ratio;  // lambda / mu
    double band;   // lambda ln2
};

struct DensityLaw {
    static constexpr bool linear = true;  // cost is proportional to the rate

    MEL_INLINE ResponseLanes respond(const KernelInput& in, const PriceConstants& p,
                                     std::size_t k) {
        const DemandLanes q = demand_lanes(in, k);
        const Ends e = ends_of(in, q);
        const DensityRoot root = density_root(p.ratio / q.noise);
        const Lanes inverse = 1 / root.log_gain;
        const Lanes band_slope = ln2 * inverse;
        const Lanes watt = root.gain * q.noise;
        ResponseLanes r;
        r.unit_cost = (p.lambda + p.mu * watt) * band_slope;
        const Lanes wish = square_root(r.unit_cost * q.shape);
        r.slack = smaller(larger(wish, e.high_slack), e.low_slack);
        const Lanes inverse_each = 1 / q.each;
        r.samples = (q.budget - r.slack) * inverse_each;
        const Lanes inverse_slack = 1 / r.slack;
        r.rate = larger(in.alpha * r.samples + in.beta, fill(0)) * inverse_slack;
        r.hurry = r.rate * inverse_slack;
        r.band_slope = band_slope;
        r.power_slope = watt * band_slope;
        r.bandwidth = r.rate * band_slope;
        r.power = r.rate * r.power_slope;
        r.cost = r.rate * r.unit_cost;
        // interior = slack/(2 kappa^2 g) and curvature = ratio B/(l^2 (1+x) n), by one division.
        const Lanes twice = 2 * r.unit_cost * r.unit_cost;
        const Lanes swing = (1 + root.gain) * q.noise;
        const Lanes both = 1 / (twice * swing);
        r.interior = only(r.slack == wish, r.slack * inverse_each * swing * both);
        r.curvature = p.ratio * r.bandwidth * inverse * inverse * twice * both;
        settle(in, q, e, r);
        return r;
    }
};

// What the fixed law's learner pays at a given slack.
struct FixedPoint {
    Lanes samples, slack, rate, u, bandwidth, power, cost;
};

MEL_INLINE FixedPoint fixed_point(const KernelInput& in, const PriceConstants& p,
                                  const DemandLanes& q, Lanes slack) {
    FixedPoint f;
    f.slack = slack;
    f.samples = (q.budget - slack) / q.each;
    f.rate = larger(in.alpha * f.samples + in.beta, fill(0)) / slack;
    const Mask sends = f.rate > 0;
    const Lanes argument = select(sends, p.ratio * ln2 * f.rate / q.noise, fill(1));
    f.u = fixed_root(square_root(argument));
    f.bandwidth = only(sends, f.rate * ln2 / f.u);
    f.power = only(sends, q.noise * exponential(smaller(f.u, fill(690.0))).minus_one);
    f.cost = p.lambda * f.bandwidth + p.mu * f.power;
    return f;
}

struct FixedLaw {
    static constexpr bool linear = false;

    // Slack at the interior maximum of d - cost (see stationary_slack_fixed); false lanes have
    // none.
    MEL_INLINE Lanes wish(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                          Mask& found) {
        const Lanes left = square_root(q.shape / p.band) / q.each;
        const Lanes offset = in.alpha / q.each;
        const Lanes right = q.noise / (p.ratio * ln2);
        // alpha = 0: u^1.5 e^u = left/right; with v = 4u/3 this is v^2 e^v = (left/right)^(4/3) /
        // 0.5625.
        const Lanes power =
            exponential(smaller(logarithm(left / right) * (2.0 / 3), fill(690.0))).value;
        Lanes u = 0.75 * fixed_root(power * (1 / 0.75));
        found = (left > 0) & q.valid;
        Mask moving = found;
        if (in.alpha > 0) {
            for (int step = 0; step < 60 && any(moving); ++step) {
                const Lanes root = square_root(u);
                const Lanes e = right * exponential(smaller(u, fill(690.0))).value * u;
                const Lanes value = left * root - offset - e * u;
                const Lanes slope = 0.5 * left / root - e * (2 + u);
                const Lanes next = u - value / slope;
                const Mask lost = moving & (~(slope < 0) | ~(next > 0));
                found = found & ~lost;
                const Mask settled = magnitude(next - u) <= 1e-12 * u;
                u = select(moving & ~lost, next, u);
                moving = moving & ~lost & ~settled;
            }
        }
        return square_root(p.band * q.shape / u);
    }

    MEL_INLINE ResponseLanes respond(const KernelInput& in, const PriceConstants& p,
                                     std::size_t k) {
        const DemandLanes q = demand_lanes(in, k);
        const Ends e = ends_of(in, q);
        const Mask sound = e.possible & (q.shape > 0);
        DemandLanes safe = q;
        safe.shape = select(sound, q.shape, fill(1));
        Mask found;
        const Lanes wished = wish(in, p, safe, found);
        const Lanes bounded = smaller(larger(wished, e.high_slack), e.low_slack);
        const Lanes least = select(e.possible, bounded, q.budget);
        FixedPoint f = fixed_point(
            in, p, q,
            select(found & sound, least,
                   select(sound, e.low_slack, select(e.possible, e.high_slack, fill(1)))));
        Mask free = found & sound & (f.slack == wished);
        if (in.alpha > 0) {  // the value may rise again towards the lower end
            const FixedPoint low = fixed_point(in, p, q, select(e.possible, e.low_slack, fill(1)));
            const Mask lower = (low.samples - low.cost > f.samples - f.cost) & sound;
            f.samples = select(lower, low.samples, f.samples);
            f.slack = select(lower, low.slack, f.slack);
            f.rate = select(lower, low.rate, f.rate);
            f.u = select(lower, low.u, f.u);
            f.bandwidth = select(lower, low.bandwidth, f.bandwidth);
            f.power = select(lower, low.power, f.power);
            f.cost = select(lower, low.cost, f.cost);
            free = free & ~lower;
        }
        ResponseLanes r;
        r.samples = f.samples;
        r.slack = f.slack;
        r.rate = f.rate;
        r.bandwidth = f.bandwidth;
        r.power = f.power;
        r.cost = f.cost;
        r.hurry = f.rate / f.slack;
        const Mask sends = f.rate > 0;
        r.unit_cost = p.band / f.u;
        const Lanes stretch = 1 / (2 + f.u);
        r.band_slope = ln2 / f.u * (1 + f.u) * stretch;
        r.power_slope =
            only(sends, (f.power + q.noise) * f.u * stretch / select(sends, f.rate, fill(1)));
        const Lanes slope = q.shape / (f.slack * f.slack);
        const Lanes second =
            r.unit_cost * slope *
            (2 * q.each / f.slack - only(sends, slope * stretch / select(sends, f.rate, fill(1))));
        r.interior = only(free & (second > 0), slope * slope / select(second > 0, second, fill(1)));
        r.curvature = f.bandwidth * stretch;
        settle(in, q, e, r);
        return r;
    }
};

}  // namespace mel::MEL_ISA
