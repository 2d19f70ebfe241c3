// Learners with a choice in real samples and by starts of roots: what they take about, for prices
// to go on from. Nothing is proved by it. A sample has a value, and taking part none of its own.
#pragma once

#include "kernels/choice_loops.hpp"

namespace mel::MEL_ISA {

struct NearChoice {
    Lanes samples, bandwidth, power, cost;
};

MEL_INLINE NearChoice choose(Mask m, const NearChoice& x, const NearChoice& y) {
    return {select(m, x.samples, y.samples), select(m, x.bandwidth, y.bandwidth),
            select(m, x.power, y.power), select(m, x.cost, y.cost)};
}

MEL_INLINE Lanes high_slack_of(const DemandLanes& q, const EndsOf<Lanes>& e) {
    return larger(q.budget - q.each * e.high, e.least);
}

// For whom `part` is the best if it takes part, and by how much it is so (Picks).
MEL_INLINE void add_near_choice(const ChoiceEnds& ends, const NearChoice& part, Lanes switching,
                                Mask here, std::size_t at, std::size_t last, int j,
                                const Picks& out, ChoiceCells<Sum>& sums) {
    const Mask can = here & ends.e.possible;
    const Lanes net = ends.worth * part.samples - part.cost;
    const Mask takes = can & (~ends.rests | (net > fill(0)));
    sums.value.part[j] += only(takes, net);
    sums.cost.part[j] += only(takes, part.cost);
    sums.bandwidth.part[j] += only(takes, part.bandwidth);
    sums.power.part[j] += only(takes, part.power);
    sums.takers.part[j] += only(takes & (part.samples > fill(0)), fill(1));
    sums.impossible.part[j] += only(here & ~can & ~ends.rests, fill(1));
    if (!out.samples.empty()) write(out.samples, at, last, only(takes, part.samples));
    const Mask either = can & ends.rests;
    if (!out.preference.empty()) {
        const Lanes alone = select(can, fill(no_other), fill(-no_other));
        write(out.preference, at, last, select(either, net, alone));
    }
    if (out.switching.empty()) return;
    const Lanes other = select(takes, switching, fill(no_other));
    write(out.switching, at, last, select(either, smaller(magnitude(net), other), other));
}

static ChoiceTotals near_choice_chunk(const KernelInput& in, const ChoiceInput& choice,
                                      Stretch learners, const Picks& out) {
    const PriceConstants p = constants(in);
    ChoiceCells<Sum> sums;
    RunColumn y;
    NearColumns roots;
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        each_of_run(run, [&](std::size_t at, std::size_t i, int)
                             MEL_LOOP { y.put(i, p.ratio / load(in.noise + at)); });
        near_density_roots(y, run, roots);
        each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
            if (at >= learners.last) return;
            const DemandLanes q = demand_lanes(in, at);
            const ChoiceEnds ends = choice_ends(choice, q, at);
            const Lanes slope = ln2 * roots.inverse[i], watt = roots.gain[i] * q.noise;
            const Lanes unit = (p.lambda + p.mu * watt) * slope;
            const Inverses by = inverses(q.each, ends.worth);
            const Lanes wish = square_root(not_below_zero(unit * q.shape * by.y));
            const Lanes slack = smaller(larger(wish, high_slack_of(q, ends.e)), ends.e.low_slack);
            NearChoice part;
            part.samples = samples_at(q, ends.e, by.x, slack);
            const Lanes rate = larger(q.alpha * part.samples + q.beta, fill(0)) /
                               select(ends.e.possible, slack, fill(1));
            part.bandwidth = rate * slope;
            part.power = part.bandwidth * watt;
            part.cost = rate * unit;
            add_near_choice(ends, part, fill(no_other), here_of(in, at), at, learners.last, j, out,
                            sums);
        });
    });
    return totals<ChoiceTotals>(sums);
}

// With the fixed law, at what a root gave.
struct NearGain {
    Lanes inverse, gain;
};
MEL_INLINE NearChoice near_bought(const PriceConstants& p, const DemandLanes& q, Lanes samples,
                                  Lanes rate, const NearGain& at) {
    const Mask sends = rate > fill(0);
    NearChoice r;
    r.samples = samples;
    r.bandwidth = only(sends, rate * ln2 * at.inverse);
    r.power = only(sends, q.noise * at.gain);
    r.cost = p.lambda * r.bandwidth + p.mu * r.power;
    return r;
}

// The same at the fewest samples.
class NearLowEnds {
  public:
    // Of the learners of `wanted`.
    template <class Wanted>
    MEL_ZIP void look_at(const KernelInput& in, const ChoiceInput& c, const PriceConstants& p,
                         const Run& run, Wanted&& wanted) {
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = demand_lanes(in, at);
            const ChoiceEnds ends = choice_ends(c, q, at);
            const Mask sends = ends.e.possible & wanted(i);
            const Inverses by = inverses(select(sends, ends.e.low_slack, fill(1)), q.noise);
            const Lanes rate = only(sends, q.alpha * ends.e.low + q.beta) * by.x;
            rate_.put(i, rate);
            argument_.put(i, select(rate > fill(0), p.ratio * ln2 * rate * by.y, fill(1)));
        });
        near_fixed_roots(argument_, run, roots_);
    }
    MEL_ZIP NearChoice part(const PriceConstants& p, const DemandLanes& q, Lanes low,
                            std::size_t i) const {
        return near_bought(p, q, low, rate_[i], {roots_.inverse[i], roots_.gain[i]});
    }

  private:
    RunColumn rate_, argument_;
    NearColumns roots_;
};

// Of gathered learners, at the wish where it is within their limits, else at the nearer of these.
class NearFixedChoice {
  public:
    MEL_ZIP void look_at(const KernelInput& in, const ChoiceInput& c, const PriceConstants& p,
                         const Run& run) {
        const auto sound = [&](std::size_t at) MEL_LOOP { return wishing(in, c, at); };
        wishes_.look_at(in, p, run, sound);
        std::int64_t others = 0;
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = sound(at);
            const ChoiceEnds ends = choice_ends(c, q, at);
            const NearWishes::Wish w = wishes_.wish(p, q, i);
            const Lanes wished = w.slack / ends.worth;
            const Lanes low = ends.e.low_slack;
            const Lanes bounded = smaller(larger(wished, high_slack_of(q, ends.e)), low);
            const Lanes slack =
                select(q.valid, select(w.found, bounded, low), select(q.valid, low, fill(1)));
            const Mask free = w.found & q.valid & (slack == wished);
            const Inverses by = inverses(slack, q.noise);
            const Lanes d = samples_at(q, ends.e, w.inverse_each, slack);
            const Lanes rate = only(q.valid, larger(q.alpha * d + q.beta, fill(0))) * by.x;
            const Mask asks = ~free & (rate > fill(0));
            samples_.put(i, d);
            rate_.put(i, rate);
            free_.put(i, free);
            found_.put(i, w.found & q.valid);
            argument_.put(i, select(asks, p.ratio * ln2 * rate * by.y, fill(1)));
            others |= any(asks) ? 1 : 0;
        });
        if (others != 0) near_fixed_roots(argument_, run, roots_);
        asked_ = others != 0;
    }

    MEL_ZIP NearChoice part(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                            const ChoiceEnds& ends, std::size_t i, Lanes& switching) const {
        switching = fill(no_other);
        const NearWishes::Wish w = wishes_.wish(p, q, i);
        Lanes inverse = w.root.inverse, gain = w.root.gain;
        if (asked_) {
            inverse = select(free_[i], inverse, roots_.inverse[i]);
            gain = select(free_[i], gain, roots_.gain[i]);
        }
        NearChoice r = near_bought(p, q, samples_[i], rate_[i], {inverse, gain});
        if (in.grows) {
            // The value may rise again towards the lower end, which is worth at most its samples.
            const Lanes value = ends.worth * r.samples - r.cost;
            const Lanes least = ends.worth * (ends.e.low + nearly_switching * r.samples);
            const Mask doubt = found_[i] & ends.e.possible & (value < least);
            if (any(doubt)) {
                const PaidLanes low = paid_alone(in, p, q, ends.e.low, doubt);
                const Lanes other = ends.worth * low.samples - low.cost;
                const Mask two = doubt & (low.samples < r.samples);
                switching = select(two, magnitude(other - value), switching);
                r = choose(doubt & (other > value),
                           NearChoice{low.samples, low.bandwidth, low.power, low.cost}, r);
            }
        }
        return r;
    }

  private:
    NearWishes wishes_;
    RunColumn samples_, rate_, argument_;
    MaskColumn free_, found_;
    NearColumns roots_;
    bool asked_ = false;
};

static ChoiceTotals near_fixed_choice_chunk(const KernelInput& in, const ChoiceInput& choice,
                                            Stretch learners, const Picks& out) {
    const PriceConstants p = constants(in);
    ChoiceCells<Sum> sums;
    ChoiceAtLowEnd sorting;
    NearLowEnds ends_of_low;
    NearFixedChoice law;
    GatheredChoices gathered(in, choice);
    const auto look = [&](const KernelInput& some, const ChoiceInput& chosen, const Picks& found) {
        const std::size_t last = padded_to_groups(some.size);
        each_run(some, {0, some.size}, [&](const Run& run) MEL_LOOP {
            law.look_at(some, chosen, p, run);
            each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
                if (at >= last) return;
                const DemandLanes q = demand_lanes(some, at);
                const ChoiceEnds ends = choice_ends(chosen, q, at);
                Lanes switching;
                const NearChoice part = law.part(some, p, q, ends, i, switching);
                add_near_choice(ends, part, switching, here_of(some, at), at, last, j, found, sums);
            });
        });
    };
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        const double hard = sorting.sort(in, choice, p, run);
        const bool some_low = hard < static_cast<double>(run.groups * group);
        if (some_low) {
            ends_of_low.look_at(in, choice, p, run,
                                [&](std::size_t i) MEL_LOOP { return ~sorting.hard(i); });
        }
        each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
            if (at >= learners.last) return;
            if (some_low) {
                const DemandLanes q = demand_lanes(in, at);
                const ChoiceEnds ends = choice_ends(choice, q, at);
                const NearChoice part = ends_of_low.part(p, q, ends.e.low, i);
                const Mask here = here_of(in, at) & ~sorting.hard(i);
                add_near_choice(ends, part, fill(no_other), here, at, learners.last, j, out, sums);
            }
            gathered.add(sorting.hard(i), at);
            if (j == steps - 1 && gathered.full()) gathered.choose_all(out, look);
        });
    });
    gathered.choose_all(out, look);
    return totals<ChoiceTotals>(sums);
}

}  // namespace mel::MEL_ISA
