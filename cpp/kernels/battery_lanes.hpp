// Learners that send with power and energy of their own, in lanes: what so many samples at a speed
// leave, the least bandwidth that carries them, and how it changes. With w = ln(1 + signal to
// noise), B = bits ln2 / (slack w), and the joules J = min(P slack, what computing leaves) that
// sending has:
//
//   density:  (e^w - 1)/w = J / (n ln2 bits)      d ln w = theta (d ln J - d ln bits)
//   fixed:    e^w - 1 = J / (n slack)             d ln w = theta (d ln J - d ln slack)
//
// kappa = w/(1 - e^-w) - 1; theta is 1/kappa (density) or 1/(1 + kappa) (fixed), and d kappa / d ln
// w = bend = (1 + kappa)(w - kappa).
#pragma once

#include "kernels/cap_roots.hpp"
#include "kernels/learner_lanes.hpp"

namespace mel::MEL_ISA {

// Nearer to the end of the slack or the energy rounding errors are more than a proof with real
// samples allows.
inline constexpr double least_battery_share = 1e-6;

struct BatteryLanes {
    DemandLanes q;
    Lanes power, energy;
    Lanes joules;   // of computing a sample at full speed
    Lanes slowest;  // least share of the full speed
    Lanes work;     // seconds of computing a sample at full speed,
    Lanes other;    // and what it takes besides
    Mask chosen;    // whether the speed may be less than full
};

// `keep`: how much of the energy may be used.
MEL_INLINE BatteryLanes battery_lanes(const KernelInput& in, std::size_t k, double keep = 1) {
    BatteryLanes b;
    b.q = demand_lanes(in, k);
    b.power = select(b.q.valid, load(in.max_power + k), fill(1));
    b.energy = select(b.q.valid, load(in.energy_j + k) * keep, fill(1));
    b.joules = in.point.tau * load(in.computing_j + k);
    b.slowest = load(in.slowest + k);
    b.work = in.point.tau * b.q.compute;
    b.other = b.q.each - b.work;
    b.chosen = (b.slowest < fill(1)) & (b.joules > 0) & (b.energy < fill(no_limit)) & b.q.valid;
    return b;
}

struct DensityApproach;
struct FixedApproach;

struct GainLanes {
    Lanes log_gain;  // w
    Lanes theta;
    Lanes spare;  // 1 - theta; of the fixed law
    Lanes bend;
    Mask sound;  // found to the last bits, and in range
};

struct DensityBattery {
    static constexpr bool density = true;
    using Approach = DensityApproach;

    MEL_INLINE GainLanes gain(Lanes noise, Lanes bits, Lanes, Lanes joules, Mask wanted) {
        const Lanes share = noise * bits * ln2 / joules;
        const Mask sane = wanted & (share > fill(1e-90)) & (share < fill(1 - 1e-9));
        const Lanes safe = select(sane, share, fill(0.5));
        // Always from the same start, so that the bits do not depend on other lanes.
        const PowerCapRoot root = power_cap_root(safe, power_cap_start(safe), sane);
        GainLanes g;
        g.log_gain = root.log_gain;
        const Lanes mean = root.excess / root.gain;
        const Lanes kappa = root.log_gain - mean;
        g.theta = 1 / kappa;
        g.spare = fill(0);
        g.bend = (1 + kappa) * mean;
        g.sound = sane & root.converged & (g.log_gain > fill(1e-7)) & (g.log_gain < fill(250));
        return g;
    }
    // The start of a learner at its limit of power where a hertz costs `band` / ln2: w and the
    // slack, over all samples.
    MEL_INLINE PowerCapWish wish(const BatteryLanes& b, double band, Mask wanted, Lanes& slack) {
        const Lanes root = square_root(b.q.shape * (0.5 / band));
        const Lanes inverse = 1 / (root * b.q.noise * ln2);
        const PowerCapWish w = power_cap_wish(b.q.alpha * (b.q.noise * ln2 * inverse),
                                              b.q.each * b.power * inverse, wanted);
        slack = square_root(b.q.shape * band / w.phi);
        return w;
    }
    // Joules without which even boundless bandwidth carries no bit.
    MEL_INLINE Lanes joules_a_bit(const BatteryLanes& b) { return b.q.noise * ln2; }
};

struct FixedBattery {
    static constexpr bool density = false;
    using Approach = FixedApproach;

    MEL_INLINE GainLanes gain(Lanes noise, Lanes, Lanes slack, Lanes joules, Mask wanted) {
        const Lanes p = joules / (noise * slack);
        const Mask sane = wanted & (p > fill(1e-9)) & (p < fill(1e200));
        const Lanes safe = select(sane, p, fill(1));
        GainLanes g;
        g.log_gain = logarithm_1p(safe);
        const Lanes series =
            safe *
            (0.5 -
             safe * (1.0 / 6 -
                     safe * (1.0 / 12 -
                             safe * (1.0 / 20 -
                                     safe * (1.0 / 30 - safe * (1.0 / 42 - safe * (1.0 / 56)))))));
        const Lanes kappa =
            select(safe < fill(0.01), series, ((1 + safe) * g.log_gain - safe) / safe);
        g.theta = 1 / (1 + kappa);
        g.spare = kappa * g.theta;
        g.bend = (1 + kappa) * (g.log_gain - kappa);
        g.sound = sane;
        return g;
    }
    MEL_INLINE PowerCapWish wish(const BatteryLanes& b, double band, Mask wanted, Lanes& slack) {
        PowerCapWish w;
        const Lanes p = b.power / b.q.noise;
        w.converged = wanted & (p > fill(1e-9)) & (p < fill(1e200));
        w.log_gain = logarithm_1p(select(w.converged, p, fill(1)));
        w.phi = w.log_gain;
        slack = square_root(b.q.shape * band / w.phi);
        return w;
    }
    MEL_INLINE Lanes joules_a_bit(const BatteryLanes&) { return fill(0); }
};

// What samples at a speed leave, and the bandwidth that carries them.
struct HeldLanes {
    Lanes samples, speed;
    Lanes bits, slack;
    Lanes cap_j, left_j;  // of sending all the slack at the limit of power; and left of computing
    Lanes sending_j;      // the less of both
    GainLanes gain;
    Lanes band;
    Mask by_energy;
    Mask sound;  // the bandwidth is right to the last bits
};

template <class Law>
MEL_INLINE HeldLanes hold_lanes(const BatteryLanes& b, Lanes d, Lanes speed, Mask wanted) {
    HeldLanes h;
    h.samples = d;
    h.speed = speed;
    h.bits = b.q.alpha * d + b.q.beta;
    const Mask full = speed == fill(1);
    h.slack = b.q.budget - b.q.each * d;
    h.left_j = b.energy - b.joules * d;
    if (any(wanted & ~full)) {
        h.slack = select(full, h.slack, (b.q.budget - b.other * d) - b.work * d / speed);
        h.left_j = select(full, h.left_j, b.energy - b.joules * d * speed * speed);
    }
    h.cap_j = b.power * h.slack;
    h.by_energy = h.left_j < h.cap_j;
    h.sending_j = select(h.by_energy, h.left_j, h.cap_j);
    const Mask sane =
        wanted & (h.bits > 0) & (h.slack > 0) & (h.sending_j > 0) & (h.sending_j < fill(1e250));
    const Lanes bits = select(sane, h.bits, fill(1));
    const Lanes slack = select(sane, h.slack, fill(1));
    h.gain = Law::gain(b.q.noise, bits, slack, select(sane, h.sending_j, fill(1)), sane);
    h.sound = sane & h.gain.sound;
    h.band = bits * ln2 / (slack * h.gain.log_gain);
    return h;
}

}  // namespace mel::MEL_ISA
