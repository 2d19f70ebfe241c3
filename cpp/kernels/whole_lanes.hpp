// The best whole samples of eight learners at given prices: both neighbours of the best real ones,
// looked at with their costs. What is unusual (near a bound of the arithmetic, at the end of the
// cycle, so near an integer that rounding decides which two are the neighbours) is left to the
// scalar response.
#pragma once

#include <limits>

#include "kernels/carry_lanes.hpp"

namespace mel::MEL_ISA {

struct WholeLanes {
    Lanes samples, slack, bandwidth, power, cost;
    Lanes stake;       // by how much the cost changes with ln rate, or more
    Lanes preference;  // see Kernels::Whole
    Mask active;
    Mask impossible;
    Mask unsure;  // for the scalar response
};

inline constexpr double clear_of_integers = 1e-3;  // samples; far more than x below may err by
inline constexpr double soon_switching =
    0.05;  // of the samples: worth so little more than the fewest
inline constexpr double no_other = std::numeric_limits<double>::infinity();
inline constexpr double largest_number = 1e9;  // samples; to err by that much takes more

struct Neighbours {
    Lanes below, above;
    Mask unsure;
};

// The integers around x within the box. Costs are convex between them, so beyond the box its end
// is best.
template <class Bound>
MEL_INLINE Neighbours neighbours(const EndsOf<Bound>& e, Lanes x) {
    const Lanes within = smaller(larger(x, fill(e.low)), fill(e.high));
    const Lanes nearest = rounded(within);
    const Lanes below = select(nearest > within, nearest - 1, nearest);
    Neighbours n;
    n.below = larger(below, fill(e.low));
    n.above = smaller(n.below + 1, fill(e.high));
    n.unsure = (magnitude(x - nearest) < fill(clear_of_integers)) | (within > fill(largest_number));
    return n;
}

// Whether samples meet the deadline, and by how little it may be to leave the question to others.
struct Leeway {
    Lanes slack;
    Mask allowed, unsure;
};

MEL_INLINE Leeway leeway_of(const KernelInput& in, const DemandLanes& q, Lanes d) {
    const double guard = rounding::end_of_cycle * in.point.cycle_s;
    Leeway r;
    r.slack = q.budget - q.each * d;
    r.allowed = r.slack > fill(guard);
    r.unsure = magnitude(r.slack) <= fill(guard);
    return r;
}

// Whether what was not taken, for it is worth less by `behind`, may be worth more: its slack is a
// difference, and what that errs by counts the more the smaller it is.
MEL_INLINE Mask may_lead(const KernelInput& in, Lanes behind, Lanes stake, Lanes slack,
                         double stretch = 1) {
    const double off_s = stretch * rounding::whole_bound_in_lanes * in.point.cycle_s;
    return behind * slack <= off_s * stake;
}

struct WholeDensity {
    MEL_INLINE WholeLanes respond(const KernelInput& in, const PriceConstants& p, std::size_t k) {
        const DemandLanes q = demand_lanes(in, k);
        const Ends e = ends_of(in, q);
        const DensityRoot root = density_root(p.ratio / q.noise);
        const Lanes band_slope = ln2 / root.log_gain;
        const Lanes watt = root.gain * q.noise;
        const Lanes unit_cost = (p.lambda + p.mu * watt) * band_slope;
        const Neighbours n = neighbours(e, (q.budget - square_root(unit_cost * q.shape)) / q.each);
        const Leeway low = leeway_of(in, q, n.below);
        const Leeway high = leeway_of(in, q, n.above);
        const Lanes low_rate = rate(q, n.below, low);
        const Lanes high_rate = rate(q, n.above, high);
        const Lanes dearer = unit_cost * (high_rate - low_rate), more = n.above - n.below;
        const Mask up = high.allowed & (more > dearer);
        const Mask tied = high.allowed & ~up & (more > fill(0)) &
                          may_lead(in, dearer - more, unit_cost * high_rate, high.slack);
        const Lanes bought = select(up, high_rate, low_rate);
        WholeLanes w;
        w.samples = select(up, n.above, n.below);
        w.slack = select(up, high.slack, low.slack);
        w.bandwidth = bought * band_slope;
        w.power = w.bandwidth * watt;
        w.cost = w.stake = bought * unit_cost;
        w.preference = fill(no_other);
        // Beyond these the root's intermediate results leave the range of doubles.
        const Mask far = ~((root.log_gain > 1e-60) & (root.log_gain < fill(250)));
        finish(in, q, e, low.unsure | high.unsure | ~low.allowed | n.unsure | far | tied, w);
        return w;
    }

    MEL_INLINE Lanes rate(const DemandLanes& q, Lanes d, const Leeway& r) {
        return (q.alpha * d + q.beta) / select(r.allowed, r.slack, fill(1));
    }

    MEL_INLINE void finish(const KernelInput& in, const DemandLanes& q, const Ends& e, Mask unsure,
                           WholeLanes& w) {
        const bool may_rest = in.excused && in.box.lower <= 0;
        const Lanes value = w.samples - w.cost;
        const double reserve = 4 * rounding::end_of_cycle * in.point.cycle_s;
        const Mask hidden = ~e.possible & (e.low_slack > fill(-reserve));
        w.active = may_rest ? e.possible & (value > 0) : e.possible;
        w.impossible = may_rest ? none() : q.valid & ~e.possible;
        // One sample more than is held may be what rounding hides at the end of the cycle.
        const Mask last = leeway_of(in, q, w.samples + 1).unsure;
        w.preference =
            may_rest ? smaller(w.preference, value / larger(w.samples, fill(1))) : w.preference;
        // Where taking part is worth nothing, rounding decides whether it is.
        const Mask idle = may_rest ? (magnitude(value) <= 1e-9 * w.samples) |
                                         may_lead(in, magnitude(value), w.stake, w.slack)
                                   : none();
        w.unsure = q.valid & (hidden | (e.possible & (unsure | last | idle)));
    }
};

struct WholeFixed {
    MEL_INLINE WholeLanes respond(const KernelInput& in, const PriceConstants& p, std::size_t k) {
        DemandLanes q = demand_lanes(in, k);
        const Ends e = ends_of(in, q);
        DemandLanes safe = q;
        safe.valid = e.possible & (q.shape > fill(0));
        safe.shape = select(safe.valid, q.shape, fill(1));
        const FixedLaw::Wish wish = FixedLaw::wish(in, p, safe, true);
        const Lanes inverse_each = wish.inverse_each;
        const Lanes x = (q.budget - wish.slack) * inverse_each;
        Neighbours n = neighbours(e, x);
        // Without an interior maximum the lower end is best.
        const Mask falls = safe.valid & ~wish.found;
        n.below = select(falls, fill(e.low), n.below);
        n.above = select(falls, fill(e.low), n.above);
        const Leeway low = leeway_of(in, q, n.below);
        const Leeway high = leeway_of(in, q, n.above);
        // The wish's slack is good to 1e-12; well beyond the box its end is best all the same.
        const Lanes blur = 1e-11 * (wish.slack * inverse_each);
        const Mask coarse =
            (blur > fill(clear_of_integers)) & (x < e.high + blur) & (x > e.low - blur);
        Mask unsure =
            low.unsure | high.unsure | ~low.allowed | ~safe.valid | (~falls & (n.unsure | coarse));
        WholeLanes w = bought(p, q, n.below, low, safe.valid);
        const WholeLanes more = bought(p, q, n.above, high, safe.valid & high.allowed);
        unsure = unsure | w.unsure | more.unsure;
        unsure = unsure | take_better(in, high.allowed, more, w);
        w.preference = select(falls, fill(-no_other), fill(no_other));
        if (in.grows) {
            // The value may rise again towards the lower end, which is worth at most its samples.
            // Looked at, too, where prices need change little for that.
            const Mask doubt =
                safe.valid & wish.found & (w.samples - w.cost < e.low + soon_switching * w.samples);
            if (any(doubt)) {
                const Leeway end = leeway_of(in, q, fill(e.low));
                const WholeLanes least = bought(p, q, fill(e.low), end, doubt & end.allowed);
                unsure = unsure | (doubt & (end.unsure | least.unsure));
                const Lanes more_worth = w.samples - w.cost - (least.samples - least.cost);
                const Mask switching = doubt & end.allowed;
                w.preference =
                    select(switching, more_worth / larger(w.samples, fill(1)), w.preference);
                const Mask lower = switching & (more_worth < fill(0));
                unsure = unsure | (lower & may_lead(in, -more_worth, w.stake, w.slack));
                take(lower, least, w);
            }
        }
        WholeDensity::finish(in, q, e, unsure, w);
        return w;
    }

    // Takes `more`, of no fewer samples, where it is worth more; returns where rounding decides.
    MEL_INLINE Mask take_better(const KernelInput& in, Mask allowed, const WholeLanes& more,
                                WholeLanes& w, double stretch = 1) {
        const Lanes value = w.samples - w.cost, next = more.samples - more.cost;
        const Mask up = allowed & (next > value);
        const Mask tied = allowed & ~up & (more.samples > w.samples) &
                          may_lead(in, value - next, more.stake, more.slack, stretch);
        take(up, more, w);
        return tied;
    }

    MEL_INLINE void take(Mask m, const WholeLanes& x, WholeLanes& w) {
        w.samples = select(m, x.samples, w.samples);
        w.slack = select(m, x.slack, w.slack);
        w.bandwidth = select(m, x.bandwidth, w.bandwidth);
        w.power = select(m, x.power, w.power);
        w.cost = select(m, x.cost, w.cost);
        w.stake = select(m, x.stake, w.stake);
    }

    MEL_INLINE WholeLanes bought(const PriceConstants& p, const DemandLanes& q, Lanes d,
                                 const Leeway& r, Mask m) {
        const Lanes rate = (q.alpha * d + q.beta) / select(r.allowed, r.slack, fill(1));
        const Mask sends = m & (rate > 0);
        const Lanes argument = select(sends, p.ratio * ln2 * rate / q.noise, fill(1));
        const FixedRoot root = fixed_root_of(argument);
        const Lanes u = root.u;
        WholeLanes w{};
        w.samples = d;
        w.slack = r.slack;
        w.bandwidth = only(sends, rate * ln2 * root.inverse);
        w.power = only(sends, q.noise * root.gain);
        w.cost = w.stake = p.lambda * w.bandwidth + p.mu * w.power;
        w.unsure = sends & ~((u > 1e-60) & (u < fill(250)));
        return w;
    }
};

}  // namespace mel::MEL_ISA
