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
    Lanes hurry;  // rate / slack
    Lanes inverse_slack;
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
        r.inverse_slack = 1 / r.slack;
        r.rate = larger(q.alpha * r.samples + q.beta, fill(0)) * r.inverse_slack;
        r.hurry = r.rate * r.inverse_slack;
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

}  // namespace mel::MEL_ISA
