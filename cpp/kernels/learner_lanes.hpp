// Eight learners: what the deadline asks of them, and their best real samples at given prices.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/roots.hpp"

namespace mel::MEL_ISA {

alignas(64) inline constexpr double lane_numbers[16] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                        8, 9, 10, 11, 12, 13, 14, 15};

struct DemandLanes {
    Lanes compute, noise, budget, each, shape;
    Lanes alpha, beta;  // bits to send: a sample, and in any case
    Mask valid;
};

MEL_INLINE Lanes amount(const double* each, double same, std::size_t k) {
    return each ? load(each + k) : fill(same);
}

struct ReturnLanes {
    Lanes fixed_s, each_s;  // seconds to return the model, and what each sample adds
};

MEL_INLINE ReturnLanes return_lanes(const KernelInput& in, std::size_t k) {
    const Lanes back = load(in.return_s_per_bit + k);
    return {amount(in.return_bits_each, in.return_bits, k) * back,
            amount(in.return_bits_per_sample_each, in.return_bits_per_sample, k) * back};
}

MEL_INLINE DemandLanes demand_lanes(const KernelInput& in, std::size_t k) {
    DemandLanes q;
    q.compute = load(in.compute_s + k);
    q.noise = load(in.noise + k);
    const ReturnLanes back = return_lanes(in, k);
    q.alpha = amount(in.send_bits_per_sample_each, in.send_bits_per_sample, k);
    q.beta = amount(in.send_bits_each, in.send_bits, k);
    q.budget = in.point.cycle_s - back.fixed_s;
    q.each = in.point.tau * q.compute + back.each_s;
    q.shape = q.alpha * q.budget + q.beta * q.each;
    const Lanes index = load(lane_numbers) + static_cast<double>(k);
    q.valid = index < fill(static_cast<double>(in.size));
    return q;
}

struct ResponseLanes {
    Lanes samples, slack, rate, bandwidth, power, cost;
    Lanes hurry;                    // rate / slack
    Lanes most;                     // samples that a whole cycle would hold
    Lanes unit_cost;                // d cost / d rate
    Lanes band_slope, power_slope;  // d B / d rate, d P / d rate
    Lanes interior;                 // rate'^2 / cost'' where d is free
    Lanes curvature;                // - lambda d B / d lambda at fixed rate
    Mask active;                    // takes part
    Mask impossible;                // must take part and can not
    Mask doubtful;  // the reserve at the end of the cycle decides: no proof from here
};

// Bound is double where one box serves all learners, Lanes where each has its own.
template <class Bound>
struct EndsOf {
    Lanes low_slack, high_slack;
    Bound low, high;
    Lanes least;
    Mask possible;
};
using Ends = EndsOf<double>;

MEL_INLINE Lanes fill(Lanes x) { return x; }

MEL_INLINE Ends ends_of(const KernelInput& in, const DemandLanes& q) {
    const bool may_rest = in.excused && in.box.lower <= 0;
    const double low = may_rest ? 1 : in.box.lower;
    Ends e;
    e.low = low;
    e.high = in.box.upper;
    e.low_slack = q.budget - q.each * low;
    const Lanes least = q.budget * rounding::end_of_cycle;
    e.least = least;
    e.high_slack = larger(q.budget - q.each * in.box.upper, least);
    e.possible = (q.budget > 0) & (e.low_slack >= least) & q.valid;
    return e;
}

MEL_INLINE void fill_response(const KernelInput& in, const DemandLanes& q, const Ends& e,
                              Lanes log_gain, ResponseLanes& r) {
    const bool may_rest = in.excused && in.box.lower <= 0;
    r.active = may_rest ? e.possible & (r.samples > r.cost) : e.possible;
    r.impossible = may_rest ? none() : q.valid & ~e.possible;
    const double reserve = 4 * rounding::end_of_cycle * in.point.cycle_s;
    const Mask hidden =
        q.valid & ~e.possible & (e.low_slack > fill(-reserve)) & (q.budget > fill(-reserve));
    // Beyond these the roots' intermediate results leave the range of doubles.
    const Mask far = ~((log_gain > 1e-60) & (log_gain < fill(250)));
    r.doubtful = hidden | (r.active & far) | (r.active & (r.slack <= 2 * e.least));
}

// The samples that leave a slack; at the ends of the box the ends themselves, which rounding would
// blur.
template <class Bound>
MEL_INLINE Lanes samples_at(const DemandLanes& q, const EndsOf<Bound>& e, Lanes inverse_each,
                            Lanes slack) {
    const Lanes d = (q.budget - slack) * inverse_each;
    const Mask top = slack == q.budget - q.each * e.high;
    return select(slack == e.low_slack, fill(e.low), select(top, fill(e.high), d));
}

struct PriceConstants {
    double lambda, mu;
    double ratio;  // lambda / mu
    double band;   // lambda ln2
};

struct DensityLaw {
    // What a rounding error of the slack does to the cost: cost is proportional to the rate.
    MEL_INLINE Lanes condition(const ResponseLanes& r) { return r.unit_cost * r.hurry; }

    MEL_INLINE ResponseLanes respond(const KernelInput& in, const PriceConstants& p,
                                     std::size_t k) {
        const DemandLanes q = demand_lanes(in, k);
        const Ends e = ends_of(in, q);
        Lanes log_gain;
        ResponseLanes r = best(p, q, e, log_gain);
        fill_response(in, q, e, log_gain, r);
        return r;
    }

    template <class Bound>
    MEL_INLINE ResponseLanes best(const PriceConstants& p, const DemandLanes& q,
                                  const EndsOf<Bound>& e, Lanes& log_gain) {
        const DensityRoot root = density_root(p.ratio / q.noise);
        log_gain = root.log_gain;
        const Lanes inverse = 1 / root.log_gain;
        const Lanes band_slope = ln2 * inverse;
        const Lanes watt = root.gain * q.noise;
        ResponseLanes r;
        r.unit_cost = (p.lambda + p.mu * watt) * band_slope;
        const Lanes wish = square_root(r.unit_cost * q.shape);
        r.slack = smaller(larger(wish, e.high_slack), e.low_slack);
        const Lanes inverse_each = 1 / q.each;
        r.samples = samples_at(q, e, inverse_each, r.slack);
        r.most = q.budget * inverse_each;
        const Lanes inverse_slack = 1 / r.slack;
        r.rate = larger(q.alpha * r.samples + q.beta, fill(0)) * inverse_slack;
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
        return r;
    }
};

// What the fixed law's learner pays at a given slack.
struct FixedPoint {
    Lanes samples, slack, rate, u, bandwidth, power, cost;
};

// Where `known` the root u is `u` already.
template <class Bound>
MEL_INLINE FixedPoint fixed_point(const PriceConstants& p, const DemandLanes& q,
                                  const EndsOf<Bound>& e, Lanes slack, Mask known, Lanes u) {
    FixedPoint f;
    f.slack = slack;
    f.samples = samples_at(q, e, 1 / q.each, slack);
    f.rate = larger(q.alpha * f.samples + q.beta, fill(0)) * (1 / slack);
    const Mask sends = f.rate > 0;
    f.u = u;
    if (any(~known & q.valid)) {
        const Lanes argument = select(sends, p.ratio * ln2 * f.rate / q.noise, fill(1));
        f.u = select(known, u, fixed_root(square_root(argument)));
    }
    f.bandwidth = only(sends, f.rate * ln2 * (1 / f.u));
    f.power = only(sends, q.noise * exponential(smaller(f.u, fill(690))).minus_one);
    f.cost = p.lambda * f.bandwidth + p.mu * f.power;
    return f;
}

MEL_INLINE FixedPoint choose(Mask m, const FixedPoint& x, const FixedPoint& y) {
    return {select(m, x.samples, y.samples),
            select(m, x.slack, y.slack),
            select(m, x.rate, y.rate),
            select(m, x.u, y.u),
            select(m, x.bandwidth, y.bandwidth),
            select(m, x.power, y.power),
            select(m, x.cost, y.cost)};
}

struct FixedLaw {
    MEL_INLINE Lanes condition(const ResponseLanes& r) { return r.cost / r.slack; }

    struct Wish {
        Lanes slack, u;
        Mask found;  // false where d - cost has no interior maximum
    };

    // The interior maximum of d - cost (see stationary_slack_fixed).
    // `fine`: to 1e-12 instead of 1e-8.
    MEL_INLINE Wish wish(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                         bool fine = false) {
        const Lanes inverse_each = 1 / q.each;
        const Lanes left = square_root(q.shape * (1 / p.band)) * inverse_each;
        const Lanes right = q.noise * (1 / (p.ratio * ln2));
        // alpha = 0: u^1.5 e^u = left/right; with v = 4u/3 this is v^2 e^v = (left/right)^(4/3) /
        // 0.5625.
        const Lanes power =
            exponential_rough(smaller(logarithm_rough(left / right) * (2.0 / 3), fill(690)));
        Wish w;
        w.found = (left > fill(0)) & q.valid;
        // In w = sqrt(u): left w - alpha/g - right w^4 e^(w^2) is concave, and from the right its
        // larger root is met first. Halley's step where it is a mild correction of Newton's, which
        // never passes the root.
        const Lanes offset = q.alpha * inverse_each;
        Lanes root = square_root(0.75 * fixed_root_start(power * (1 / 0.75)));
        if (in.grows) root = first_step(left, offset, root);
        Mask moving = w.found;
        for (int step = 0; step < 60 && any(moving); ++step) {
            const Step to = halley(left, offset, right, root);
            const Mask lost = moving & ~to.falls;
            w.found = w.found & ~lost;
            // Cubed: below 1e-8; where the value is largest it errs by the square of that.
            const Mask converged = magnitude(to.root - root) <= 1e-3 * root;
            root = select(moving & ~lost, to.root, root);
            moving = moving & ~lost & ~converged;
        }
        if (fine) {
            const Step to = halley(left, offset, right, root);
            root = select(w.found & to.falls, to.root, root);
        }
        w.u = root * root;
        w.slack = square_root(p.band * q.shape * (1 / w.u));
        return w;
    }

    struct Step {
        Lanes root;
        Mask falls;  // false where there is no root to the left
    };
    MEL_INLINE Step halley(Lanes left, Lanes offset, Lanes right, Lanes root) {
        const Lanes u = root * root;
        const Lanes e = right * u * exponential(smaller(u, fill(690))).value;
        const Lanes value = left * root - offset - e * u;
        const Lanes slope = left - e * root * (4 + 2 * u);
        const Lanes bent =
            value * e * (12 + u * (18 + 4 * u));  // minus value times second derivative
        const Lanes square = slope * slope;
        const Mask mild = -bent < square;
        const Lanes next = root - 2 * value * slope / (2 * square + only(mild, bent));
        return {next, (slope < fill(0)) & (next > fill(0))};
    }

    // The first such step, from the root for alpha = 0: there right w^3 e^(w^2) = left, and no
    // exponential is needed.
    MEL_INLINE Lanes first_step(Lanes left, Lanes offset, Lanes root) {
        const Lanes u = root * root;
        const Lanes shift = offset / (left * root);  // minus the value, in units of left w
        const Lanes slope = 3 + 2 * u;
        const Lanes bent = shift * (12 + u * (18 + 4 * u));
        const Lanes square = slope * slope;
        const Mask mild = bent < square;
        const Lanes next = root * (1 - 2 * shift * slope / (2 * square - only(mild, bent)));
        return select(next > fill(0), next, root);
    }

    MEL_INLINE ResponseLanes respond(const KernelInput& in, const PriceConstants& p,
                                     std::size_t k) {
        const DemandLanes q = demand_lanes(in, k);
        const Ends e = ends_of(in, q);
        Mask free;
        const FixedPoint f = best(in, p, q, e, free);
        ResponseLanes r = response(p, q, f, free);
        fill_response(in, q, e, select(f.rate > 0, f.u, fill(1)), r);
        return r;
    }

    // `free` where neither end of the box holds the samples.
    template <class Bound>
    MEL_INLINE FixedPoint best(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                               const EndsOf<Bound>& e, Mask& free) {
        const Mask sound = e.possible & (q.shape > fill(0));
        DemandLanes safe = q;
        safe.shape = select(sound, q.shape, fill(1));
        safe.valid = sound;
        const Wish w = wish(in, p, safe);
        const Mask found = w.found & sound;
        const Lanes low_slack = select(e.possible, e.low_slack, fill(1));
        const Lanes high_slack = select(e.possible, e.high_slack, fill(1));
        const Lanes bounded = smaller(larger(w.slack, high_slack), low_slack);
        // Without an interior maximum the lower end is best; with nothing to send, the upper.
        const Lanes slack = select(found, bounded, select(sound, low_slack, high_slack));
        free = found & (slack == w.slack);
        safe.valid = q.valid & e.possible;
        FixedPoint f = fixed_point(p, safe, e, slack, free, w.u);
        if (in.grows) {
            // The value may rise again towards the lower end, which is worth at most its samples.
            const Mask doubt = sound & found & (f.samples - f.cost < fill(e.low));
            if (any(doubt)) {
                const FixedPoint low = fixed_point(p, safe, e, low_slack, none(), w.u);
                const Mask lower = doubt & (low.samples - low.cost > f.samples - f.cost);
                f = choose(lower, low, f);
                free = free & ~lower;
            }
        }
        return f;
    }

    MEL_INLINE ResponseLanes response(const PriceConstants& p, const DemandLanes& q,
                                      const FixedPoint& f, Mask free) {
        ResponseLanes r;
        r.samples = f.samples;
        r.slack = f.slack;
        r.rate = f.rate;
        r.bandwidth = f.bandwidth;
        r.power = f.power;
        r.cost = f.cost;
        const Lanes inverse_slack = 1 / f.slack;
        const Lanes inverse_u = 1 / f.u;
        const Mask sends = f.rate > 0;
        const Lanes inverse_rate = only(sends, 1 / select(sends, f.rate, fill(1)));
        r.hurry = f.rate * inverse_slack;
        r.most = q.budget * (1 / q.each);
        r.unit_cost = p.band * inverse_u;
        const Lanes stretch = 1 / (2 + f.u);
        r.band_slope = ln2 * inverse_u * (1 + f.u) * stretch;
        r.power_slope = (f.power + q.noise) * f.u * stretch * inverse_rate;
        const Lanes slope = q.shape * inverse_slack * inverse_slack;
        const Lanes second =
            r.unit_cost * slope * (2 * q.each * inverse_slack - slope * stretch * inverse_rate);
        r.interior = only(free & (second > 0), slope * slope / select(second > 0, second, fill(1)));
        r.curvature = f.bandwidth * stretch;
        return r;
    }
};

}  // namespace mel::MEL_ISA
