// The two Lambert-type roots of link_law.hpp on lanes: a rational start in s = ln(1 + p), one
// Halley step, and more only where a lane lies outside the range of the start.
#pragma once

#include "kernels/rough_lanes.hpp"

namespace mel::MEL_ISA {

struct DensityRoot {
    Lanes log_gain;  // l
    Lanes gain;      // e^l - 1
};

// e^l (l - 1) + 1 = y, for y > 0. With p = sqrt(2y), l / ln(1+p) runs smoothly from 1 to 2; the
// rational function follows it to 2e-6 for l in [1e-7, 85],
template <class X>
MEL_INLINE X density_root_quotient(X s) {
    const X above = 1.0000018575263303 +
                    s * (0.4419175377231446 +
                         s * (0.1164469250774458 +
                              s * (0.023993507889863652 +
                                   s * (0.006108273568787894 + s * 0.0002698429517688641))));
    const X below = 1 + s * (0.2753118620543209 +
                             s * (0.0841364496398935 +
                                  s * (0.017634573487741542 +
                                       s * (0.0034622758634447483 + s * 0.00013540599690262277))));
    return s * above / below;
}
MEL_INLINE Lanes density_root_start(Lanes p) {
    return density_root_quotient(logarithm_1p_rough(p));
}

// and a Halley step cubes that.
MEL_INLINE DensityRoot density_root(Lanes y) {
    Lanes l = smaller(density_root_start(square_root(2 * y)), fill(690));
    Lanes grown = fill(0);
    Mask open = l > 0;
    for (int step = 0;; ++step) {
        const Exponential e = exponential(l);
        const Lanes f = (l * e.minus_one - e.excess) - y;
        const Lanes delta = -f * l / (l * l * e.value - 0.5 * f * (1 + l));
        const Lanes rise = delta * (1 + delta * (0.5 + delta * (1.0 / 6 + delta * (1.0 / 24))));
        grown = select(open, e.minus_one + e.value * rise, grown);
        l = select(open, l + delta, l);
        open = open & (magnitude(delta) > 1e-4 * smaller(l, fill(1)));
        if (step == 6 || !any(open)) return {l, grown};
        l = larger(l, fill(1e-300));
    }
}

// That step alone, from a start as good as this.
MEL_INLINE DensityRoot density_root_from(Lanes l, Lanes y) {
    const Exponential e = exponential(l);
    const Lanes f = (l * e.minus_one - e.excess) - y;
    const Lanes delta = -f * l / (l * l * e.value - 0.5 * f * (1 + l));
    const Lanes rise = delta * (1 + delta * (0.5 + delta * (1.0 / 6 + delta * (1.0 / 24))));
    return {l + delta, e.minus_one + e.value * rise};
}

// v + 2 ln v = 2 ln z, i.e. v = 2 W0(z/2), for z > 0: good to 2e-5 for v up to 85.
template <class X>
MEL_INLINE X fixed_root_quotient(X s) {
    const X above =
        0.9999872705714777 +
        s * (0.7667565227648522 +
             s * (0.1773362907726477 + s * (0.03233621987657326 + s * 0.002267392189578073)));
    const X below =
        1 + s * (0.7668005543501932 +
                 s * (0.1351883928980572 + s * (0.022013040339395367 + s * 0.0011434021347717807)));
    return s * above / below;
}
MEL_INLINE Lanes fixed_root_start(Lanes z) { return fixed_root_quotient(logarithm_1p_rough(z)); }

// The same to the last bits.
MEL_INLINE Lanes fixed_root(Lanes z) {
    Lanes v = fixed_root_start(z);
    Mask open = v > 0;
    for (int step = 0;; ++step) {
        const Lanes f = v + 2 * logarithm(v / z);
        const Lanes slope = 1 + 2 / v;
        const Lanes delta = -f / (slope + f / (v * v * slope));
        v = select(open, v + delta, v);
        open = open & (magnitude(delta) > 1e-4 * v);
        if (step == 6 || !any(open)) return v;
        v = larger(v, fill(1e-300));
    }
}

// The root u of u^2 e^u = y, and what follows from it, to the last bits.
struct FixedRoot {
    Lanes u;
    Lanes inverse;  // 1 / u
    Lanes stretch;  // 1 / (2 + u)
    Lanes gain;     // e^u - 1
};

// From a start v one step of the third order, by one division and one exponential: what the start
// leaves of the equation is so small that a few terms are its logarithm.
MEL_INLINE FixedRoot fixed_root_from(Lanes v, Lanes y) {
    const Lanes above = 2 + v;
    const Lanes both = v * above;
    const Lanes shared = 1 / (y * both);
    const Exponential e = exponential(smaller(v, fill(690)));
    const Lanes inverse = shared * y * above;
    const Lanes stretch = shared * y * v;
    const Lanes t = (v * v * e.value - y) * (shared * both);
    const Lanes left = t * (1 - t * (0.5 - t * (1.0 / 3 - t * 0.25)));  // ln(1 + t)
    // left + d + 2 ln(1 + d / v) = 0 in powers of d.
    const Lanes first = -left * v * stretch;
    const Lanes bend = stretch * inverse;
    const Lanes d = first + first * first * bend * (1 + first * inverse * (2 * stretch - 2.0 / 3));
    const Lanes share = d * inverse;
    const Lanes shift = d * stretch;
    FixedRoot r;
    r.u = v + d;
    const Lanes nearly = inverse * (1 - share);
    r.inverse = nearly + nearly * (1 - r.u * nearly);
    r.stretch = stretch * (1 - shift * (1 - shift * (1 - shift)));
    r.gain = e.minus_one + e.value * (d * (1 + d * (0.5 + d * (1.0 / 6))));
    return r;
}

MEL_INLINE FixedRoot fixed_root_of(Lanes y) {
    const Lanes z = square_root(y);
    FixedRoot r = fixed_root_from(fixed_root_start(z), y);
    const Mask rare = ~((y > 1e-100) & (y < fill(1e38)));
    if (any(rare)) {
        const Lanes u = fixed_root(z);
        r.u = select(rare, u, r.u);
        r.inverse = select(rare, 1 / u, r.inverse);
        r.stretch = select(rare, 1 / (2 + u), r.stretch);
        r.gain = select(rare, exponential(smaller(u, fill(690))).minus_one, r.gain);
    }
    return r;
}

// The starts themselves do for what stands still at the root: a rate bought there costs more than
// it need by the square of what they are off. Of arguments beyond these they are not as good as
// said, or no floats.
inline constexpr double least_near = 1e-12, most_near = 1e36;

// For the larger root w of w - offset = w^4 e^(w^2) / y, as functions of x = ln y, all good to
// 1.2e-3 for -8 < x < 60.
template <class X>
struct RootCurves {
    X furthest;  // the root where the offset is 0
    X nearest;   // where it is largest, and both roots meet,
    X most;      // that largest offset
    X under;     // all of these over it; positive
    X c;         // x in [-1, 1]
};

// A polynomial of the fifth degree.
template <class X>
MEL_INLINE X quintic(X c, double a, double b, double d, double e, double f, double g) {
    const X c2 = c * c;
    return (a + c * b) + c2 * ((d + c * e) + c2 * (f + c * g));
}

MEL_INLINE RootCurves<Lanes> root_curves(Lanes x) {
    const Lanes c = (x - 26) * (1.0 / 34);
    RootCurves<Lanes> r;
    r.c = c;
    r.nearest = quintic(c, 4.2399232319, 21.7405779446, 44.8907954327, 46.5906393422, 24.2819375924,
                        5.08050119807);
    r.furthest = quintic(c, 4.62104152982, 23.2901845635, 47.3425065782, 48.4267606569,
                         24.8975152855, 5.14262708501);
    r.most = quintic(c, 4.13873524524, 21.3965746788, 44.4689832822, 46.3852616631, 24.2638316381,
                     5.08900887809);
    r.under =
        quintic(c, 1, 4.29779322637, 7.29114850705, 5.93024956052, 2.16504893217, 0.206684683673);
    return r;
}

// The same in single precision: from the end x = -8, where those cancel, in powers of c + 1.
MEL_INLINE RootCurves<Rough> root_curves(Rough x) {
    const Rough t = (x + 8) * (1.0 / 34);
    RootCurves<Rough> r;
    r.c = t - 1;
    r.nearest = quintic(t, 0.00093777213, 0.00566072655, 0.0054909798, 0.2679009533, -1.12056839795,
                        5.08050119807);
    r.furthest = quintic(t, 0.00149108811, 0.00852766085, 0.0210454704, 0.262970365, -0.81562013955,
                         5.14262708501);
    r.most = quintic(t, 0.00070494555, 0.00411094175, 0.0060993406, 0.2200238916, -1.18121275235,
                     5.08900887809);
    r.under = quintic(t, 0.021469968657, -0.120527416485, 0.42384658178, -0.66309933143,
                      1.131625513805, 0.206684683673);
    return r;
}

inline constexpr double least_curve = 3.4e-4, most_curve = 1.1e26;  // e^-8 < y < e^60
inline constexpr double beyond_curve = 1.01;  // of the largest offset: there is surely no root
inline constexpr double just_beyond_curve = 1.003;  // which the curves still tell apart

}  // namespace mel::MEL_ISA
