// The loops over learners with a choice. With the fixed law those whose value surely falls from the
// fewest samples on, or who may have no others, need one root instead of three: they are sorted out
// first, and the others brought together.
#pragma once

#include "kernels/choice_density_lanes.hpp"
#include "kernels/real_loops.hpp"

namespace mel::MEL_ISA {

// What of a choice is known, for the learners of `here`, who are in `run` step j.
MEL_INLINE void add_choice(int j, const ChosenLanes& r, Mask here, ChoiceCells<Sum>& sums) {
    const Mask sure = here & ~r.unsure;
    sums.value.part[j] += only(sure, r.net);
    sums.cost.part[j] += only(sure, r.best.cost);
    sums.bandwidth.part[j] += only(sure, r.best.bandwidth);
    sums.power.part[j] += only(sure, r.best.power);
    sums.takers.part[j] += only(sure & (r.best.samples > fill(0)), fill(1));
    sums.size.part[j] += only(sure, r.size);
    sums.condition.part[j] += only(sure, r.condition);
    sums.impossible.part[j] += only(r.impossible & sure, fill(1));
    sums.unsure.part[j] += only(r.unsure & here, fill(1));
}

MEL_INLINE Mask here_of(const KernelInput& in, std::size_t at) {
    return load(lane_numbers) + static_cast<double>(at) < fill(static_cast<double>(in.size));
}

// Samples, -1 for what the scalar response must look at, which is left out of the sums.
MEL_INLINE Lanes samples_of(const ChosenLanes& r, Mask here) {
    return select(r.unsure, fill(-1), only(here & ~r.unsure, r.best.samples));
}

MEL_INLINE void write_choice(const Picks& out, std::size_t at, std::size_t last,
                             const ChosenLanes& r, Mask here) {
    write(out.samples, at, last, samples_of(r, here));
    if (!out.preference.empty()) write(out.preference, at, last, r.margin);
    if (!out.step.empty()) write(out.step, at, last, r.step);
    if (!out.switching.empty()) write(out.switching, at, last, r.switching);
}

// All of a run by one law.
template <class Law>
MEL_INLINE void choose_run(const KernelInput& in, const ChoiceInput& choice,
                           const PriceConstants& p, const Run& run, std::size_t last,
                           const Picks& out, Law& law, ChoiceCells<Sum>& sums) {
    law.look_at(in, choice, p, run);
    each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
        if (at >= last) return;
        const ChosenLanes r = chosen_lanes(in, choice, p, law, at, i);
        const Mask here = here_of(in, at);
        add_choice(j, r, here, sums);
        write_choice(out, at, last, r, here);
    });
}

static ChoiceTotals choice_chunk(const KernelInput& in, const ChoiceInput& choice, Stretch learners,
                                 const Picks& out) {
    const PriceConstants p = constants(in);
    ChoiceCells<Sum> sums;
    ChoiceDensity law;
    DensityAtLowEnd at_low_end;
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        if (at_low_end.holds_all(in, choice, run)) {
            choose_run(in, choice, p, run, learners.last, out, at_low_end, sums);
        } else {
            choose_run(in, choice, p, run, learners.last, out, law, sums);
        }
    });
    return totals<ChoiceTotals>(sums);
}

// Who has the fewest samples if it takes part.
class ChoiceAtLowEnd {
  public:
    static constexpr bool one_answer = true;

    // Sorts a run, and says how many are not so.
    MEL_ZIP double sort(const KernelInput& in, const ChoiceInput& c, const PriceConstants& p,
                        const Run& run) {
        const double root_band = __builtin_sqrt(p.band);
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = demand_lanes(in, at);
            const Lanes worth = amount(c.weight, 1, at) * c.per_sample;
            const Rough root_shape = square_root(not_below_zero(rough(q.shape * worth)));
            curves_.put(i, p, q, root_shape, root_band);
        });
        Lanes others = fill(0);
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const RoughMask beyond = curves_.beyond(i);
            const DemandLanes q = demand_lanes(in, at);
            const ChoiceEnds ends = choice_ends(c, q, at);
            const Mask alone = lanes(beyond) | (ends.e.low >= fill(ends.e.high));
            const Mask hard = ends.e.possible & ~(alone & (q.shape > fill(0)));
            hard_.put(i, hard);
            others += only(hard, fill(1));
        });
        return total(others.a + others.b);
    }
    MEL_ZIP Mask hard(std::size_t i) const { return hard_[i]; }

    MEL_ZIP void look_at(const KernelInput& in, const ChoiceInput& c, const PriceConstants& p,
                         const Run& run) {
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = demand_lanes(in, at);
            const ChoiceEnds ends = choice_ends(c, q, at);
            const Leeway low = leeway_of(in, q, ends.e.low);
            const Mask sends = low.allowed & ends.e.possible & ~hard_[i];
            const Inverses by = inverses(select(sends, low.slack, fill(1)), q.noise);
            side_.argue(i, q, ends.e.low, by.x, sends, p.ratio * ln2 * by.y);
        });
        fixed_roots(side_.argument, run, side_.roots);
    }

    MEL_ZIP PaidLanes paid(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                           Lanes d, Mask m, std::size_t) const {
        return paid_alone(in, p, q, d, m);
    }

    MEL_ZIP BestLanes best(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                           const ChoiceEnds& ends, std::size_t i) const {
        const Leeway low = leeway_of(in, q, ends.e.low);
        BestLanes r;
        r.paid = side_.paid(p, q, ends.e.low, low.unsure | ~low.allowed, i);
        r.step = r.switching = fill(no_other);
        return r;
    }

  private:
    LowEndColumns curves_;
    MaskColumn hard_;
    ChoiceSide side_;
};

// Learners of a chunk brought together with all that they choose by, and what they chose.
class GatheredChoices {
  public:
    GatheredChoices(const KernelInput& in, const ChoiceInput& choice)
        : choice_(choice), all_(without_limits(in)), gathered_(all_) {}

    void add(Mask m, std::size_t at) { gathered_.add(m, at); }
    bool full() const { return gathered_.full(); }

    // look(columns, choices, picks) at all of them.
    template <class Look>
    void choose_all(const Picks& out, Look&& look) {
        const KernelInput& some = gathered_.columns();
        ChoiceInput chosen = choice_;
        gathered_.gather(chosen.weight, weight_);
        gathered_.gather(chosen.low, low_);
        gathered_.gather(chosen.high, high_);
        gathered_.gather(chosen.rests, rests_);
        const auto column = [](std::span<const double> wanted, double* to) {
            return wanted.empty() ? std::span<double>() : std::span<double>(to, Gathered::most);
        };
        const Picks found{column(out.samples, samples_), column(out.preference, margin_),
                          column(out.step, step_), column(out.switching, switching_)};
        look(some, chosen, found);
        if (!out.samples.empty()) gathered_.put(samples_, out.samples);
        if (!out.preference.empty()) gathered_.put(margin_, out.preference);
        if (!out.step.empty()) gathered_.put(step_, out.step);
        if (!out.switching.empty()) gathered_.put(switching_, out.switching);
        gathered_.clear();
    }

  private:
    // Choices have ends of their own.
    MEL_INLINE KernelInput without_limits(const KernelInput& in) {
        KernelInput some = in;
        some.lower = some.upper = some.upper_slope = nullptr;
        return some;
    }

    const ChoiceInput& choice_;
    KernelInput all_;
    Gathered gathered_;
    alignas(64) double weight_[Gathered::most], low_[Gathered::most], high_[Gathered::most],
        rests_[Gathered::most];
    alignas(64) double samples_[Gathered::most], margin_[Gathered::most], step_[Gathered::most],
        switching_[Gathered::most];
};

static ChoiceTotals fixed_choice_chunk(const KernelInput& in, const ChoiceInput& choice,
                                       Stretch learners, const Picks& out) {
    constexpr double most_of_all = 0.75;  // of a run, who need not be brought together
    const PriceConstants p = constants(in);
    ChoiceCells<Sum> sums;
    ChoiceFixed law;
    ChoiceAtLowEnd at_low_end;
    GatheredChoices gathered(in, choice);
    const auto look = [&](const KernelInput& some, const ChoiceInput& chosen, const Picks& found) {
        each_run(some, {0, some.size}, [&](const Run& run) MEL_LOOP {
            choose_run(some, chosen, p, run, padded_to_groups(some.size), found, law, sums);
        });
    };
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        const double hard = at_low_end.sort(in, choice, p, run);
        if (hard > most_of_all * static_cast<double>(run.groups * group)) {
            choose_run(in, choice, p, run, learners.last, out, law, sums);
            return;
        }
        at_low_end.look_at(in, choice, p, run);
        each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
            if (at >= learners.last) return;
            const ChosenLanes r = chosen_lanes(in, choice, p, at_low_end, at, i);
            const Mask here = here_of(in, at) & ~at_low_end.hard(i);
            add_choice(j, r, here, sums);
            write_choice(out, at, learners.last, r, here);
            gathered.add(at_low_end.hard(i), at);
            if (j == steps - 1 && gathered.full()) gathered.choose_all(out, look);
        });
    });
    gathered.choose_all(out, look);
    return totals<ChoiceTotals>(sums);
}

}  // namespace mel::MEL_ISA
