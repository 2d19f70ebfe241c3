// The least energy of a learner where what is shared has a price: it sends over the planned link
// itself,
//
//   C(d) = min over bandwidth, power and speed of  computing v^2 + P t + lambda B,
//
// lambda in joules a hertz, or it receives over that link, whose power is another's, and returns
// over its own at a constant power:
//
//   C(d) = min over bandwidth, power and speed of  computing v^2 + returning + lambda (B + q P),
//
// q the hertz that a watt is worth. What t seconds for the planned link are worth decides the
// speed: v with 2 c v^3 = what one more second saves there, c the power of computing at full speed.
// C is convex in d (docs/energy.md) but for the fixed law with bits a sample.
#pragma once

#include <limits>

#include "learner/energy_sending.hpp"

namespace mel {

struct EnergyCost {
    double cost;  // infinite where the deadline does not allow d samples
    double bandwidth_hz;
    double power_w;
    double energy_j;
    double speed;
    double slope;    // dC/dd
    double slack_s;  // for the planned link
};

// Exactly d samples; the energy of the battery limits nothing here. The speed that is best is
// looked for from the one that is stated.
EnergyCost energy_cost(const Spender& spender, const Demand& q, HertzPrice price, Computed near);

// How samples and what is taken follow the logarithms of the prices.
struct EnergySlopes {
    double samples_by_worth = 0, samples_by_band = 0;
    double band_by_worth = 0, band_by_band = 0;
    void add(const EnergySlopes& o) {
        samples_by_worth += o.samples_by_worth;
        samples_by_band += o.samples_by_band;
        band_by_worth += o.band_by_worth;
        band_by_band += o.band_by_band;
    }
};

// Where a look for the best samples ended, for the next to begin at: the logarithm of the time to
// send, or of the samples where they add bits, and how the logarithm of a sample's cost changes
// with it. Not a number, and 0: nothing is known.
struct LastLook {
    double at = std::numeric_limits<double>::quiet_NaN();
    double slope = 0;

    // Of a slope that is usual where nothing is known: one far from it is that of a flat place.
    double begin(double usual) const {
        const double share = slope / usual;
        return share > 0.1 && share < 10 ? slope : usual;
    }
};

// The best real d of the box where each is worth so many joules.
EnergyCost best_at_worth(const Spender& spender, const Demand& q, HertzPrice price, double worth,
                         Interval box, LastLook& last, double& samples,
                         EnergySlopes* slopes = nullptr);

}  // namespace mel
