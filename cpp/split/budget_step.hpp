// Newton's step in the logarithm of the price ratio and in the cycle, towards a split that takes
// both budgets whole.
#pragma once

#include <cmath>

#include "base/infinity.hpp"
#include "kernels/pass_sums.hpp"

namespace mel {

class BudgetStep {
  public:
    // The logarithms of what a split takes over the budgets.
    struct Over {
        double band;
        double power;
    };
    BudgetStep(const FillSums& sums, double ratio, const Over& over)
        : over_(over),
          band_by_ratio_(sums.shift / sums.bandwidth),
          band_by_cycle_(sums.band_time / sums.bandwidth),
          power_by_ratio_(-sums.shift / (ratio * sums.power)),
          power_by_cycle_(sums.power_time / sums.power),
          // < 0
          determinant_(band_by_ratio_ * power_by_cycle_ - band_by_cycle_ * power_by_ratio_) {}

    struct To {
        double log_ratio;
        double cycle_s;
    };
    // Aims so far below the logarithms of the budgets.
    To aim(double inside) const {
        const double band = -over_.band - inside;
        const double power = -over_.power - inside;
        // Where power answers to nothing, bandwidth alone is aimed at.
        if (determinant_ == 0) return {0, band / band_by_cycle_};
        return {(band * power_by_cycle_ - band_by_cycle_ * power) / determinant_,
                (band_by_ratio_ * power - power_by_ratio_ * band) / determinant_};
    }

    // The cycle's step after which, with so much of one in the ratio, neither budget is exceeded,
    // both so far below their logarithms: where caps keep one of them from being spent, no step
    // leads to both.
    struct Within {
        double log_ratio;
        double inside;
    };
    double cycle_within(Within step) const {
        const auto [log_ratio, inside] = step;
        const double band = over_.band + inside + band_by_ratio_ * log_ratio;
        const double power = over_.power + inside + power_by_ratio_ * log_ratio;
        const double for_band = band_by_cycle_ < 0 ? -band / band_by_cycle_ : -infinity;
        const double for_power = power_by_cycle_ < 0 ? -power / power_by_cycle_ : -infinity;
        return std::fmax(for_band, for_power);
    }

    // How far it goes, in the logarithms of the ratio and of what the split takes.
    double length(const To& by) const {
        return std::fabs(by.log_ratio) +
               std::fabs(by.cycle_s) * (std::fabs(band_by_cycle_) + std::fabs(power_by_cycle_));
    }

  private:
    Over over_;
    double band_by_ratio_, band_by_cycle_, power_by_ratio_, power_by_cycle_;
    double determinant_;
};

}  // namespace mel
