// The choices of the density law's learners: a bit a second costs each of them the same, however
// many it sends.
#pragma once

#include "kernels/choice_lanes.hpp"

namespace mel::MEL_ISA {

// What a bit a second costs with the density law, whatever its learner sends.
class DensityPrices {
  public:
    MEL_ZIP void look_at(const KernelInput& in, const PriceConstants& p, const Run& run) {
        each_of_run(run, [&](std::size_t at, std::size_t i, int)
                             MEL_LOOP { y_.put(i, p.ratio / load(in.noise + at)); });
        density_roots(y_, run, log_gain_, gain_);
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const Lanes band_slope = ln2 / log_gain_[i];
            band_slope_.put(i, band_slope);
            unit_cost_.put(i, (p.lambda + p.mu * (gain_[i] * load(in.noise + at))) * band_slope);
        });
    }
    MEL_ZIP PaidLanes paid(const KernelInput& in, const PriceConstants&, const DemandLanes& q,
                           Lanes d, Mask, std::size_t i) const {
        const Leeway r = leeway_of(in, q, d);
        return bought(q, d, 1 / safe_slack(r), r.unsure, i);
    }

  protected:
    MEL_ZIP Lanes unit_cost(std::size_t i) const { return unit_cost_[i]; }

    MEL_ZIP PaidLanes bought(const DemandLanes& q, Lanes d, Lanes inverse_slack, Mask unsure,
                             std::size_t i) const {
        const Lanes rate = (q.alpha * d + q.beta) * inverse_slack;
        PaidLanes w;
        w.samples = d;
        w.inverse_slack = inverse_slack;
        w.bandwidth = rate * band_slope_[i];
        w.power = w.bandwidth * (gain_[i] * q.noise);
        w.cost = rate * unit_cost_[i];
        const Lanes log_gain = log_gain_[i];
        // Beyond these the root's intermediate results leave the range of doubles.
        w.unsure = unsure | ~((log_gain > 1e-60) & (log_gain < fill(250)));
        return w;
    }

  private:
    RunColumn y_, log_gain_, gain_, band_slope_, unit_cost_;
};

// A sample is worth `worth`: the response is that at the prices divided by it.
class ChoiceDensity : public DensityPrices {
  public:
    static constexpr bool one_answer = false;

    MEL_ZIP void look_at(const KernelInput& in, const ChoiceInput& c, const PriceConstants& p,
                         const Run& run) {
        DensityPrices::look_at(in, p, run);
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = demand_lanes(in, at);
            Lanes square = unit_cost(i) * q.shape;
            if (c.weight || c.per_sample != 1) {
                square = square / (amount(c.weight, 1, at) * c.per_sample);
            }
            wished_.put(i, (q.budget - square_root(square)) / q.each);
        });
    }

    MEL_ZIP BestLanes best(const KernelInput& in, const PriceConstants&, const DemandLanes& q,
                           const ChoiceEnds& ends, std::size_t i) const {
        const Neighbours n = neighbours(ends.e, wished_[i]);
        const Leeway low = leeway_of(in, q, n.below);
        const Leeway high = leeway_of(in, q, n.above);
        const Inverses by = inverses(safe_slack(low), safe_slack(high));
        const Lanes low_rate = (q.alpha * n.below + q.beta) * by.x;
        const Lanes high_rate = (q.alpha * n.above + q.beta) * by.y;
        const Lanes gain = ends.worth * (n.above - n.below) - unit_cost(i) * (high_rate - low_rate);
        const Mask up = high.allowed & (gain > fill(0));
        const Mask tied = tied_above(in, n, high, -gain, unit_cost(i) * high_rate, up);
        BestLanes r;
        r.paid = bought(q, select(up, n.above, n.below), select(up, by.y, by.x),
                        low.unsure | high.unsure | ~low.allowed | n.unsure | tied, i);
        r.step = step_of(n, low, high, gain, up);
        r.switching = fill(no_other);
        return r;
    }

  private:
    RunColumn wished_;
};

// The same of those who have one number of samples if they take part.
class DensityAtLowEnd : public DensityPrices {
  public:
    static constexpr bool one_answer = true;

    // Whether a run is of such learners alone.
    MEL_ZIP bool holds_all(const KernelInput& in, const ChoiceInput& c, const Run& run) {
        if (!c.low || !c.high || !(c.per_sample > 0)) return false;
        bool all = true;
        each_of_run(run, [&](std::size_t at, std::size_t, int) MEL_LOOP {
            const Mask open = load(c.low + at) < load(c.high + at);
            const Mask here =
                load(lane_numbers) + static_cast<double>(at) < fill(static_cast<double>(in.size));
            all = all & !any(open & here);
        });
        return all;
    }

    MEL_ZIP void look_at(const KernelInput& in, const ChoiceInput&, const PriceConstants& p,
                         const Run& run) {
        DensityPrices::look_at(in, p, run);
    }
    MEL_ZIP BestLanes best(const KernelInput& in, const PriceConstants&, const DemandLanes& q,
                           const ChoiceEnds& ends, std::size_t i) const {
        const Leeway low = leeway_of(in, q, ends.e.low);
        BestLanes r;
        r.paid = bought(q, ends.e.low, 1 / safe_slack(low), low.unsure | ~low.allowed, i);
        r.step = r.switching = fill(no_other);
        return r;
    }
};

}  // namespace mel::MEL_ISA
