// What a learner with a choice does at given prices: nothing where it may rest, or the best whole
// samples within bounds and of a worth of its own. What is unusual is left to the scalar response,
// as in whole_lanes.hpp.
#pragma once

#include "kernels/near_lanes.hpp"
#include "kernels/whole_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr double nearly_switching = 1e-3;  // of the samples: worth so little more

// What a learner with some samples pays for them.
struct PaidLanes {
    Lanes samples, inverse_slack, bandwidth, power, cost;
    Mask unsure;
};

MEL_INLINE PaidLanes choose(Mask m, const PaidLanes& x, const PaidLanes& y) {
    return {select(m, x.samples, y.samples),     select(m, x.inverse_slack, y.inverse_slack),
            select(m, x.bandwidth, y.bandwidth), select(m, x.power, y.power),
            select(m, x.cost, y.cost),           (m & x.unsure) | (~m & y.unsure)};
}

// Of those with samples: the best, and what others lose (Picks).
struct BestLanes {
    PaidLanes paid;
    Lanes step, switching;
};

// Within what a learner chooses its samples, if it takes part.
struct ChoiceEnds {
    EndsOf<Lanes> e;
    Lanes worth;   // of a sample
    Lanes stated;  // the most samples
    Mask rests;
    Mask bare;  // served without samples is a choice of its own, where taking part has a value
};

MEL_INLINE ChoiceEnds choice_ends(const ChoiceInput& c, const DemandLanes& q, std::size_t k) {
    ChoiceEnds r;
    r.worth = amount(c.weight, 1, k) * c.per_sample;
    r.stated = amount(c.high, c.box.upper, k);
    r.rests = c.rests ? load(c.rests + k) > fill(0) : fill(c.all_rest ? 1 : 0) > fill(0);
    EndsOf<Lanes>& e = r.e;
    e.low = amount(c.low, c.box.lower, k);
    r.bare = c.counts ? ~r.rests & (e.low <= fill(0)) : none();
    e.low = select(r.bare, fill(1), e.low);
    e.high = c.per_sample > 0 ? r.stated : e.low;
    e.low_slack = q.budget - q.each * e.low;
    e.least = q.budget * rounding::end_of_cycle;
    e.possible = (q.budget > 0) & (e.low_slack >= e.least) & (e.low <= r.stated) & q.valid;
    return r;
}

MEL_INLINE Lanes safe_slack(const Leeway& r) { return select(r.allowed, r.slack, fill(1)); }

// By how much `above` is worth more than `below`, as a step from the better of them.
MEL_INLINE Lanes step_of(const Neighbours& n, const Leeway& low, const Leeway& high, Lanes gain,
                         Mask up) {
    const Mask two = low.allowed & high.allowed & (n.above > n.below);
    const Lanes to = select(up, -gain, larger(-gain, fill(1e-300)));
    return select(two, to, fill(no_other));
}

// Where rounding decides that `above` is not worth more than `below`, by how much it is not.
MEL_INLINE Mask tied_above(const KernelInput& in, const Neighbours& n, const Leeway& high,
                           Lanes behind, Lanes cost, Mask up) {
    return high.allowed & ~up & (n.above > n.below) & may_lead(in, behind, cost, high.slack);
}

// What the rate of some samples is bought for, with the fixed law.
struct ChoiceSide {
    RunColumn rate, inverse_slack, argument;
    NearColumns roots;

    MEL_ZIP void argue(std::size_t i, const DemandLanes& q, Lanes d, Lanes inverse, Mask m,
                       Lanes inverse_noise) {
        const Lanes r = only(m, q.alpha * d + q.beta) * inverse;
        rate.put(i, r);
        inverse_slack.put(i, inverse);
        argument.put(i, select(r > fill(0), r * inverse_noise, fill(1)));
    }
    MEL_ZIP PaidLanes paid(const PriceConstants& p, const DemandLanes& q, Lanes d, Mask unsure,
                           std::size_t i) const {
        const Lanes bits = rate[i];
        const Mask sends = bits > fill(0);
        const Lanes u = roots.u[i];
        PaidLanes w;
        w.samples = d;
        w.inverse_slack = inverse_slack[i];
        w.bandwidth = only(sends, bits * ln2 * roots.inverse[i]);
        w.power = only(sends, q.noise * roots.gain[i]);
        w.cost = p.lambda * w.bandwidth + p.mu * w.power;
        w.unsure = unsure | (sends & ~((u > 1e-60) & (u < fill(250))));
        return w;
    }
};

MEL_INLINE PaidLanes paid_alone(const KernelInput& in, const PriceConstants& p,
                                const DemandLanes& q, Lanes d, Mask m) {
    const Leeway r = leeway_of(in, q, d);
    const WholeLanes w = WholeFixed::bought(p, q, d, r, m & r.allowed);
    return {w.samples, 1 / safe_slack(r), w.bandwidth, w.power, w.cost, w.unsure | (m & r.unsure)};
}

// Learners as they wish with the fixed law: those who may take part, by what a sample is worth.
MEL_INLINE DemandLanes wishing(const KernelInput& in, const ChoiceInput& c, std::size_t at) {
    DemandLanes q = demand_lanes(in, at);
    const ChoiceEnds ends = choice_ends(c, q, at);
    q.valid = ends.e.possible & (q.shape > fill(0));
    q.shape = select(q.valid, q.shape * ends.worth, fill(1));
    return q;
}

class ChoiceFixed {
  public:
    static constexpr bool one_answer = false;

    MEL_ZIP void look_at(const KernelInput& in, const ChoiceInput& c, const PriceConstants& p,
                         const Run& run) {
        if (!(c.per_sample > 0)) return;
        const auto sound = [&](std::size_t at) MEL_LOOP { return wishing(in, c, at); };
        wishes_.look_at(in, p, run, sound);
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = sound(at);
            NearWishes::Wish wish = wishes_.wish(p, q, i);
            const Lanes root = wishes_.fine_root(p, q, i);
            const ChoiceEnds ends = choice_ends(c, q, at);
            const Lanes slack = p.band * wishes_.left(i) * q.each / (root * ends.worth);
            const Lanes wished = (q.budget - slack) * wish.inverse_each;
            const Mask falls = q.valid & ~wish.found;
            const Neighbours n = around(ends.e, wished, falls);
            const Lanes blur = 1e-11 * (slack * wish.inverse_each);
            const Mask coarse = (blur > fill(clear_of_integers)) & (wished < ends.e.high + blur) &
                                (wished > ends.e.low - blur);
            const Leeway low = leeway_of(in, q, n.below);
            const Leeway high = leeway_of(in, q, n.above);
            const Inverses by = inverses(safe_slack(low), safe_slack(high));
            const Lanes inverse_noise = p.ratio * ln2 / q.noise;
            less_.argue(i, q, n.below, by.x, low.allowed & q.valid, inverse_noise);
            more_.argue(i, q, n.above, by.y, high.allowed & q.valid, inverse_noise);
            wished_.put(i, wished);
            falls_.put(i, falls);
            unsure_.put(i, ~q.valid | (~falls & (n.unsure | coarse)));
        });
        fixed_roots(less_.argument, run, less_.roots);
        fixed_roots(more_.argument, run, more_.roots);
    }

    MEL_ZIP PaidLanes paid(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                           Lanes d, Mask m, std::size_t) const {
        return paid_alone(in, p, q, d, m);
    }

    MEL_ZIP BestLanes best(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                           const ChoiceEnds& ends, std::size_t i) const {
        const EndsOf<Lanes>& e = ends.e;
        const Lanes worth = ends.worth;
        const Mask falls = falls_[i];
        const Mask valid = e.possible & (q.shape > fill(0));
        const Neighbours n = around(e, wished_[i], falls);
        const Leeway low = leeway_of(in, q, n.below);
        const Leeway high = leeway_of(in, q, n.above);
        const PaidLanes less = less_.paid(p, q, n.below, valid & low.unsure, i);
        const PaidLanes more = more_.paid(p, q, n.above, valid & high.unsure, i);
        Mask unsure = less.unsure | more.unsure | ~low.allowed | unsure_[i];
        const Lanes gain = worth * (n.above - n.below) - (more.cost - less.cost);
        const Mask up = high.allowed & (gain > fill(0));
        unsure = unsure | tied_above(in, n, high, -gain, more.cost, up);
        BestLanes r;
        r.paid = choose(up, more, less);
        r.step = step_of(n, low, high, gain, up);
        r.switching = fill(no_other);
        if (in.grows) {
            // The value may rise again towards the lower end, which is worth at most its samples.
            const Lanes value = worth * r.paid.samples - r.paid.cost;
            const Mask doubt =
                valid & ~falls & (value < worth * (e.low + nearly_switching * r.paid.samples));
            if (any(doubt)) {
                const Leeway end = leeway_of(in, q, e.low);
                const PaidLanes least = paid(in, p, q, e.low, doubt, i);
                unsure = unsure | (doubt & least.unsure);
                const Lanes other = worth * least.samples - least.cost;
                const Mask both = doubt & end.allowed;
                const Mask lower = both & (other > value);
                const Lanes off_s = fill(rounding::whole_bound_in_lanes * in.point.cycle_s);
                unsure = unsure |
                         (lower & (other - value <= off_s * (r.paid.cost * r.paid.inverse_slack)));
                r.switching = select(both & (least.samples < r.paid.samples),
                                     magnitude(other - value), r.switching);
                r.step = select(lower, fill(no_other), r.step);
                r.paid = choose(lower, least, r.paid);
            }
        }
        r.paid.unsure = unsure;
        return r;
    }

  private:
    // Without an interior maximum the lower end is best.
    MEL_ZIP Neighbours around(const EndsOf<Lanes>& e, Lanes wished, Mask falls) const {
        Neighbours n = neighbours(e, wished);
        n.below = select(falls, e.low, n.below);
        n.above = select(falls, e.low, n.above);
        return n;
    }

    NearWishes wishes_;
    ChoiceSide less_, more_;
    RunColumn wished_;
    MaskColumn falls_, unsure_;
};

struct ChosenLanes {
    PaidLanes best;
    Lanes net, size, condition, margin, step, switching;
    Mask takes, impossible, unsure;
};

template <class Law>
MEL_INLINE ChosenLanes chosen_lanes(const KernelInput& in, const ChoiceInput& c,
                                    const PriceConstants& p, const Law& law, std::size_t k,
                                    std::size_t i) {
    const DemandLanes q = demand_lanes(in, k);
    const ChoiceEnds ends = choice_ends(c, q, k);
    const EndsOf<Lanes>& e = ends.e;
    BestLanes found;
    if (Law::one_answer || c.per_sample > 0) {
        found = law.best(in, p, q, ends, i);
    } else {
        const Leeway r = leeway_of(in, q, e.low);
        found.paid = law.paid(in, p, q, e.low, e.possible, i);
        found.paid.unsure = found.paid.unsure | ~r.allowed;
        found.step = found.switching = fill(no_other);
    }
    const PaidLanes& some = found.paid;
    const double reserve = 4 * rounding::end_of_cycle * in.point.cycle_s;
    const Mask hidden = ~e.possible & (e.low_slack > fill(-reserve)) & (e.low <= ends.stated);
    // One sample more than is held may be what rounding hides at the end of the cycle.
    const Mask last = leeway_of(in, q, some.samples + 1).unsure;
    ChosenLanes r;
    r.unsure = hidden | (e.possible & (some.unsure | last));

    PaidLanes rest{fill(0), fill(1), fill(0), fill(0), fill(0), none()};
    Mask can_rest = ends.rests;
    if (any(ends.bare)) {
        const Mask bare = ends.bare;
        const Leeway leeway = leeway_of(in, q, fill(0));
        const PaidLanes bought = law.paid(in, p, q, fill(0), bare, i);
        rest = choose(bare, bought, rest);
        can_rest = can_rest | (bare & leeway.allowed & (ends.stated >= fill(0)));
        r.unsure = r.unsure | (bare & (leeway.unsure | bought.unsure));
    }
    const double own = __builtin_fabs(c.per_learner);
    const Lanes net = ends.worth * some.samples - some.cost +
                      select(some.samples > fill(0), fill(c.per_learner), fill(0));
    const Lanes idle = -rest.cost;
    r.takes = e.possible & (~can_rest | (net > idle));
    r.best = choose(r.takes, some, rest);
    r.net = select(r.takes, net, idle);
    const Lanes one = ends.worth * some.samples + own + some.cost;
    const Lanes none_at_all = own + rest.cost;
    r.size = select(r.takes, one, none_at_all);
    r.condition = r.best.cost * r.best.inverse_slack;
    // What was not chosen counts with its rounding where it was nearly as good.
    const Mask either = e.possible & can_rest;
    const Lanes other = select(r.takes, none_at_all, one);
    const Lanes strain = select(r.takes, rest.cost * rest.inverse_slack,
                                some.cost * only(e.possible, some.inverse_slack));
    const Lanes off_s = fill(rounding::whole_bound_in_lanes * in.point.cycle_s);
    const Lanes nearly = larger(nearly_as_good * other, off_s * strain);
    const Mask near = either & (magnitude(net - idle) <= nearly);
    r.size = r.size + only(near, other);
    r.condition = r.condition + only(near, strain);
    r.margin =
        select(either, net - idle, select(e.possible & ~can_rest, fill(no_other), fill(-no_other)));
    r.step = select(r.takes, found.step, fill(no_other));
    r.switching = select(r.takes, found.switching, fill(no_other));
    r.switching = select(either, smaller(magnitude(net - idle), r.switching), r.switching);
    r.impossible = q.valid & ~e.possible & ~can_rest;
    r.unsure = r.unsure & q.valid;
    r.takes = r.takes & ~r.unsure;
    return r;
}

}  // namespace mel::MEL_ISA
