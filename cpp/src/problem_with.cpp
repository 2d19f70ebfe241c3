#include <sstream>
#include <stdexcept>

#include "mel/problem.hpp"

namespace mel {
namespace {

void require_in(const char* field, double value, double low, double high) {
    if (value >= low && value <= high) return;
    std::ostringstream text;
    text.precision(17);
    text << field << " = " << value << ": must be in [" << low << ", " << high << "]";
    throw std::invalid_argument(text.str());
}

}  // namespace

Problem Problem::with(double cycle_s, double bandwidth_hz, double power_w) const {
    require_in("cycle_s", cycle_s, 1e-60, 1e60);
    require_in("bandwidth_hz", bandwidth_hz, 1e-60, 1e60);
    require_in("power_w", power_w, 1e-60, 1e60);
    // As many local cycles as a float64 counts exactly.
    require_in("cycle_s * max(flops_per_s) / flops_per_sample", cycle_s / fastest_compute_s_, 0,
               9007199254740992.0);
    if (block_hz_ > bandwidth_hz) {
        require_in("bandwidth_hz", bandwidth_hz, block_hz_, 1e60);  // at least one block
    }
    Problem changed = *this;
    changed.cycle_s_ = cycle_s;
    if (bandwidth_hz != bandwidth_hz_) {
        changed.bandwidth_hz_ = bandwidth_hz;
        changed.cut_blocks();
    }
    changed.power_w_ = power_w;
    changed.every_return_in_time_ = beta_ * return_s_per_bit()[slowest_return_] < cycle_s;
    return changed;
}

}  // namespace mel
