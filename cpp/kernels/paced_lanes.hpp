// The best samples of learners that choose a speed within an energy and do not send
// (learner/pacing.hpp): those of a line that touches their slack at nearly those samples, which are
// worth no less, whatever is nearly.
#pragma once

#include <type_traits>

#include "kernels/limited_whole_lanes.hpp"

namespace mel::MEL_ISA {

// Where computing at full speed ends, and what it takes from there.
struct PaceLanes {
    Lanes work, other;  // seconds a sample at full speed: of computing, and of returning
    Lanes joules, back;
    Lanes spare;
    Lanes kink;  // samples: up to so many at full speed
    Lanes top;   // real: nearly all that leave some energy
};

MEL_INLINE PaceLanes pace_lanes(const KernelInput& in, const DemandLanes& q, std::size_t k,
                                const double* spare_j) {
    PaceLanes p;
    p.work = in.point.tau * q.compute;
    p.other = return_lanes(in, k).each_s;
    p.joules = in.point.tau * load(in.paced_j + k);
    p.back = load(in.back_j + k);
    p.spare = load(spare_j + k);
    const Lanes both = p.joules + p.back;
    const Mask limited = q.valid & (both > 0) & (p.spare < fill(no_limit));
    p.kink = select(limited, p.spare / select(limited, both, fill(1)), fill(no_limit));
    const Mask returns = limited & (p.back > 0);
    p.top =
        select(returns, p.spare / select(returns, p.back, fill(1)) * (1 - 1e-9), fill(no_limit));
    return p;
}

// What samples beyond the kink take.
struct SlowLanes {
    Lanes busy;   // seconds of computing them
    Lanes each;   // and of one more,
    Lanes bend;   // and how that rises
    Lanes share;  // the joules of returning them over what these leave
};

MEL_INLINE SlowLanes slow_lanes(const PaceLanes& p, Lanes d) {
    const Lanes inverse = 1 / (p.spare - p.back * d);
    const Lanes root = square_root(p.joules * d * inverse);
    SlowLanes s;
    s.share = p.back * d * inverse;
    const Lanes one = p.work * root;
    s.busy = one * d;
    s.each = one * (1.5 + 0.5 * s.share);
    s.bend = 0.75 * one * (1 + s.share) * (1 + s.share) / d;
    return s;
}

// The line that touches the slack at d.
MEL_INLINE DemandLanes touching(const DemandLanes& full, const PaceLanes& p, const SlowLanes& s) {
    DemandLanes q = full;
    q.each = p.other + s.each;
    q.budget = full.budget + 0.5 * s.busy * (1 + s.share);
    q.shape = q.alpha * q.budget + q.beta * q.each;
    return q;
}

MEL_INLINE DemandLanes choose(Mask m, const DemandLanes& x, const DemandLanes& y) {
    DemandLanes q = y;
    q.budget = select(m, x.budget, y.budget);
    q.each = select(m, x.each, y.each);
    q.shape = select(m, x.shape, y.shape);
    return q;
}

struct PacedResponse : LimitedResponse {
    DemandLanes line;  // with which these are best
    Mask slow;
    Lanes busy_tau;  // seconds that computing takes more with every local cycle
    Lanes stretch;   // by how much rounding errors of the slack may have grown
};

// Beyond the kink, where a marginal rate costs so much: s^2 = cost (alpha s + bits each), by
// Newton's method between ends that are kept. With the fixed law a higher rate costs less the bit:
// without caps that is followed.
template <bool falls>
MEL_INLINE Lanes paced_wish(const DemandLanes& full, const PaceLanes& p,
                            const PriceConstants& prices, Lanes unit_cost, Lanes low, Lanes high,
                            Mask wanted) {
    Lanes x = low;
    const Lanes per_rate = falls ? prices.ratio * ln2 / full.noise : fill(0);
    Lanes from = low, to = high;
    Mask open = wanted;
    for (int step = 0; step < 40 && any(open); ++step) {
        const SlowLanes s = slow_lanes(p, x);
        const Lanes slack = full.budget - p.other * x - s.busy;
        const Lanes bits = full.alpha * x + full.beta;
        const Lanes each = p.other + s.each;
        const Lanes area = larger(full.alpha * slack + bits * each, fill(1e-300));
        Lanes rise = fill(0);  // of the wish, as the cost changes
        if constexpr (falls) {
            const Mask sends = open & (slack > 0) & (bits > 0);
            const Lanes inverse = 1 / select(sends, slack, fill(1));
            const FixedRoot root = fixed_root_of(select(sends, per_rate * bits * inverse, fill(1)));
            unit_cost = select(sends, prices.band * root.inverse, unit_cost);
            rise = only(sends, 0.5 * root.stretch *
                                   (full.alpha / select(sends, bits, fill(1)) + each * inverse));
        }
        const Lanes wish = square_root(unit_cost * area);
        const Lanes over = slack - wish;
        from = select(open & (over > 0), x, from);
        to = select(open & ~(over > 0), x, to);
        const Lanes slope = each + 0.5 * unit_cost * bits * s.bend / wish - rise * wish;
        // With the bend of the slack, whose square root a step leads past: what it leaves is about
        // its cube.
        const Lanes root_of = square_root(larger(slope * slope + 2 * over * s.bend, fill(0)));
        Lanes next = smaller(x + 2 * over / (slope + root_of), high);
        const Mask inside = (next > from) & (next <= to);
        next = select(inside, next, 0.5 * (from + smaller(to, 4 * from + 1)));
        const Mask near = (magnitude(next - x) <= 1e-5 * x) | (to - from <= 1e-6 * x);
        x = select(open, next, x);
        open = open & ~near;
    }
    return smaller(larger(x, low), high);
}

template <class Law>
struct Paced {
    MEL_INLINE PacedResponse respond(const KernelInput& in, const PriceConstants& p,
                                     std::size_t k) {
        PacedResponse r;
        const DemandLanes full = demand_lanes(in, k);
        const PaceLanes pace = pace_lanes(in, full, k, in.spare_j);
        const Lanes low = low_of(in, k), high = high_of(in, k);
        const Lanes least = in.excused ? select(low <= 0, fill(1), low) : low;
        // At full speed first, up to the kink.
        const Mask begins = (pace.kink >= least) & (pace.kink < high);
        const LimitedEnds l = ends_within(in, full, k, low, select(begins, pace.kink, high));
        static_cast<LimitedResponse&>(r) = on_line(in, p, k, full, l);
        r.line = full;
        r.slow = none();
        r.stretch = fill(1);
        r.busy_tau = full.compute * r.samples;
        // Who would rest at the kink may take part beyond it.
        const Mask stands = begins & l.ends.possible & (r.samples == pace.kink);
        Mask beyond = r.active & ~begins & (r.samples > pace.kink);
        if (any(stands)) {
            // The kink moves with tau, as a bound does; and what of more samples, more slowly?
            const Lanes worth = r.slack * r.slack / full.shape;
            const Mask free = stands & (r.slack > l.cap_slack);
            r.bound_tau = select(free & (worth > r.unit_cost),
                                 -(1 - r.unit_cost / worth) * pace.kink * pace.joules /
                                     ((pace.joules + pace.back) * in.point.tau),
                                 r.bound_tau);
            const Lanes bits = full.alpha * pace.kink + full.beta;
            const Lanes each =
                pace.other +
                pace.work * (1.5 + 0.5 * pace.back / select(stands, pace.joules, fill(1)));
            beyond =
                beyond |
                (free & (r.unit_cost * (full.alpha * r.slack + bits * each) < r.slack * r.slack));
        }
        if (any(beyond)) go_on(in, p, k, full, pace, low, high, least, beyond, r);
        return r;
    }

    MEL_INLINE PacedResponse respond_apart(const KernelInput& in, const PriceConstants& p,
                                           std::size_t k) {
        return respond(in, p, k);
    }

    MEL_INLINE Lanes condition(const PacedResponse& r) {
        return r.stretch * Limited<Law>::condition(r);
    }

  private:
    // On a line that stands for a slack that is none. The fixed law's is much more code.
    MEL_INLINE LimitedResponse on_line(const KernelInput& in, const PriceConstants& p,
                                       std::size_t k, const DemandLanes& q, const LimitedEnds& l) {
        if constexpr (std::is_same_v<Law, FixedLaw>) {
            return MEL_ISA::respond_apart<Limited<Law>>(in, p, k, q, l);
        } else {
            return Limited<Law>::respond_to(in, p, k, q, l);
        }
    }

    MEL_INLINE void go_on(const KernelInput& in, const PriceConstants& p, std::size_t k,
                          const DemandLanes& full, const PaceLanes& pace, Lanes low, Lanes high,
                          Lanes least, Mask beyond, PacedResponse& r) {
        const Lanes first = select(beyond, larger(least, pace.kink), fill(1));
        const Lanes last = select(beyond, larger(smaller(high, pace.top), first), fill(2));
        Lanes x = paced_wish<std::is_same_v<Law, FixedLaw>>(
            full, pace, p, select(beyond, r.unit_cost, fill(1)), first, last, beyond);
        Lanes from = first, to = last;
        Mask open = beyond;
        for (int step = 0; step < 40 && any(open); ++step) {
            const SlowLanes s = slow_lanes(pace, x);
            DemandLanes q = touching(full, pace, s);
            q = choose(open, q, full);
            LimitedResponse t = on_line(in, p, k, q, ends_within(in, q, k, low, high));
            const Lanes apart = t.samples - x;
            // The slack falls faster than the line: its best moves less.
            const Lanes slack = full.budget - pace.other * x - s.busy;
            const Lanes bits = full.alpha * x + full.beta;
            const Lanes shape = full.alpha * slack + bits * q.each;
            const Lanes turned = t.unit_cost * bits * s.bend * (slack / shape) * (slack / shape);
            const Lanes damp = 1 / (1 + t.interior * turned);
            t.interior = t.interior * damp;
            take(open, t, r);
            r.line = choose(open, q, r.line);
            r.stretch = select(open, 2 + 2 * s.share, r.stretch);
            r.busy_tau = select(open, 1.5 / in.point.tau * s.busy, r.busy_tau);
            const Mask up = apart > 0;
            from = select(open & up, x, from);
            to = select(open & ~up, x, to);
            const Mask ends = (up & (x >= last)) | (~up & (x <= first));
            const Mask near = magnitude(apart) <= 1e-8 * x;
            open = open & t.active & ~ends & ~near & (from < to);
            const Lanes next = x + apart * damp;
            const Mask inside = (next > from) & (next < to);
            x = select(open, select(inside, next, 0.5 * (from + smaller(to, 4 * from + 1))), x);
        }
        r.slow = beyond;
    }
};

inline constexpr double most_stretched = 1e3;  // times as much as another slack: what one errs by

// The best whole ones: of the line through the slacks of the integers next to the best real ones.
template <class Law, class WholeLaw>
struct PacedWhole {
    MEL_INLINE WholeLanes respond(const KernelInput& in, const PriceConstants& p, std::size_t k) {
        const PacedResponse real = Paced<Law>::respond(in, p, k);
        const DemandLanes full = demand_lanes(in, k);
        const PaceLanes pace = pace_lanes(in, full, k, in.spare_j);
        // Who takes no part on a line above its slack takes none.
        const Mask asked = real.active & (real.samples < fill(largest_number));
        const Lanes d = select(asked, real.samples, fill(1));
        const Lanes nearest = rounded(d);
        const Lanes below = select(nearest > d, nearest - 1, nearest);
        const Lanes high = high_of(in, k);
        const Lanes top = select(pace.top < high, high - 2, high - 1);
        const Lanes n = larger(smaller(below, top), fill(0));
        const Mask bent = asked & (n + 1 > pace.kink);
        DemandLanes q = choose(real.active, full, real.line);
        Lanes stretch = select(real.active, fill(1), real.stretch);
        if (any(bent)) {
            const Lanes next = select(bent, n + 1, fill(1));
            const Lanes left = pace.spare - pace.back * next;
            const Lanes left_first = pace.spare - pace.back * n;
            const Lanes second = square_root(pace.joules * next / left);
            const Mask slow = n > pace.kink;
            const Lanes first = select(slow, square_root(pace.joules * n / left_first), fill(1));
            const Lanes over = (pace.joules + pace.back) * next - pace.spare;
            const Lanes rise = select(slow, pace.joules * pace.spare / left_first, over) / left;
            const Lanes by = rise / (first + second);
            DemandLanes chord = full;
            chord.each = full.each + pace.work * (first - 1 + next * by);
            chord.budget = full.budget + pace.work * n * next * by;
            chord.shape = chord.alpha * chord.budget + chord.beta * chord.each;
            q = choose(bent, chord, q);
            stretch = select(bent, 2 + 2 * pace.back * next / left, stretch);
        }
        WholeLanes w = WholeLaw::respond_to(in, p, k, q, most_stretched);
        w.stake = w.stake * stretch;
        const Mask met = (w.samples == n) | (w.samples == n + 1);
        const Mask exact = select(bent, met, w.samples <= pace.kink);
        // What is far from a line's ends, or where a line is steep, is for others to look at.
        w.unsure = w.unsure | (q.valid & real.active & ((w.active & ~exact) | ~asked)) |
                   (q.valid & ~(stretch < fill(most_stretched)));
        return w;
    }
};

// The slack of given samples.
struct OwnPace {
    MEL_INLINE Lanes slower(const KernelInput& in, const PaceLanes& pace, std::size_t at,
                            Lanes samples, Mask& kept) {
        const Lanes left = pace.spare - pace.back * samples;
        const Lanes joules = pace.joules * samples;
        const Mask slow = joules > left;
        const Mask some = slow & (left > 0);
        const Lanes slowest = load(in.slowest + at);
        kept = ~slow | (some & (joules * (slowest * slowest) <= left));
        return select(some, square_root(joules / select(some, left, fill(1))), fill(1));
    }

    MEL_INLINE DemandLanes demand(const KernelInput& in, std::size_t at, std::size_t last,
                                  std::span<const double> samples) {
        DemandLanes q = demand_lanes(in, at);
        const PaceLanes pace = pace_lanes(in, q, at, in.kept_j);
        const Lanes d = read(samples, at, last);
        Mask kept;
        const Lanes by = slower(in, pace, at, d, kept);
        q.budget = select(kept, q.budget - pace.other * d - pace.work * d * by, fill(-1));
        q.each = fill(0);
        return q;
    }

    MEL_INLINE Lanes computing_s(const KernelInput& in, std::size_t at, Lanes samples) {
        const DemandLanes q = demand_lanes(in, at);
        Mask kept;
        const Lanes by = slower(in, pace_lanes(in, q, at, in.kept_j), at, samples, kept);
        return select(kept, in.point.tau * q.compute * samples * by, fill(no_limit));
    }
};

}  // namespace mel::MEL_ISA
