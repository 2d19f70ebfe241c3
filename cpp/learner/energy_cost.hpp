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

// Exactly d samples; the energy of the battery limits nothing here. `near` is a speed to begin at.
EnergyCost energy_cost(const Spender& spender, const Demand& q, double lambda, double d,
                       double near = 1);

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

// The best real d in [low, high] where each is worth so many joules. The logarithm of the time to
// send, or of the samples where they add bits, is kept in `ln_time` for the next to begin at; not a
// number: nothing is known.
EnergyCost best_at_worth(const Spender& spender, const Demand& q, double lambda, double worth,
                         double low, double high, double& ln_time, double& samples,
                         EnergySlopes* slopes = nullptr);

}  // namespace mel
