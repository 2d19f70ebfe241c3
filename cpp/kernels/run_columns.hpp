// Columns of a run of learners. One learner's root is a long chain of operations, each waiting for
// the one before. What all of a run need first is done first for all of them, in loops so short
// that the processor has the chains of many in hand at once.
#pragma once

#include "kernels/gathered_lanes.hpp"
#include "kernels/roots.hpp"
#include "kernels/sum_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr std::size_t run_groups = 8;  // all columns of a run stay in the first cache

struct RunColumn {
    alignas(64) double at[run_groups * group];

    MEL_ZIP Lanes operator[](std::size_t i) const { return load(at + i); }
    MEL_ZIP void put(std::size_t i, Lanes x) { store(at + i, x); }
};
struct RoughColumn {
    alignas(64) float at[run_groups * group];

    MEL_ZIP Rough operator[](std::size_t i) const { return load_rough(at + i); }
    MEL_ZIP void put(std::size_t i, Rough x) { store_rough(at + i, x); }
};
struct MaskColumn {
    alignas(64) std::int64_t at[run_groups * group];

    MEL_ZIP Mask operator[](std::size_t i) const { return load_pair<Mask>(at + i); }
    MEL_ZIP void put(std::size_t i, Mask m) { store_pair(at + i, m); }
};

// Groups that are looked at together, by their first learners.
struct Run {
    std::size_t first[run_groups];
    std::size_t groups = 0;
};

// each(at, i, j) of every step of a run's groups, from learner `at` on; i is its place in columns.
template <class Each>
MEL_INLINE void each_of_run(const Run& run, Each&& each) {
    for (std::size_t g = 0; g < run.groups; ++g) {
        for (int j = 0; j < steps; ++j) {
            const auto place = static_cast<std::size_t>(j * width);
            each(run.first[g] + place, g * group + place, j);
        }
    }
}
template <class Each>
MEL_INLINE void each_place(const Run& run, Each&& each) {
    for (std::size_t i = 0; i < run.groups * group; i += width) each(i);
}
// look(run) at all groups of a stretch whose turn it is.
template <class Look>
MEL_INLINE void each_run(const KernelInput& in, Stretch learners, Look&& look) {
    Run run;
    for (std::size_t k = learners.first; k < learners.last;) {
        for (run.groups = 0; k < learners.last && run.groups < run_groups; k += group * in.stride) {
            if (picked(in, learners, k)) run.first[run.groups++] = k;
        }
        if (run.groups > 0) look(run);
    }
}

struct NearColumns {
    RunColumn u, inverse, gain, stretch;  // the last of the fixed law alone
};

// The roots of a column of arguments.
MEL_INLINE void near_density_roots(const RunColumn& y, const Run& run, NearColumns& to) {
    RoughColumn s;
    each_place(run, [&](std::size_t i) MEL_LOOP { s.put(i, square_root(rough(2 * y[i]))); });
    each_place(run, [&](std::size_t i) MEL_LOOP { s.put(i, logarithm_1p_rough(s[i])); });
    each_place(run, [&](std::size_t i) MEL_LOOP {
        const Lanes u = lanes(density_root_quotient(s[i]));
        to.u.put(i, u);
        to.inverse.put(i, 1 / u);
    });
    each_place(run, [&](std::size_t i) MEL_LOOP {
        const Lanes u = to.u[i];
        const Mask rare = ~((y[i] > least_near) & (y[i] < fill(most_near)));
        to.gain.put(i, exponential(select(rare, fill(1), u)).minus_one);
        if (any(rare)) {
            const DensityRoot root = density_root(select(rare, y[i], fill(1)));
            to.u.put(i, select(rare, root.log_gain, u));
            to.inverse.put(i, select(rare, 1 / root.log_gain, to.inverse[i]));
            to.gain.put(i, select(rare, root.gain, to.gain[i]));
        }
    });
}

MEL_INLINE void near_fixed_roots(const RunColumn& y, const Run& run, NearColumns& to) {
    RoughColumn s;
    each_place(run, [&](std::size_t i) MEL_LOOP { s.put(i, square_root(rough(y[i]))); });
    each_place(run, [&](std::size_t i) MEL_LOOP { s.put(i, logarithm_1p_rough(s[i])); });
    each_place(run, [&](std::size_t i) MEL_LOOP {
        const Lanes u = lanes(fixed_root_quotient(s[i]));
        const Lanes above = 2 + u;
        const Lanes both = 1 / (u * above);
        to.u.put(i, u);
        to.inverse.put(i, both * above);
        to.stretch.put(i, both * u);
    });
    each_place(run, [&](std::size_t i) MEL_LOOP {
        const Lanes u = to.u[i];
        const Mask rare = ~((y[i] > least_near) & (y[i] < fill(most_near)));
        to.gain.put(i, exponential(select(rare, fill(1), u)).minus_one);
        if (any(rare)) {
            const FixedRoot root = fixed_root_of(select(rare, y[i], fill(1)));
            to.u.put(i, select(rare, root.u, u));
            to.inverse.put(i, select(rare, root.inverse, to.inverse[i]));
            to.stretch.put(i, select(rare, root.stretch, to.stretch[i]));
            to.gain.put(i, select(rare, root.gain, to.gain[i]));
        }
    });
}

// The same to the last bits, by a step from those starts.
MEL_INLINE void density_roots(const RunColumn& y, const Run& run, RunColumn& log_gain,
                              RunColumn& gain) {
    RoughColumn s;
    each_place(run, [&](std::size_t i) MEL_LOOP { s.put(i, square_root(rough(2 * y[i]))); });
    each_place(run, [&](std::size_t i) MEL_LOOP { s.put(i, logarithm_1p_rough(s[i])); });
    each_place(
        run, [&](std::size_t i) MEL_LOOP { log_gain.put(i, lanes(density_root_quotient(s[i]))); });
    each_place(run, [&](std::size_t i) MEL_LOOP {
        const DensityRoot root = density_root_from(log_gain[i], y[i]);
        log_gain.put(i, root.log_gain);
        gain.put(i, root.gain);
        const Mask rare = ~((y[i] > least_near) & (y[i] < fill(most_near)));
        if (any(rare)) {
            const DensityRoot exact = density_root(select(rare, y[i], fill(1)));
            log_gain.put(i, select(rare, exact.log_gain, log_gain[i]));
            gain.put(i, select(rare, exact.gain, gain[i]));
        }
    });
}
MEL_INLINE void fixed_roots(const RunColumn& y, const Run& run, NearColumns& to) {
    RoughColumn s;
    each_place(run, [&](std::size_t i) MEL_LOOP { s.put(i, square_root(rough(y[i]))); });
    each_place(run, [&](std::size_t i) MEL_LOOP { s.put(i, logarithm_1p_rough(s[i])); });
    each_place(run, [&](std::size_t i) MEL_LOOP { to.u.put(i, lanes(fixed_root_quotient(s[i]))); });
    each_place(run, [&](std::size_t i) MEL_LOOP {
        const Mask rare = ~((y[i] > least_near) & (y[i] < fill(most_near)));
        FixedRoot root = fixed_root_from(to.u[i], y[i]);
        if (any(rare)) {
            const FixedRoot exact = fixed_root_of(select(rare, y[i], fill(1)));
            root.u = select(rare, exact.u, root.u);
            root.inverse = select(rare, exact.inverse, root.inverse);
            root.gain = select(rare, exact.gain, root.gain);
        }
        to.u.put(i, root.u);
        to.inverse.put(i, root.inverse);
        to.gain.put(i, root.gain);
    });
}

}  // namespace mel::MEL_ISA
