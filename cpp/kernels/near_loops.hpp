// The loops at starts of roots, for many learners: bounds of proofs that have room, draws, and what
// given samples take and get.
#pragma once

#include "kernels/fill_lanes.hpp"
#include "kernels/gathered_lanes.hpp"
#include "kernels/near_lanes.hpp"
#include "kernels/real_loops.hpp"

namespace mel::MEL_ISA {

struct NearDensityMarket {
    static constexpr bool density = true;
    MEL_INLINE Lanes argument(Lanes, Lanes inverse_noise, double inverse_ratio) {
        return inverse_ratio * inverse_noise;
    }
    MEL_INLINE void roots(const RunColumn& y, const Run& run, NearColumns& to) {
        near_density_roots(y, run, to);
    }
    MEL_INLINE BoughtLanes bought(const FillLanes& f, Lanes y, const NearColumns& at,
                                  std::size_t i) {
        const Lanes inverse = at.inverse[i];
        const Lanes gain = at.gain[i];
        const Lanes band_slope = ln2 * inverse;
        const Lanes power_slope = gain * f.noise * band_slope;
        const Lanes band = f.rate * band_slope;
        return {band, f.rate * power_slope, band * inverse * inverse * y / (1 + gain),
                f.hurry * band_slope, f.hurry * power_slope};
    }
};
struct NearFixedMarket {
    static constexpr bool density = false;
    MEL_INLINE Lanes argument(Lanes rate, Lanes inverse_noise, double inverse_ratio) {
        return inverse_ratio * ln2 * rate * inverse_noise;
    }
    MEL_INLINE void roots(const RunColumn& y, const Run& run, NearColumns& to) {
        near_fixed_roots(y, run, to);
    }
    MEL_INLINE BoughtLanes bought(const FillLanes& f, Lanes, const NearColumns& at, std::size_t i) {
        const Lanes gain = at.gain[i];
        const Lanes stretch = at.stretch[i];
        const Lanes u = at.u[i];
        const Lanes band = f.rate * ln2 * at.inverse[i];
        const Lanes relative = f.inverse_slack * stretch;
        return {band, f.noise * gain, band * stretch, relative * band * (1 + u),
                relative * f.noise * (gain + 1) * u};
    }
};

// What given samples ask of a run of learners, and what that buys.
template <class Market>
class NearFilling {
  public:
    NearFilling(const KernelInput& in, Stretch learners, std::span<const double> samples)
        : in_(in),
          last_(learners.last),
          samples_(samples),
          inverse_ratio_(in.point.prices.lambda / in.point.prices.mu) {}

    MEL_ZIP void look_at(const Run& run) {
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const FillLanes f = fill_lanes(in_, at, last_, samples_);
            rate_.put(i, f.rate);
            inverse_slack_.put(i, f.inverse_slack);
            y_.put(i, Market::argument(f.rate, f.inverse_noise, inverse_ratio_));
        });
        Market::roots(y_, run, roots_);
    }
    MEL_ZIP FillLanes filled(std::size_t at, std::size_t i) const {
        Lanes slack;
        FillLanes f = asked_lanes(in_, demand_lanes(in_, at), at, last_, samples_, slack);
        f.rate = rate_[i];
        f.inverse_slack = inverse_slack_[i];
        f.hurry = f.rate * f.inverse_slack;
        return f;
    }
    MEL_ZIP BoughtLanes bought(const FillLanes& f, std::size_t i) const {
        return Market::bought(f, y_[i], roots_, i);
    }

  private:
    const KernelInput& in_;
    std::size_t last_;
    std::span<const double> samples_;
    double inverse_ratio_;
    RunColumn rate_, inverse_slack_, y_;
    NearColumns roots_;
};

template <class Market>
static FillSums near_fill_chunk(const KernelInput& in, Stretch learners,
                                std::span<const double> samples) {
    FillCells<Sum> sums;
    NearFilling<Market> filling(in, learners, samples);
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        filling.look_at(run);
        each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
            const FillLanes f = filling.filled(at, i);
            add_fill(j, f, filling.bought(f, i), sums);
        });
    });
    return totals<FillSums>(sums);
}

template <class Market>
static AllocationSums near_allocate_chunk(const KernelInput& in, const AllocationScale& scale,
                                          Stretch learners, std::span<const double> samples,
                                          const Shares& shares) {
    AllocationCells<Sum> sums;
    NearFilling<Market> filling(in, learners, samples);
    RunColumn bands, powers, gains;
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        filling.look_at(run);
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const FillLanes f = filling.filled(at, i);
            const BoughtLanes b = filling.bought(f, i);
            const Lanes band = only(f.sends, b.bandwidth * scale.bandwidth);
            const Lanes power = only(f.sends, b.power * scale.power);
            bands.put(i, band);
            powers.put(i, power);
            gains.put(i, power / noise_of<Market::density>(f, band));
        });
        each_place(run,
                   [&](std::size_t i) MEL_LOOP { gains.put(i, logarithm_1p_at_once(gains[i])); });
        each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
            if (at >= learners.last) return;
            const Lanes band = bands[i], power = powers[i];
            write(shares.bandwidth_hz, at, learners.last, band);
            write(shares.power_w, at, learners.last, power);
            add_allocated(in, scale, at, j, filling.filled(at, i), band, power, gains[i], sums);
        });
    });
    return totals<AllocationSums>(sums);
}

// Of the density law's learners: what a bit costs, and the slack wished for.
struct NearDensityRun {
    RunColumn y, unit_cost, wish, inverse_each;
    NearColumns roots;

    MEL_ZIP void look_at(const KernelInput& in, const PriceConstants& p, const Run& run) {
        each_of_run(run, [&](std::size_t at, std::size_t i, int)
                             MEL_LOOP { y.put(i, p.ratio / load(in.noise + at)); });
        near_density_roots(y, run, roots);
        each_of_run(run, [&](std::size_t at, std::size_t i, int) MEL_LOOP {
            const DemandLanes q = demand_lanes(in, at);
            const Lanes unit =
                (p.lambda + p.mu * (roots.gain[i] * q.noise)) * (ln2 * roots.inverse[i]);
            unit_cost.put(i, unit);
            wish.put(i, square_root(unit * q.shape));
            inverse_each.put(i, 1 / q.each);
        });
    }
    // Of the response what is worth, and what may rest.
    MEL_ZIP ResponseLanes respond(const KernelInput& in, std::size_t at, std::size_t i) const {
        const DemandLanes q = demand_lanes(in, at);
        const Ends e = ends_of(in, q);
        ResponseLanes r;
        r.slack = smaller(larger(wish[i], e.high_slack), e.low_slack);
        r.samples = samples_at(q, e, inverse_each[i], r.slack);
        r.most = q.budget * inverse_each[i];
        r.inverse_slack = 1 / r.slack;
        r.rate = larger(q.alpha * r.samples + q.beta, fill(0)) * r.inverse_slack;
        r.cost = r.rate * unit_cost[i];
        fill_response(in, q, e, roots.u[i], r);
        return r;
    }
};

static PassSums bound_chunk(const KernelInput& in, Stretch learners) {
    const PriceConstants p = constants(in);
    PassCells<Sum> sums;
    NearDensityRun looked;
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        looked.look_at(in, p, run);
        each_of_run(run, [&](std::size_t at, std::size_t i, int j)
                             MEL_LOOP { add_bound(j, looked.respond(in, at, i), sums); });
    });
    return totals<PassSums>(sums);
}

static double near_samples_chunk(const KernelInput& in, Stretch learners, std::span<double> out) {
    const PriceConstants p = constants(in);
    Sum sum{};
    NearDensityRun looked;
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        looked.look_at(in, p, run);
        each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
            if (at >= learners.last) return;
            const ResponseLanes r = looked.respond(in, at, i);
            const Lanes d = only(r.active, larger(r.samples, fill(0)));
            sum.part[j] += d;
            write(out, at, learners.last, d);
        });
    });
    return total(sum);
}

// The fixed law's sort the learners first, as fixed_real_chunk does.
static PassSums fixed_bound_chunk(const KernelInput& in, Stretch learners) {
    const PriceConstants p = constants(in);
    const bool may_rest = in.excused && in.box.lower <= 0;
    PassCells<Sum> sums;
    Gathered gathered(in);
    NearSorting sorting;
    NearWishes wishes;
    const auto look = [&] {
        const KernelInput& some = gathered.columns();
        each_run(some, {0, some.size}, [&](const Run& run) MEL_LOOP {
            wishes.look_at(some, p, run);
            each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
                add_bound(j, near_response(some, p, wishes, at, i), sums);
            });
        });
        gathered.clear();
    };
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        sorting.look_at(in, p, run);
        if (!may_rest) sorting.price(in, p, run);
        each_of_run(run, [&](std::size_t at, std::size_t i, int j)
                             MEL_LOOP { add_bound(j, sorting.respond(in, p, at, i), sums); });
        each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
            gathered.add(sorting.hard(i), at);
            if (j == steps - 1 && gathered.full()) look();
        });
    });
    look();
    return totals<PassSums>(sums);
}

static double fixed_samples_chunk(const KernelInput& in, Stretch learners, std::span<double> out) {
    const PriceConstants p = constants(in);
    const bool may_rest = in.excused && in.box.lower <= 0;
    const Lanes least = fill(may_rest || in.box.lower < 0 ? 0 : in.box.lower);
    Sum sum{};
    Gathered gathered(in);
    NearSorting sorting;
    NearWishes wishes;
    const auto look = [&] {
        const KernelInput& some = gathered.columns();
        double samples[group];
        each_run(some, {0, some.size}, [&](const Run& run) MEL_LOOP {
            wishes.look_at(some, p, run);
            each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
                const ResponseLanes r = near_response(some, p, wishes, at, i);
                const Lanes d = only(r.active, larger(r.samples, fill(0)));
                sum.part[j] += d;
                store(samples + j * width, d);
                if (j == steps - 1) gathered.put(samples, at / group * group, out);
            });
        });
        gathered.clear();
    };
    each_run(in, learners, [&](const Run& run) MEL_LOOP {
        sorting.look_at(in, p, run);
        each_of_run(run, [&](std::size_t at, std::size_t i, int j) MEL_LOOP {
            if (at < learners.last) {
                const Lanes d = only(sorting.low(i), least);
                sum.part[j] += d;
                write(out, at, learners.last, d);
                gathered.add(sorting.hard(i), at);
            }
            if (j == steps - 1 && gathered.full()) look();
        });
    });
    look();
    return total(sum);
}

}  // namespace mel::MEL_ISA
