// The two Lambert-type roots of link_law.hpp on lanes: a rational start in s = ln(1 + p), one
// Halley step, and more only where a lane lies outside the range of the start.
#pragma once

#include "kernels/lanes.hpp"

namespace mel::MEL_ISA {

struct DensityRoot {
    Lanes log_gain;  // l
    Lanes gain;      // e^l - 1
};

// e^l (l - 1) + 1 = y, for y > 0. With p = sqrt(2y), l / ln(1+p) runs smoothly from 1 to 2; the
// rational function follows it to 2e-6 for l in [1e-7, 85],
MEL_INLINE Lanes density_root_start(Lanes p) {
    const Lanes s = logarithm_1p_rough(p);
    const Lanes above = 1.0000018575263303 +
                        s * (0.4419175377231446 +
                             s * (0.1164469250774458 +
                                  s * (0.023993507889863652 +
                                       s * (0.006108273568787894 + s * 0.0002698429517688641))));
    const Lanes below =
        1 + s * (0.2753118620543209 +
                 s * (0.0841364496398935 +
                      s * (0.017634573487741542 +
                           s * (0.0034622758634447483 + s * 0.00013540599690262277))));
    return s * above / below;
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

// v + 2 ln v = 2 ln z, i.e. v = 2 W0(z/2), for z > 0: good to 2e-5 for v up to 85.
MEL_INLINE Lanes fixed_root_start(Lanes z) {
    const Lanes s = logarithm_1p_rough(z);
    const Lanes above =
        0.9999872705714777 +
        s * (0.7667565227648522 +
             s * (0.1773362907726477 + s * (0.03233621987657326 + s * 0.002267392189578073)));
    const Lanes below =
        1 + s * (0.7668005543501932 +
                 s * (0.1351883928980572 + s * (0.022013040339395367 + s * 0.0011434021347717807)));
    return s * above / below;
}

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

}  // namespace mel::MEL_ISA
