// How the least bandwidth of battery_lanes.hpp changes with samples and speed, from the ratios
//
//   a = computing's joules / sending's,   t = computing's seconds / the slack,
//   g = all seconds of the samples / the slack,   b = their share of the bits,
//
// each a sample. In logarithms all of it is rational in them, theta and bend (docs/energy.md).
#pragma once

#include "kernels/battery_lanes.hpp"

namespace mel::MEL_ISA {

// Of ln B by samples, where the speed stays or follows its best; the root that is sought is that
// of ln(lambda B rise).
struct RiseLanes {
    Lanes rise;   // d ln B / dd
    Lanes steep;  // d ln(B rise) / dd
};

// What each limit is worth: d ln B / d ln slack, with the sign turned, and d ln B / dE.
struct WorthLanes {
    Lanes by_slack, by_joule;
};

struct RatioLanes {
    Lanes a, t, g, b;
    Lanes whole;  // how ln B follows bits where the joules follow the slack, the sign turned
    Lanes pull;   // bend theta^3
};

template <class Law>
MEL_INLINE RatioLanes ratios(const BatteryLanes& b, const HeldLanes& h) {
    RatioLanes r;
    const Mask m = h.sound;
    const Lanes inverse = 1 / select(m, h.slack * h.sending_j * h.bits, fill(1));
    const Lanes over_slack = inverse * h.sending_j * h.bits;
    const Lanes seconds = b.work / h.speed;
    r.a = inverse * h.slack * h.bits * b.joules * h.speed * h.speed;
    r.t = seconds * over_slack;
    r.g = (b.other + seconds) * over_slack;
    r.b = b.q.alpha * inverse * h.slack * h.sending_j;
    r.whole = Law::density ? 1 + h.gain.theta : fill(1);
    r.pull = h.gain.bend * h.gain.theta * h.gain.theta * h.gain.theta;
    return r;
}

// At the limit of power, at full speed.
template <class Law>
MEL_INLINE RiseLanes by_power(const RatioLanes& r) {
    RiseLanes s;
    const Lanes both = r.g + r.b;
    s.rise = both * r.whole;
    Lanes second = (r.g - r.b) * both * r.whole;
    if (Law::density) second += both * both * r.pull;
    s.steep = s.rise + second / s.rise;
    return s;
}

// With all of the energy at a speed that stays.
template <class Law>
MEL_INLINE Lanes tilt_of(const RatioLanes& r) {
    return Law::density ? r.a + r.b : r.a - r.g;
}

template <class Law>
MEL_INLINE RiseLanes by_energy(const RatioLanes& r, const GainLanes& gain) {
    RiseLanes s;
    const Lanes tilt = tilt_of<Law>(r);
    const Lanes of_slack = Law::density ? r.g : r.g * gain.spare;
    const Lanes of_joules = r.a * gain.theta;
    const Lanes of_bits = Law::density ? r.b * r.whole : r.b;
    s.rise = of_bits + of_slack + of_joules;
    const Lanes second = of_slack * r.g + of_joules * r.a - of_bits * r.b + r.pull * tilt * tilt;
    s.steep = s.rise + second / s.rise;
    return s;
}

// The best speed with all of the energy is where `wish` vanishes: the logarithm of what a joule of
// computing costs over what its second is worth, so that above 0 slower is better. In ln v.
struct SpeedLanes {
    Lanes wish;
    Lanes wish_samples, wish_speed;  // how it changes with samples and ln speed
    Lanes rise_speed;                // d ln(B rise) / d ln speed
};

template <class Law>
MEL_INLINE SpeedLanes speed_slopes(const RatioLanes& r, const GainLanes& gain, Lanes d,
                                   const RiseLanes& s, Mask wanted) {
    SpeedLanes v;
    const Lanes a = r.a * d, t = r.t * d;
    const Lanes theta = gain.theta;
    const Lanes spare = Law::density ? fill(1) : gain.spare;
    const Lanes tilt = tilt_of<Law>(r);
    const Lanes tilt_speed = Law::density ? 2 * a : 2 * a + t;
    const Lanes theta_speed = r.pull * tilt_speed;
    const Lanes follow = Law::density ? 1 / theta : 1 / (theta * spare);
    const Lanes second = t * spare;
    const Mask sane = wanted & (second > 0) & (a * theta > 0);
    v.wish = logarithm(select(sane, 2 * a * theta / select(sane, second, fill(1)), fill(1)));
    v.wish_samples = r.a - r.g + r.pull * tilt * follow;
    v.wish_speed = 3 + 2 * a + t + theta_speed * follow;
    const Lanes rise_slope =
        2 * r.a * (1 + a) * theta + tilt * theta_speed - r.t * (1 + r.g * d) * spare;
    v.rise_speed = 2 * a * theta - second + rise_slope / s.rise;
    return v;
}

// With the limit of power and the energy both, the speed following from them. `off`, what is left
// less what the limit could spend, of what sending has, is then 0; above 0 faster is better.
struct BothLanes {
    RiseLanes s;
    Lanes off;
    Lanes off_speed;    // minus its slope in ln speed
    Lanes off_samples;  // minus its slope in samples
};

template <class Law>
MEL_INLINE BothLanes by_both(const RatioLanes& r, const HeldLanes& h, Mask wanted) {
    BothLanes both;
    const Lanes n = 2 * r.g + r.t;
    const Lanes m = 2 * r.a + r.t;
    const Mask sane = wanted & (m > 0) & (h.samples > 0) & (h.left_j > 0) & (h.cap_j > 0);
    const Lanes inverse = 1 / select(sane, m, fill(1));
    const Lanes loss = r.a * n * inverse;  // of ln slack
    const Lanes d = select(sane, h.samples, fill(1));
    const Lanes follow = (r.g - r.a) * inverse / d;  // d ln v / dd
    const Lanes loss_slope =
        loss *
        (loss + follow * (2 - 3 * r.t / select(sane, n, fill(1)) - (4 * r.a - r.t) * inverse));
    const Lanes sum = r.b + loss;
    both.s.rise = sum * r.whole;
    Lanes second = (loss_slope - r.b * r.b) * r.whole;
    if (Law::density) second += sum * sum * r.pull;
    both.s.steep = both.s.rise + second / both.s.rise;
    both.off = only(sane, (h.left_j - h.cap_j) / select(sane, h.sending_j, fill(1)));
    both.off_speed = m * d;
    both.off_samples = r.a - r.g;
    return both;
}

template <class Law>
MEL_INLINE WorthLanes worth_by_power(const RatioLanes& r) {
    return {r.whole, fill(0)};
}
template <class Law>
MEL_INLINE WorthLanes worth_by_energy(const HeldLanes& h) {
    const Lanes slack = Law::density ? fill(1) : h.gain.spare;
    return {slack, h.gain.theta / select(h.sound, h.sending_j, fill(1))};
}
template <class Law>
MEL_INLINE WorthLanes worth_by_both(const RatioLanes& r, const HeldLanes& h) {
    const Lanes inverse = r.whole / (2 * r.a + r.t);
    return {2 * r.a * inverse, r.t * inverse / select(h.sound, h.sending_j, fill(1))};
}

}  // namespace mel::MEL_ISA
