// The best whole samples of eight learners with bounds and caps of their own: as whole_lanes.hpp,
// with what a rate costs within the caps. Beyond a cap marginal costs rise without a jump, so that
// the two neighbours of the best real number are enough there, too.
#pragma once

#include "kernels/limits_lanes.hpp"
#include "kernels/whole_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr double blurred_wish = 1e-8;  // relative: more than a slack wished for errs by
inline constexpr double last_step = 1e-6;  // of a root at a power cap: its cube is below rounding

// Whether samples meet the deadline at a rate within both caps.
MEL_INLINE Leeway leeway_of(const KernelInput& in, const DemandLanes& q, const LimitedEnds& l,
                            Lanes d) {
    const double guard = rounding::end_of_cycle * in.point.cycle_s;
    Leeway r;
    r.slack = q.budget - q.each * d;
    const Lanes room = r.slack - l.cap_slack;
    r.allowed = room > fill(guard);
    r.unsure = magnitude(room) <= fill(guard);
    return r;
}

// What the cheapest purchase of a rate is without caps, made what it is within them.
template <class Caps>
MEL_INLINE void keep_within(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                            std::size_t k, Lanes rate, Mask m, WholeLanes& w) {
    if (!in.max_rate) return;
    const CapLanes cap = caps_of(in, k);
    const Mask over = m & ((w.bandwidth > cap.bandwidth) | (w.power > cap.power));
    if (!any(over)) return;
    const Mask band_first = Caps::band_first(p, q, cap, w.bandwidth, w.power);
    const Mask by_band = over & band_first;
    const Mask by_power = over & ~band_first;
    const Lanes band = select(by_band, cap.bandwidth, fill(1));
    const Lanes some_rate = select(over, rate, fill(1));
    CappedLanes paid = at_band_cap(p.mu, band, ln2 / band, Caps::watt(q.noise, band), some_rate);
    if (any(by_power)) {
        const Lanes power = select(by_power, cap.power, fill(1));
        const Lanes start = Caps::cap_gain(q.noise, power);
        Mask converged;
        paid = choose(by_power,
                      Caps::at_power_cap(p, q.noise, power, some_rate, start, none(), by_power,
                                         converged, last_step),
                      paid);
        w.unsure = w.unsure | (by_power & ~converged);
    }
    const Lanes bandwidth = smaller(paid.bandwidth, cap.bandwidth);
    const Lanes watts = smaller(paid.power, cap.power);
    const Lanes cost = p.lambda * bandwidth + p.mu * watts;
    w.bandwidth = select(over, bandwidth, w.bandwidth);
    w.power = select(over, watts, w.power);
    w.cost = select(over, cost, w.cost);
    w.stake = select(over, larger(cost, paid.unit_cost * some_rate), w.stake);
    w.unsure = w.unsure | (over & ~((paid.log_gain > 1e-60) & (paid.log_gain < fill(250))));
}

struct WholeEnds {
    LimitedEnds limited;
    Lanes cap_samples;  // real: what both caps together carry
};

MEL_INLINE WholeEnds whole_ends(const KernelInput& in, const DemandLanes& q, std::size_t k,
                                Lanes inverse_each) {
    WholeEnds e;
    e.limited = limited_ends(in, q, k);
    e.cap_samples = (q.budget - e.limited.cap_slack) * inverse_each;
    return e;
}

// The best real samples within the caps, wherever the box ends, from those without caps.
struct RealWish {
    Lanes samples;
    Mask coarse;  // not good enough to tell its neighbours
};

template <class Caps>
MEL_INLINE RealWish wish_within(const KernelInput& in, const PriceConstants& p,
                                const DemandLanes& q, const WholeEnds& e, std::size_t k,
                                Lanes slack, Lanes bandwidth, Lanes power, Lanes inverse_each,
                                Mask m) {
    RealWish r{(q.budget - slack) * inverse_each, none()};
    if (in.max_rate) {
        const CapLanes cap = caps_of(in, k);
        const Mask over = m & ((bandwidth > cap.bandwidth) | (power > cap.power));
        if (any(over)) {
            const Mask band_first = Caps::band_first(p, q, cap, bandwidth, power);
            const CappedBy by = {over & band_first, over & ~band_first};
            const CappedWish w = capped_wish<Caps>(p, q, stood_at(cap, by), inverse_each, by);
            const Lanes x = (q.budget - w.slack) * inverse_each;
            const Lanes blur = blurred_wish * (w.slack * inverse_each);
            const Mask near = (x < e.limited.ends.high + blur) & (x > e.limited.ends.low - blur);
            r.samples = select(over, x, r.samples);
            r.coarse = over & (~w.converged | ((blur > fill(clear_of_integers)) & near));
        }
    }
    r.samples = smaller(r.samples, e.cap_samples);
    return r;
}

MEL_INLINE void finish_limited(const KernelInput& in, const DemandLanes& q, const LimitedEnds& l,
                               Mask unsure, WholeLanes& w, double stretch) {
    const EndsOf<Lanes>& e = l.ends;
    const Lanes value = w.samples - w.cost;
    const double reserve = 4 * rounding::end_of_cycle * in.point.cycle_s;
    const Mask hidden = ~e.possible & (e.low <= e.high) &
                        (e.low_slack - l.cap_slack > fill(-reserve)) & (q.budget > fill(-reserve));
    w.active = e.possible & (~l.may_rest | (value > 0));
    w.impossible = q.valid & ~e.possible & ~l.may_rest;
    // One sample more than is held may be what rounding hides at the end of the cycle.
    const Mask last = leeway_of(in, q, l, w.samples + 1).unsure & (w.samples < e.high);
    const Lanes share = value / larger(w.samples, fill(1));
    w.preference = select(l.may_rest, smaller(w.preference, share), w.preference);
    // Where taking part is worth nothing, rounding decides whether it is.
    const Mask idle = l.may_rest & ((magnitude(value) <= 1e-9 * w.samples) |
                                    may_lead(in, magnitude(value), w.stake, w.slack, stretch));
    w.unsure = q.valid & (hidden | (e.possible & (unsure | last | idle)));
}

struct LimitedWholeDensity {
    MEL_INLINE WholeLanes respond(const KernelInput& in, const PriceConstants& p, std::size_t k) {
        return respond_to(in, p, k, demand_lanes(in, k));
    }
    MEL_INLINE WholeLanes respond_to(const KernelInput& in, const PriceConstants& p, std::size_t k,
                                     const DemandLanes& q, double stretch = 1) {
        const Lanes inverse_each = 1 / q.each;
        const WholeEnds e = whole_ends(in, q, k, inverse_each);
        const DensityRoot root = density_root(p.ratio / q.noise);
        const Lanes band_slope = ln2 / root.log_gain;
        const Lanes watt = root.gain * q.noise;
        const Lanes unit_cost = (p.lambda + p.mu * watt) * band_slope;
        const Lanes slack = square_root(unit_cost * q.shape);
        const Mask sends = q.shape > 0;
        const Lanes rate = (q.shape / select(sends, slack, fill(1)) - q.alpha) * inverse_each;
        const Lanes band = rate * band_slope;
        const RealWish x = wish_within<DensityCaps>(in, p, q, e, k, slack, band, band * watt,
                                                    inverse_each, sends & e.limited.ends.possible);
        const Neighbours n = neighbours(e.limited.ends, x.samples);
        const auto bought = [&](Lanes d, const Leeway& r) {
            const Lanes bits = (q.alpha * d + q.beta) / select(r.allowed, r.slack, fill(1));
            WholeLanes w;
            w.samples = d;
            w.slack = r.slack;
            w.bandwidth = bits * band_slope;
            w.power = w.bandwidth * watt;
            w.cost = w.stake = bits * unit_cost;
            w.unsure = none();
            keep_within<DensityCaps>(in, p, q, k, bits, r.allowed & (bits > 0), w);
            return w;
        };
        const Leeway low = leeway_of(in, q, e.limited, n.below);
        const Leeway high = leeway_of(in, q, e.limited, n.above);
        WholeLanes w = bought(n.below, low);
        const WholeLanes more = bought(n.above, high);
        const Mask far = ~((root.log_gain > 1e-60) & (root.log_gain < fill(250)));
        Mask unsure = low.unsure | high.unsure | ~low.allowed | n.unsure | far | w.unsure |
                      (high.allowed & more.unsure) | x.coarse;
        const Lanes dearer = more.cost - w.cost, next = n.above - n.below;
        const Mask up = high.allowed & (next > dearer);
        unsure = unsure | (high.allowed & ~up & (next > fill(0)) &
                           may_lead(in, dearer - next, more.stake, high.slack, stretch));
        WholeFixed::take(up, more, w);
        w.preference = fill(no_other);
        finish_limited(in, q, e.limited, unsure, w, stretch);
        return w;
    }
};

struct LimitedWholeFixed {
    MEL_INLINE WholeLanes respond(const KernelInput& in, const PriceConstants& p, std::size_t k) {
        return respond_to(in, p, k, demand_lanes(in, k));
    }
    MEL_INLINE WholeLanes respond_to(const KernelInput& in, const PriceConstants& p, std::size_t k,
                                     const DemandLanes& q, double stretch = 1) {
        const Lanes inverse_each = 1 / q.each;
        const WholeEnds ends = whole_ends(in, q, k, inverse_each);
        const EndsOf<Lanes>& e = ends.limited.ends;
        DemandLanes safe = q;
        safe.valid = e.possible & (q.shape > fill(0));
        safe.shape = select(safe.valid, q.shape, fill(1));
        const FixedLaw::Wish wish = FixedLaw::wish(in, p, safe, true);
        const Mask found = safe.valid & wish.found;
        const Mask falls = safe.valid & ~wish.found;
        const Lanes rate = (q.shape / select(found, wish.slack, fill(1)) - q.alpha) * inverse_each;
        const Lanes band = rate * ln2 / select(found, wish.root.u, fill(1));
        const Lanes watts =
            q.noise *
            exponential(smaller(select(found, wish.root.u, fill(1)), fill(690))).minus_one;
        const RealWish x = wish_within<FixedCaps>(in, p, safe, ends, k, wish.slack, band, watts,
                                                  inverse_each, found & (rate > 0));
        Neighbours n = neighbours(e, x.samples);
        // Without an interior maximum the lower end is best.
        n.below = select(falls, e.low, n.below);
        n.above = select(falls, e.low, n.above);
        const Leeway low = leeway_of(in, q, ends.limited, n.below);
        const Leeway high = leeway_of(in, q, ends.limited, n.above);
        // The wish's slack is good to 1e-12; well beyond the box its end is best all the same.
        const Lanes blur = 1e-11 * (wish.slack * inverse_each);
        const Mask coarse = x.coarse | ((blur > fill(clear_of_integers)) &
                                        (x.samples < e.high + blur) & (x.samples > e.low - blur));
        const auto bought = [&](Lanes d, const Leeway& r, Mask m) {
            WholeLanes w = WholeFixed::bought(p, q, d, r, m);
            const Lanes bits = (q.alpha * d + q.beta) / select(r.allowed, r.slack, fill(1));
            keep_within<FixedCaps>(in, p, q, k, bits, m & r.allowed & (bits > 0), w);
            return w;
        };
        Mask unsure =
            low.unsure | high.unsure | ~low.allowed | ~safe.valid | (~falls & (n.unsure | coarse));
        WholeLanes w = bought(n.below, low, safe.valid);
        const WholeLanes more = bought(n.above, high, safe.valid & high.allowed);
        unsure = unsure | w.unsure | more.unsure;
        unsure = unsure | WholeFixed::take_better(in, high.allowed, more, w, stretch);
        w.preference = select(falls, fill(-no_other), fill(no_other));
        if (in.grows) {
            // The value may rise again towards the lower end, which is worth at most its samples.
            // Looked at, too, where prices need change little for that.
            const Mask doubt =
                safe.valid & wish.found & (w.samples - w.cost < e.low + soon_switching * w.samples);
            if (any(doubt)) {
                const Leeway end = leeway_of(in, q, ends.limited, e.low);
                const WholeLanes least = bought(e.low, end, doubt & end.allowed);
                unsure = unsure | (doubt & (end.unsure | least.unsure));
                const Lanes more_worth = w.samples - w.cost - (least.samples - least.cost);
                const Mask switching = doubt & end.allowed;
                w.preference =
                    select(switching, more_worth / larger(w.samples, fill(1)), w.preference);
                const Mask lower = switching & (more_worth < fill(0));
                unsure = unsure | (lower & may_lead(in, -more_worth, w.stake, w.slack, stretch));
                WholeFixed::take(lower, least, w);
            }
        }
        finish_limited(in, q, ends.limited, unsure, w, stretch);
        return w;
    }
};

}  // namespace mel::MEL_ISA
