// Roots that a learner at one of its caps asks for, on lanes. `converged` is false where a root was
// not found to the last bits: nothing is proved from such a lane.
#pragma once

#include "kernels/roots.hpp"

namespace mel::MEL_ISA {

struct CapRoot {
    Lanes value;
    Mask converged;
};

// A learner at its bandwidth cap has y = rate ln2 / cap and pays watt e^y. With Y = y + offset its
// best y solves Y e^(Y/2) = span e^(offset/2).
MEL_INLINE CapRoot band_cap_root(Lanes span, Lanes offset, Mask wanted) {
    const Mask far = offset > 600;
    const Lanes z = span * exponential(smaller(0.5 * offset, fill(300))).value;
    const Mask sound = (span > 1e-140) & (span < fill(1e140));
    CapRoot r;
    r.value = fixed_root(select(sound, z, fill(1)));
    r.converged = sound & (offset >= fill(0)) & (offset < fill(1e12));
    if (any(far & wanted)) {
        // The same equation in logarithms, in which it is then nearly linear.
        const Lanes whole = 2 * logarithm(select(sound, span, fill(1))) + offset;
        Lanes y = larger(select(far, offset, fill(600)), fill(600));
        for (int step = 0; step < 4; ++step) {
            y = larger(y - (y + 2 * logarithm(y) - whole) / (1 + 2 / y), fill(1));
        }
        r.value = select(far, y, r.value);
    }
    return r;
}

// A learner of the density law at its power cap, at l = ln(1 + signal to noise), receives the share
// l/(e^l - 1) of what boundless bandwidth would carry.
struct PowerCapRoot {
    Lanes log_gain;  // l
    Lanes gain;      // e^l - 1
    Lanes excess;    // e^l - 1 - l
    Mask converged;
};

// ln(1 + p) with 1 + p = 1/share runs like l/2 from l = 0 and like l - ln l to the end: the
// rational function follows their ratio to 6e-6 for l in [1e-7, 260].
MEL_INLINE Lanes power_cap_start(Lanes share) {
    const Lanes s = logarithm_1p_rough((1 - share) / share);
    const Lanes above =
        1.9999893351818285 +
        s * (0.714408248945134 +
             s * (0.09935476034071772 + s * (0.005043736806348479 + s * 3.822477455611199e-05)));
    const Lanes below =
        1 + s * (0.5238704976797783 + s * (0.08131486089955327 +
                                           s * (0.004808948610698364 + s * 3.816244962453386e-05)));
    return s * above / below;
}

// l/(e^l - 1) = share, for share in (0, 1), by Halley's steps from l, each of which cubes the
// error: until one is below `last` of l.
MEL_INLINE PowerCapRoot power_cap_root(Lanes share, Lanes l, Mask wanted, double last = 1e-4) {
    const Lanes rest = 1 - share;
    l = smaller(larger(l, fill(1e-15)), fill(690));
    Mask open = wanted;
    PowerCapRoot r;
    r.gain = fill(1);
    r.excess = fill(1);
    for (int step = 0;; ++step) {
        const Exponential e = exponential(l);
        const Lanes f = share * e.excess - rest * l;
        const Lanes slope = share * e.minus_one - rest;
        const Lanes delta = -f * slope / (slope * slope - 0.5 * f * share * e.value);
        const Lanes rise = delta * (1 + delta * (0.5 + delta * (1.0 / 6 + delta * (1.0 / 24))));
        r.gain = select(open, e.minus_one + e.value * rise, r.gain);
        r.excess = select(open, e.excess + (e.value * rise - delta), r.excess);
        l = select(open, l + delta, l);
        open = open & ~(magnitude(delta) <= last * smaller(l, fill(1)));
        if (step == 6 || !any(open)) {
            r.log_gain = l;
            r.converged = ~open;
            return r;
        }
        l = smaller(larger(l, fill(1e-15)), fill(690));
    }
}

// The best l of such a learner: sqrt(2 phi) = own + shared l/(e^l - 1) with phi = e^-l - 1 + l.
// Leaving out one part or the other of the right, or the bend of the left, gives lower bounds of
// the root, of which the largest is within a third; Halley's steps in ln l cube that.
struct PowerCapWish {
    Lanes log_gain;
    Lanes phi;
    Mask converged;
};

MEL_INLINE PowerCapWish power_cap_wish(Lanes own, Lanes shared, Mask wanted) {
    own = smaller(own, fill(1e9));
    shared = smaller(shared, fill(1e200));
    const Lanes s = logarithm_1p_rough(shared);
    const Lanes below = 1 + s * (0.6769708176463985 + s * 0.15583214458209502);
    const Lanes straight = 1 + 0.5 * shared;
    const Lanes shifted = own + 3;
    const Lanes inverse = 1 / (below * straight * shifted);
    const Lanes alone = own + 0.5 * own * own * (own + 1) * (below * straight * inverse);
    const Lanes without = s *
                          (0.997233914544727 + s * (0.878785577199161 + s * 0.1569288942091834)) *
                          (straight * shifted * inverse);
    const Lanes bent = (own + shared) * (below * shifted * inverse);
    PowerCapWish r;
    r.log_gain = smaller(larger(larger(larger(alone, without), bent), fill(1e-60)), fill(690));
    r.phi = fill(1);
    Mask open = wanted;
    for (int step = 0; step < 8 && any(open); ++step) {
        const Lanes l = r.log_gain;
        const Exponential e = exponential(-l);
        const Lanes w = -e.minus_one;
        const Lanes phi = e.excess;
        const Lanes whole = own * w + shared * l * e.value;  // w times the right side
        const Lanes every = 1 / (w * whole * phi);
        const Lanes inverse_w = whole * phi * every;
        const Lanes inverse_right = w * w * phi * every;
        const Lanes share = l * e.value * inverse_w;
        const Lanes part = shared * share * inverse_right;
        const Lanes left_slope = 0.5 * l * w * (w * whole * every);  // of ln sqrt(2 phi) in ln l
        const Lanes fall = phi * inverse_w;                          // minus that of the share
        const Lanes f = 0.5 * logarithm(2 * phi * inverse_right * inverse_right);
        const Lanes first = left_slope + part * fall;
        const Lanes second = left_slope * (1 + share - 2 * left_slope) + part * (l - share * fall) -
                             part * (1 - part) * fall * fall;
        const Lanes square = first * first;
        const Lanes bottom = square - 0.5 * f * second;
        const Lanes newton = -f * first / select(bottom > 0.25 * square, bottom, square);
        const Lanes delta = smaller(larger(newton, fill(-1)), fill(1));
        const Lanes move = l * (delta + 0.5 * delta * delta);
        r.log_gain = select(open, smaller(l + move, fill(690)), l);
        r.phi = select(open, phi + move * (w + 0.5 * move * e.value), r.phi);
        open = open & ~(magnitude(newton) <= 1e-3 * smaller(l, fill(1)));
    }
    r.converged = ~open & (r.log_gain > 1e-50) & (r.log_gain < fill(600));
    return r;
}

}  // namespace mel::MEL_ISA
