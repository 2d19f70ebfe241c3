// What a learner with a choice does at given prices: nothing where it may rest, or the best whole
// samples within bounds and of a worth of its own. What is unusual is left to the scalar response,
// as in whole_lanes.hpp.
#pragma once

#include "kernels/whole_lanes.hpp"

namespace mel::MEL_ISA {

// What a learner with some samples pays for them.
struct PaidLanes {
    Lanes samples, slack, bandwidth, power, cost;
    Mask unsure;
};

MEL_INLINE PaidLanes choose(Mask m, const PaidLanes& x, const PaidLanes& y) {
    return {select(m, x.samples, y.samples),     select(m, x.slack, y.slack),
            select(m, x.bandwidth, y.bandwidth), select(m, x.power, y.power),
            select(m, x.cost, y.cost),           (m & x.unsure) | (~m & y.unsure)};
}

// A sample is worth `worth`: the response is that at the prices divided by it.
struct ChoiceDensity {
    struct Market {
        Lanes band_slope, watt, unit_cost;
        Mask far;  // beyond the range in which the root is good
    };
    MEL_INLINE Market market(const PriceConstants& p, const DemandLanes& q) {
        const DensityRoot root = density_root(p.ratio / q.noise);
        Market m;
        m.band_slope = ln2 / root.log_gain;
        m.watt = root.gain * q.noise;
        m.unit_cost = (p.lambda + p.mu * m.watt) * m.band_slope;
        m.far = ~((root.log_gain > 1e-60) & (root.log_gain < fill(250)));
        return m;
    }

    MEL_INLINE PaidLanes paid(const PriceConstants&, const DemandLanes& q, const Market& m, Lanes d,
                              const Leeway& r, Mask) {
        const Lanes rate = WholeDensity::rate(q, d, r);
        PaidLanes w;
        w.samples = d;
        w.slack = r.slack;
        w.bandwidth = rate * m.band_slope;
        w.power = w.bandwidth * m.watt;
        w.cost = rate * m.unit_cost;
        w.unsure = m.far | r.unsure;
        return w;
    }

    MEL_INLINE PaidLanes best(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                              const Market& m, const EndsOf<Lanes>& e, Lanes worth) {
        const Lanes wish = square_root(m.unit_cost * q.shape / worth);
        const Neighbours n = neighbours(e, (q.budget - wish) / q.each);
        const Leeway low = leeway_of(in, q, n.below);
        const Leeway high = leeway_of(in, q, n.above);
        const PaidLanes less = paid(p, q, m, n.below, low, e.possible);
        const PaidLanes more = paid(p, q, m, n.above, high, e.possible);
        const Mask up = high.allowed & (worth * (n.above - n.below) >
                                        m.unit_cost * (WholeDensity::rate(q, n.above, high) -
                                                       WholeDensity::rate(q, n.below, low)));
        PaidLanes w = choose(up, more, less);
        w.unsure = less.unsure | more.unsure | ~low.allowed | n.unsure;
        return w;
    }
};

struct ChoiceFixed {
    struct Market {};
    MEL_INLINE Market market(const PriceConstants&, const DemandLanes&) { return {}; }

    MEL_INLINE PaidLanes paid(const PriceConstants& p, const DemandLanes& q, const Market&, Lanes d,
                              const Leeway& r, Mask m) {
        const WholeLanes w = WholeFixed::bought(p, q, d, r, m & r.allowed);
        return {w.samples, w.slack, w.bandwidth, w.power, w.cost, w.unsure | (m & r.unsure)};
    }

    MEL_INLINE PaidLanes best(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                              const Market& m, const EndsOf<Lanes>& e, Lanes worth) {
        DemandLanes safe = q;
        safe.valid = e.possible & (q.shape > fill(0));
        safe.shape = select(safe.valid, q.shape * worth, fill(1));
        FixedLaw::Wish wish = FixedLaw::wish(in, p, safe, true);
        wish.slack = wish.slack / worth;
        const Lanes inverse_each = 1 / q.each;
        const Lanes x = (q.budget - wish.slack) * inverse_each;
        Neighbours n = neighbours(e, x);
        // Without an interior maximum the lower end is best.
        const Mask falls = safe.valid & ~wish.found;
        n.below = select(falls, e.low, n.below);
        n.above = select(falls, e.low, n.above);
        const Leeway low = leeway_of(in, q, n.below);
        const Leeway high = leeway_of(in, q, n.above);
        const Lanes blur = 1e-11 * (wish.slack * inverse_each);
        const Mask coarse =
            (blur > fill(clear_of_integers)) & (x < e.high + blur) & (x > e.low - blur);
        const PaidLanes less = paid(p, q, m, n.below, low, safe.valid);
        const PaidLanes more = paid(p, q, m, n.above, high, safe.valid);
        Mask unsure =
            less.unsure | more.unsure | ~low.allowed | ~safe.valid | (~falls & (n.unsure | coarse));
        const Mask up =
            high.allowed & (worth * (more.samples - less.samples) > more.cost - less.cost);
        PaidLanes w = choose(up, more, less);
        if (in.grows) {
            // The value may rise again towards the lower end, which is worth at most its samples.
            const Lanes value = worth * w.samples - w.cost;
            const Mask doubt =
                safe.valid & wish.found & (value < worth * (e.low + 1e-6 * w.samples));
            if (any(doubt)) {
                const Leeway end = leeway_of(in, q, e.low);
                const PaidLanes least = paid(p, q, m, e.low, end, doubt);
                unsure = unsure | (doubt & (end.unsure | least.unsure));
                const Mask lower =
                    doubt & end.allowed & (worth * least.samples - least.cost > value);
                w = choose(lower, least, w);
            }
        }
        w.unsure = unsure;
        return w;
    }
};

struct ChosenLanes {
    PaidLanes best;
    Lanes net, size, condition, margin;
    Mask takes, impossible, unsure;
};

template <class Law>
MEL_INLINE ChosenLanes chosen_lanes(const KernelInput& in, const ChoiceInput& c,
                                    const PriceConstants& p, std::size_t k) {
    const DemandLanes q = demand_lanes(in, k);
    const Lanes worth = amount(c.weight, 1, k) * c.per_sample;
    const Lanes stated = amount(c.high, c.box.upper, k);
    const Mask rests = c.rests ? load(c.rests + k) > fill(0) : fill(c.all_rest ? 1 : 0) > fill(0);
    EndsOf<Lanes> e;
    e.low = amount(c.low, c.box.lower, k);
    // Served without samples is a choice of its own where taking part has a value.
    const Mask bare = c.counts ? ~rests & (e.low <= fill(0)) : none();
    e.low = select(bare, fill(1), e.low);
    e.high = c.per_sample > 0 ? stated : e.low;
    e.low_slack = q.budget - q.each * e.low;
    e.least = q.budget * rounding::end_of_cycle;
    e.possible = (q.budget > 0) & (e.low_slack >= e.least) & (e.low <= stated) & q.valid;
    const auto m = Law::market(p, q);
    PaidLanes some;
    if (c.per_sample > 0) {
        some = Law::best(in, p, q, m, e, worth);
    } else {
        const Leeway r = leeway_of(in, q, e.low);
        some = Law::paid(p, q, m, e.low, r, e.possible);
        some.unsure = some.unsure | ~r.allowed;
    }
    const double reserve = 4 * rounding::end_of_cycle * in.point.cycle_s;
    const Mask hidden = ~e.possible & (e.low_slack > fill(-reserve)) & (e.low <= stated);
    // One sample more than is held may be what rounding hides at the end of the cycle.
    const Mask last = leeway_of(in, q, some.samples + 1).unsure;
    ChosenLanes r;
    r.unsure = hidden | (e.possible & (some.unsure | last));

    PaidLanes rest{fill(0), fill(1), fill(0), fill(0), fill(0), none()};
    Mask can_rest = rests;
    if (any(bare)) {
        const Leeway leeway = leeway_of(in, q, fill(0));
        const PaidLanes bought = Law::paid(p, q, m, fill(0), leeway, bare);
        rest = choose(bare, bought, rest);
        can_rest = can_rest | (bare & leeway.allowed & (stated >= fill(0)));
        r.unsure = r.unsure | (bare & (leeway.unsure | bought.unsure));
    }
    const double own = __builtin_fabs(c.per_learner);
    const Lanes net = worth * some.samples - some.cost +
                      select(some.samples > fill(0), fill(c.per_learner), fill(0));
    const Lanes idle = -rest.cost;
    r.takes = e.possible & (~can_rest | (net > idle));
    r.best = choose(r.takes, some, rest);
    r.net = select(r.takes, net, idle);
    const Lanes one = worth * some.samples + own + some.cost;
    const Lanes none_at_all = own + rest.cost;
    r.size = select(r.takes, one, none_at_all);
    r.condition = r.best.cost / r.best.slack;
    // What was not chosen counts with its rounding where it was nearly as good.
    const Mask either = e.possible & can_rest;
    const Lanes other = select(r.takes, none_at_all, one);
    const Mask near = either & (magnitude(net - idle) <= nearly_as_good * other);
    r.size = r.size + only(near, other);
    r.condition =
        r.condition + only(near, select(r.takes, rest.cost / rest.slack,
                                        some.cost / select(e.possible, some.slack, fill(1))));
    r.margin =
        select(either, net - idle, select(e.possible & ~can_rest, fill(no_other), fill(-no_other)));
    r.impossible = q.valid & ~e.possible & ~can_rest;
    r.unsure = r.unsure & q.valid;
    r.takes = r.takes & ~r.unsure;
    return r;
}

}  // namespace mel::MEL_ISA
