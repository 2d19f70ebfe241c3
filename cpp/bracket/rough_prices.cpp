// Prices from anywhere, roughly: a start for the search.
#include <algorithm>
#include <cmath>
#include <limits>

#include "bracket/least_prices.hpp"

namespace mel {
namespace {

constexpr double roughly = 0.02;  // of D, and of a budget
constexpr int most_scales = 40;
constexpr double infinity = std::numeric_limits<double>::infinity();

// A factor that is looked for between ends that are kept, with growing steps until there are two.
class Factor {
  public:
    explicit Factor(double value = 1) : value_(value) {}
    double value() const { return value_; }
    bool closed() const { return high_ < nearly * low_; }
    void raise() {
        low_ = value_;
        next(value_ * step_);
    }
    void lower() {
        high_ = value_;
        next(value_ / step_);
    }

  private:
    static constexpr double nearly = 1.01;
    void next(double outwards) {
        if (low_ > 0 && high_ < infinity) {
            value_ = std::sqrt(low_ * high_);
        } else {
            value_ = outwards;
            step_ = std::min(step_ * step_, largest_step);
        }
    }
    static constexpr double largest_step = 1e8;
    double value_, step_ = 2, low_ = 0, high_ = infinity;
};

}  // namespace

// Whether far more samples are taken, or far fewer, is told by both prices together; and the budget
// that is stated is kept to by their ratio.
void LeastPrices::find_roughly(PassPoint& point, double& amount) {
    begin_looks();
    const double samples = problem_.samples_real();
    const bool band = resource_ == Resource::bandwidth;
    const Prices first = point.prices;
    Factor scale;
    Factor stated;  // of the stated budget's price
    for (int round = 0; round < most_scales && !enough_looks(); ++round) {
        Look seen{};
        scale = Factor(scale.value());
        for (int step = 0; step < most_scales && !scale.closed(); ++step) {
            const double here = stated.value();
            PassPoint at = point;
            at.prices = {first.lambda * scale.value() * (band ? 1 : here),
                         first.mu * scale.value() * (band ? here : 1)};
            if (!at.prices.usable() || enough_looks()) return;
            point = at;
            seen = look(point, amount);
            if (seen.sums.impossible > 0) return;
            const double taken = seen.sums.samples.value();
            if (std::fabs(taken - samples) <= roughly * samples) break;
            if (taken > samples) {
                scale.raise();
            } else {
                scale.lower();
            }
        }
        const double used = band ? seen.sums.power.value() : seen.sums.bandwidth.value();
        const double has = band ? problem_.power_w() : problem_.bandwidth_hz();
        amount = band ? seen.sums.bandwidth.value() : seen.sums.power.value();
        if (!(amount > 0) || std::fabs(used - has) <= roughly * has || stated.closed()) return;
        if (used > has) {
            stated.raise();
        } else {
            stated.lower();
        }
    }
}

}  // namespace mel
