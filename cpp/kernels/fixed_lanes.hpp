// The fixed law's learners: their best real samples at given prices.
#pragma once

#include "kernels/learner_lanes.hpp"

namespace mel::MEL_ISA {

// What the fixed law's learner pays at a given slack.
struct FixedPoint {
    Lanes samples, slack, rate, u, bandwidth, power, cost;
    Lanes inverse_slack, inverse_u;
};

// A root u with its inverse.
struct KnownRoot {
    Lanes u, inverse;
};
// The same with e^u - 1.
struct KnownGain : KnownRoot {
    Lanes gain;
};
MEL_INLINE Lanes gain_of(const KnownRoot& r) {
    return exponential(smaller(r.u, fill(690))).minus_one;
}
MEL_INLINE Lanes gain_of(const KnownGain& r) { return r.gain; }

// To the last bits.
struct ExactRoots {
    using Known = KnownRoot;
    MEL_INLINE FixedRoot root(Lanes y) { return fixed_root_of(y); }
};

// Where `known` the root is that already.
template <class Roots = ExactRoots, class Bound>
MEL_INLINE FixedPoint fixed_point(const PriceConstants& p, const DemandLanes& q,
                                  const EndsOf<Bound>& e, Lanes inverse_each, Lanes slack,
                                  Mask known, const typename Roots::Known& root) {
    FixedPoint f;
    f.slack = slack;
    f.samples = samples_at(q, e, inverse_each, slack);
    const Inverses by = inverses(slack, q.noise);
    f.inverse_slack = by.x;
    f.rate = larger(q.alpha * f.samples + q.beta, fill(0)) * by.x;
    const Mask sends = f.rate > 0;
    f.u = root.u;
    f.inverse_u = root.inverse;
    Lanes gain = fill(0);
    if (any(known)) gain = gain_of(root);
    if (any(~known & q.valid)) {
        const auto at = Roots::root(select(sends & ~known, p.ratio * ln2 * f.rate * by.y, fill(1)));
        f.u = select(known, f.u, at.u);
        f.inverse_u = select(known, f.inverse_u, at.inverse);
        gain = select(known, gain, at.gain);
    }
    f.bandwidth = only(sends, f.rate * ln2 * f.inverse_u);
    f.power = only(sends, q.noise * gain);
    f.cost = p.lambda * f.bandwidth + p.mu * f.power;
    return f;
}

MEL_INLINE FixedPoint choose(Mask m, const FixedPoint& x, const FixedPoint& y) {
    return {select(m, x.samples, y.samples),     select(m, x.slack, y.slack),
            select(m, x.rate, y.rate),           select(m, x.u, y.u),
            select(m, x.bandwidth, y.bandwidth), select(m, x.power, y.power),
            select(m, x.cost, y.cost),           select(m, x.inverse_slack, y.inverse_slack),
            select(m, x.inverse_u, y.inverse_u)};
}

struct FixedLaw : ExactRoots {
    MEL_INLINE Lanes condition(const ResponseLanes& r) { return r.cost * r.inverse_slack; }

    struct Wish {
        Lanes slack, inverse_each;
        KnownRoot root;
        Mask found;  // false where d - cost has no interior maximum
    };

    // The interior maximum of d - cost (see stationary_slack_fixed).
    // `fine`: to 1e-12 instead of 1e-8.
    MEL_INLINE Wish wish(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                         bool fine = false) {
        const Inverses by = inverses(q.each, q.noise);
        const Lanes left = square_root(q.shape * (1 / p.band)) * by.x;
        const Lanes right = q.noise * (1 / (p.ratio * ln2));
        const Lanes y = left * by.y * (p.ratio * ln2);
        Wish w;
        w.inverse_each = by.x;
        w.found = (left > fill(0)) & q.valid;
        // In w = sqrt(u): left w - alpha/g - right w^4 e^(w^2) is concave, and from the right its
        // larger root is met first. Halley's step where it is a mild correction of Newton's, which
        // never passes the root.
        const Lanes offset = q.alpha * by.x;
        const Start start = start_of(left, offset, right, y, w.found);
        w.found = w.found & ~start.hopeless;
        Lanes root = start.root;
        const Mask unknown = w.found & ~start.near;
        if (any(unknown)) {
            const Lanes far = start_from_far(in, left, offset, left / right);
            root = select(unknown, far, root);
        }
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
        const Lanes inverse = 1 / root;
        w.root = {root * root, inverse * inverse};
        w.slack = p.band * left * q.each * inverse;
        return w;
    }

    struct Start {
        Lanes root;
        Mask near;      // falling there, and the root not far
        Mask hopeless;  // there is no root
    };

    // From the curves, between the root for offset 0 and the double root, which is left like a
    // square root. `share` is the offset's of the largest.
    template <class X>
    MEL_INLINE X curved(const RootCurves<X>& r, X inverse_under, X share) {
        const X rest = square_root(not_below_zero(1 - share));
        const X gone = 1 - rest;
        const X bent =
            (0.55084009544418 + r.c * (-0.637949736409956 + r.c * -1.175796421462095)) +
            gone * (0.4971700867455998 + r.c * (2.104992441898108 + r.c * 1.802783030544757));
        return (r.nearest + (r.furthest - r.nearest) * (rest * (1 + gone * bent))) * inverse_under;
    }

    // And one step by the series of the third order.
    MEL_INLINE Start start_of(Lanes left, Lanes offset, Lanes right, Lanes y, Mask wanted) {
        const Mask usual = wanted & (y > least_curve) & (y < fill(most_curve));
        const RootCurves r = root_curves(logarithm_rough(select(usual, y, fill(1))));
        const Inverses by = inverses(r.under, left * r.most);
        const Lanes share = offset * r.under * by.y;
        Start s;
        s.hopeless = usual & (share > fill(beyond_curve));
        const Lanes w = curved(r, by.x, share);
        const Lanes u = w * w;
        const Lanes h = right * (u * u) * exponential(smaller(u, fill(690))).value;
        const Lanes value = left * w - offset - h;
        const Lanes fall = h * (4 + 2 * u) - left * w;
        const Mask falls = usual & (fall > 0.05 * left * w);
        const Lanes inverse = 1 / select(falls, fall, fill(1));
        const Lanes t = value * inverse;
        const Lanes a = (6 + u * (9 + 2 * u)) * h * inverse;
        const Lanes b = (4 + u * (16 + u * (10 + u * (4.0 / 3)))) * h * inverse;
        const Lanes at = a * t;
        const Mask series = falls & (magnitude(at) < fill(0.15));
        const Lanes by_series = w + w * (t * (1 - at) + (2 * a * a - b) * (t * t * t));
        s.root = select(series, by_series, w);
        s.near = falls & (series | (magnitude(t) < fill(0.1)));
        return s;
    }

    // From the right of the root, for any numbers.
    MEL_INLINE Lanes start_from_far(const KernelInput& in, Lanes left, Lanes offset, Lanes y) {
        // alpha = 0: u^1.5 e^u = y; with v = 4u/3 this is v^2 e^v = y^(4/3) / 0.5625.
        const Lanes power = exponential_rough(smaller(logarithm_rough(y) * (2.0 / 3), fill(690)));
        const Lanes root = square_root(0.75 * fixed_root_start(power * (1 / 0.75)));
        return in.grows ? first_step(left, offset, root) : root;
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
        const bool may_rest = in.excused && in.box.lower <= 0;
        const Best best = FixedLaw::best(in, p, q, e, may_rest ? worthless_end(p, q, e) : none());
        ResponseLanes r = response(p, q, best);
        fill_response(in, q, e, select(best.at.rate > 0, best.at.u, fill(1)), r);
        return r;
    }

    struct Best {
        FixedPoint at;
        Lanes inverse_each;
        Mask free;  // neither end of the box holds the samples
    };

    // Whose lower end is worth nothing: with e^u - 1 > u a rate costs at least 2 sqrt(band mu noise
    // rate), and is worth the fewest samples at most.
    MEL_INLINE Mask worthless_end(const PriceConstants& p, const DemandLanes& q, const Ends& e) {
        return 4 * p.band * p.mu * q.noise * (q.alpha * e.low + q.beta) >
               (e.low * e.low * (1 + 1e-6)) * e.low_slack;
    }

    // `no_end`: for whom the lower end is no choice where the value rises again.
    template <class Roots = FixedLaw, class Bound>
    MEL_INLINE Best best(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                         const EndsOf<Bound>& e, Mask no_end = none(), const Roots& roots = {}) {
        const Mask sound = e.possible & (q.shape > fill(0));
        DemandLanes safe = q;
        safe.shape = select(sound, q.shape, fill(1));
        safe.valid = sound;
        const auto w = roots.wish(in, p, safe);
        const Mask found = w.found & sound;
        const Lanes low_slack = select(e.possible, e.low_slack, fill(1));
        const Lanes high_slack = select(e.possible, e.high_slack, fill(1));
        const Lanes bounded = smaller(larger(w.slack, high_slack), low_slack);
        // Without an interior maximum the lower end is best; with nothing to send, the upper.
        const Lanes slack = select(found, bounded, select(sound, low_slack, high_slack));
        Best b;
        b.inverse_each = w.inverse_each;
        b.free = found & (slack == w.slack);
        safe.valid = q.valid & e.possible;
        b.at = fixed_point<Roots>(p, safe, e, w.inverse_each, slack, b.free, w.root);
        if (in.grows) {
            // The value may rise again towards the lower end, which is worth at most its samples.
            const Mask doubt = sound & found & ~no_end & (b.at.samples - b.at.cost < fill(e.low));
            if (any(doubt)) {
                safe.valid = doubt;
                const FixedPoint low =
                    fixed_point<Roots>(p, safe, e, w.inverse_each, low_slack, none(), w.root);
                const Mask lower = doubt & (low.samples - low.cost > b.at.samples - b.at.cost);
                b.at = choose(lower, low, b.at);
                b.free = b.free & ~lower;
            }
        }
        return b;
    }

    MEL_INLINE ResponseLanes response(const PriceConstants& p, const DemandLanes& q,
                                      const Best& best) {
        const FixedPoint& f = best.at;
        ResponseLanes r;
        r.samples = f.samples;
        r.slack = f.slack;
        r.rate = f.rate;
        r.bandwidth = f.bandwidth;
        r.power = f.power;
        r.cost = f.cost;
        r.inverse_slack = f.inverse_slack;
        const Mask sends = f.rate > 0;
        const Inverses by = inverses(select(sends, f.rate, fill(1)), 2 + f.u);
        const Lanes inverse_rate = only(sends, by.x);
        const Lanes stretch = by.y;
        r.hurry = f.rate * f.inverse_slack;
        r.most = q.budget * best.inverse_each;
        r.unit_cost = p.band * f.inverse_u;
        r.band_slope = ln2 * f.inverse_u * (1 + f.u) * stretch;
        r.power_slope = (f.power + q.noise) * f.u * stretch * inverse_rate;
        const Lanes slope = q.shape * f.inverse_slack * f.inverse_slack;
        const Lanes second =
            r.unit_cost * slope * (2 * q.each * f.inverse_slack - slope * stretch * inverse_rate);
        r.interior =
            only(best.free & (second > 0), slope * slope / select(second > 0, second, fill(1)));
        r.curvature = f.bandwidth * stretch;
        return r;
    }

    // Who needs no root of d - cost: whoever can not take part; and those whose value has surely no
    // interior maximum, so that the lower end is best. `hard`: all others.
    struct Sorted {
        Mask hard, low;
    };
    MEL_INLINE Sorted sorted(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                             const Ends& e) {
        const bool may_rest = in.excused && in.box.lower <= 0;
        const double root_band = __builtin_sqrt(p.band);
        const Lanes root_shape = square_root(only(q.shape > fill(0), q.shape));
        const Lanes y = root_shape * (p.ratio * ln2 / root_band) / (q.each * q.noise);
        const Mask usual = e.possible & (y > least_curve) & (y < fill(most_curve));
        const RootCurves r = root_curves(logarithm_rough(select(usual, y, fill(1))));
        // The offset over left is alpha sqrt(band / shape).
        Mask low = usual & (q.alpha * root_band * r.under > beyond_curve * root_shape * r.most);
        if (may_rest) low = low & worthless_end(p, q, e);
        return {e.possible & ~low, low};
    }

    // The response of those: the lower end, for whoever may not rest.
    template <class Roots = FixedLaw>
    MEL_INLINE ResponseLanes at_low_end(const KernelInput& in, const PriceConstants& p,
                                        const DemandLanes& q, const Ends& e, const Sorted& s) {
        const bool may_rest = in.excused && in.box.lower <= 0;
        const Mask low = s.low;
        ResponseLanes r{};
        r.slack = r.inverse_slack = fill(1);
        Lanes u = fill(1);
        if (!may_rest && any(low)) {
            r.slack = select(low, e.low_slack, fill(1));
            r.samples = fill(e.low);
            const Inverses by = inverses(r.slack, q.noise);
            r.inverse_slack = by.x;
            r.rate = larger(q.alpha * r.samples + q.beta, fill(0)) * by.x;
            const Mask sends = low & (r.rate > 0);
            const auto root = Roots::root(select(sends, p.ratio * ln2 * r.rate * by.y, fill(1)));
            u = root.u;
            r.bandwidth = only(sends, r.rate * ln2 * root.inverse);
            r.power = only(sends, q.noise * root.gain);
            r.cost = p.lambda * r.bandwidth + p.mu * r.power;
            r.hurry = r.rate * by.x;
            r.unit_cost = p.band * root.inverse;
            r.curvature = r.bandwidth * root.stretch;
            r.most = q.budget * (1 / q.each);
        }
        fill_response(in, q, e, u, r);
        r.active = r.active & low;
        r.doubtful = r.doubtful & ~s.hard;
        return r;
    }
};

}  // namespace mel::MEL_ISA
