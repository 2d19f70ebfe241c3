// The fixed law's best real samples of a run of learners, and what they are worth, to seven digits.
// At a best response an error of the root counts squared.
#pragma once

#include "kernels/fixed_lanes.hpp"
#include "kernels/run_columns.hpp"

namespace mel::MEL_ISA {

// Newton's step where the root of d - cost is taken, as a share of it.
inline constexpr double near_enough = 1e-5;

// The interior maxima of d - cost, as FixedLaw::wish finds them, by one exponential each: Halley's
// step from the curves, and Newton's step there says how far the root may still be. Whoever is not
// near by then is looked at as there.
class NearWishes {
  public:
    struct Wish {
        Lanes slack, inverse_each;
        KnownGain root;
        Mask found;
    };

    MEL_ZIP void look_at(const KernelInput& in, const PriceConstants& p, const Run& run) {
        look_at(in, p, run, [&](std::size_t at) MEL_LOOP { return sound(in, at); });
    }
    // `sound` says what a learner's deadline asks; shapes may have other worths of a sample in
    // them.
    template <class Sound>
    MEL_ZIP void look_at(const KernelInput& in, const PriceConstants& p, const Run& run,
                         Sound&& sound) {
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = sound(at);
            const Inverses by = inverses(q.each, q.noise);
            const Lanes left = square_root(q.shape * (1 / p.band)) * by.x;
            const Lanes y = left * by.y * (p.ratio * ln2);
            const Mask wanted = (left > fill(0)) & q.valid;
            const Mask usual = wanted & (y > least_curve) & (y < fill(most_curve));
            left_.put(i, left);
            inverse_each_.put(i, by.x);
            found_.put(i, wanted);
            usual_.put(i, usual);
            y_.put(i, rough(select(usual, y, fill(1))));
            share_.put(i, rough(q.alpha * by.x) / rough(left));
        });
        each_place(run, [&](std::size_t i) MEL_LOOP {
            const RootCurves r = root_curves(logarithm_rough(y_[i]));
            const Rough share = share_[i] * r.under / r.most;
            from_.put(i, lanes(FixedLaw::curved(r, 1 / r.under, share)));
            const Mask hopeless = usual_[i] & lanes(share > roughly(just_beyond_curve));
            found_.put(i, found_[i] & ~hopeless);
        });
        each_place(run, [&](std::size_t i) MEL_LOOP {
            const Lanes from = from_[i];
            const Exponential e = exponential(smaller(from * from, fill(690)));
            gain_.put(i, e.minus_one);
            value_.put(i, e.value);
        });
        each_of_run(
            run, [&](std::size_t at, std::size_t i, int) MEL_LOOP { step(in, p, at, i, sound); });
    }

    MEL_ZIP Wish wish(const PriceConstants& p, const DemandLanes& q, std::size_t i) const {
        Wish w;
        const Lanes root = from_[i];
        const Lanes inverse = 1 / root;
        w.root.u = root * root;
        w.root.inverse = inverse * inverse;
        w.root.gain = gain_[i];
        w.inverse_each = inverse_each_[i];
        w.slack = p.band * left_[i] * q.each * inverse;
        w.found = found_[i];
        return w;
    }
    // The square root of that u to the last bits, by one more step.
    MEL_ZIP Lanes fine_root(const PriceConstants& p, const DemandLanes& q, std::size_t i) const {
        const Lanes root = from_[i];
        const Lanes right = q.noise * (1 / (p.ratio * ln2));
        const FixedLaw::Step to =
            FixedLaw::halley(left_[i], q.alpha * inverse_each_[i], right, root);
        return select(found_[i] & to.falls, to.root, root);
    }
    MEL_ZIP Lanes left(std::size_t i) const { return left_[i]; }

  private:
    // As FixedLaw::best asks.
    MEL_INLINE DemandLanes sound(const KernelInput& in, std::size_t at) {
        DemandLanes q = demand_lanes(in, at);
        q.valid = ends_of(in, q).possible & (q.shape > fill(0));
        q.shape = select(q.valid, q.shape, fill(1));
        return q;
    }

    template <class Sound>
    MEL_ZIP void step(const KernelInput& in, const PriceConstants& p, std::size_t at, std::size_t i,
                      Sound&& sound) {
        const Lanes from = from_[i], left = left_[i], value_of_e = value_[i];
        const Lanes right = load(in.noise + at) * (1 / (p.ratio * ln2));
        const Lanes offset =
            amount(in.send_bits_per_sample_each, in.send_bits_per_sample, at) * inverse_each_[i];
        const Lanes from_u = from * from;
        const Lanes h = right * from_u * value_of_e;
        const Lanes value = left * from - offset - h * from_u;
        const Lanes slope = left - h * from * (4 + 2 * from_u);
        const Lanes bent = value * h * (12 + from_u * (18 + 4 * from_u));
        const Lanes square = slope * slope;
        const Mask mild = magnitude(bent) < 0.5 * square;  // the slope at the root is much the same
        Lanes root = from - 2 * value * slope / (2 * square + bent);
        const Lanes u = root * root;
        const Lanes d = u - from_u;
        // e^d - 1
        const Lanes growth =
            d * ((1 + d * (1.0 / 2)) +
                 (d * d) * ((1.0 / 6 + d * (1.0 / 24)) + (d * d) * (1.0 / 120 + d * (1.0 / 720))));
        const Lanes grown = value_of_e + value_of_e * growth;
        const Lanes rest = left * root - offset - right * (u * u) * grown;
        const Mask near = usual_[i] & (slope < -0.05 * left) & mild & (magnitude(d) < fill(0.1)) &
                          (magnitude(rest) <= near_enough * root * -slope);
        Lanes gain = gain_[i] + value_of_e * growth;
        const Mask found = found_[i];
        const Mask far = found & ~near;
        if (any(far)) {
            DemandLanes others = sound(at);
            others.valid = far;
            const FixedLaw::Wish exact = FixedLaw::wish(in, p, others);
            found_.put(i, (found & near) | (far & exact.found));
            root = select(far, square_root(exact.root.u), root);
            gain = select(far, gain_of(exact.root), gain);
        }
        from_.put(i, root);
        gain_.put(i, gain);
    }

    RunColumn left_, inverse_each_, from_, gain_, value_;
    RoughColumn y_, share_;
    MaskColumn found_, usual_;
};

// One place of those, as the roots of FixedLaw::best.
struct NearRoots : ExactRoots {
    using Known = KnownGain;
    const NearWishes& wishes;
    std::size_t i;

    MEL_ZIP NearRoots(const NearWishes& of, std::size_t place) : wishes(of), i(place) {}
    MEL_ZIP NearWishes::Wish wish(const KernelInput&, const PriceConstants& p,
                                  const DemandLanes& q) const {
        return wishes.wish(p, q, i);
    }
};

// Whose value surely has no interior maximum (FixedLaw::sorted), by single-precision columns.
struct LowEndColumns {
    RoughColumn y, share;

    MEL_ZIP void put(std::size_t i, const PriceConstants& p, const DemandLanes& q, Rough root_shape,
                     double root_band) {
        y.put(i, root_shape * (p.ratio * ln2 / root_band) / rough(q.each * q.noise));
        share.put(i, rough(q.alpha) * root_band / root_shape);
    }
    MEL_ZIP RoughMask beyond(std::size_t i) const {
        const Rough here = y[i];
        const RoughMask usual = (here > roughly(least_curve)) & (here < roughly(most_curve));
        const RootCurves r = root_curves(logarithm_rough(select(usual, here, roughly(1))));
        return usual & (share[i] * r.under > just_beyond_curve * r.most);
    }
};

// Who needs no root of d - cost (FixedLaw::sorted), and what those are worth.
class NearSorting {
  public:
    MEL_ZIP void look_at(const KernelInput& in, const PriceConstants& p, const Run& run) {
        const double root_band = __builtin_sqrt(p.band);
        const bool may_rest = in.excused && in.box.lower <= 0;
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = demand_lanes(in, at);
            const Rough root_shape = square_root(not_below_zero(rough(q.shape)));
            curves_.put(i, p, q, root_shape, root_band);
        });
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const RoughMask beyond = curves_.beyond(i);
            const DemandLanes q = demand_lanes(in, at);
            const Ends e = ends_of(in, q);
            Mask low = e.possible & lanes(beyond);
            if (may_rest) low = low & FixedLaw::worthless_end(p, q, e);
            low_.put(i, low);
            hard_.put(i, e.possible & ~low);
        });
    }
    MEL_ZIP Mask hard(std::size_t i) const { return hard_[i]; }
    MEL_ZIP Mask low(std::size_t i) const { return low_[i]; }

    // Of those who may not rest: the cost of the lower end.
    MEL_ZIP void price(const KernelInput& in, const PriceConstants& p, const Run& run) {
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = demand_lanes(in, at);
            const Ends e = ends_of(in, q);
            const Inverses by = inverses(select(low_[i], e.low_slack, fill(1)), q.noise);
            const Lanes rate = larger(q.alpha * e.low + q.beta, fill(0)) * by.x;
            rate_.put(i, rate);
            inverse_slack_.put(i, by.x);
            argument_.put(i, select(low_[i] & (rate > 0), p.ratio * ln2 * rate * by.y, fill(1)));
        });
        near_fixed_roots(argument_, run, roots_);
    }
    // The response of those, for a bound.
    MEL_ZIP ResponseLanes respond(const KernelInput& in, const PriceConstants& p, std::size_t at,
                                  std::size_t i) const {
        const bool may_rest = in.excused && in.box.lower <= 0;
        const DemandLanes q = demand_lanes(in, at);
        const Ends e = ends_of(in, q);
        ResponseLanes r{};
        r.slack = r.inverse_slack = fill(1);
        Lanes u = fill(1);
        if (!may_rest) {
            r.slack = select(low_[i], e.low_slack, fill(1));
            r.samples = fill(e.low);
            r.inverse_slack = inverse_slack_[i];
            r.rate = rate_[i];
            const Mask sends = low_[i] & (r.rate > 0);
            u = roots_.u[i];
            r.bandwidth = only(sends, r.rate * ln2 * roots_.inverse[i]);
            r.power = only(sends, q.noise * roots_.gain[i]);
            r.cost = p.lambda * r.bandwidth + p.mu * r.power;
            r.most = q.budget * (1 / q.each);
        }
        fill_response(in, q, e, u, r);
        r.active = r.active & low_[i];
        r.doubtful = r.doubtful & ~hard_[i];
        return r;
    }

  private:
    LowEndColumns curves_;
    MaskColumn hard_, low_;
    RunColumn rate_, inverse_slack_, argument_;
    NearColumns roots_;
};

// Of gathered learners, once their wishes are known.
MEL_INLINE ResponseLanes near_response(const KernelInput& in, const PriceConstants& p,
                                       const NearWishes& wishes, std::size_t at, std::size_t i) {
    const DemandLanes q = demand_lanes(in, at);
    const Ends e = ends_of(in, q);
    const bool may_rest = in.excused && in.box.lower <= 0;
    const FixedLaw::Best best = FixedLaw::best(
        in, p, q, e, may_rest ? FixedLaw::worthless_end(p, q, e) : none(), NearRoots(wishes, i));
    ResponseLanes r = FixedLaw::response(p, q, best);
    fill_response(in, q, e, select(best.at.rate > 0, best.at.u, fill(1)), r);
    return r;
}

}  // namespace mel::MEL_ISA
