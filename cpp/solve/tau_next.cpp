// Which tau to ask next: how far down prices that refuted one refute, and what whole samples
// foretell.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/rounding.hpp"
#include "solve/tau_search.hpp"

namespace mel {
namespace {
constexpr int most_followed = 8;  // of a search that would else go on by halves
}  // namespace

void TauSearch::tell(const Room& room) {
    if (!(room.samples > 0 && room.samples < largest_count)) return;
    (room.samples < problem_.samples_real() ? over_ : fits_) = room;
    told_ = true;
}

// Which tau to ask next, if whole samples say: between two of which it is told how many fit on the
// straight line of logarithms; beside one as if each sample took as much for each local cycle.
std::optional<std::int64_t> TauSearch::foretold(const Left& left) {
    if (!std::exchange(told_, false) || followed_ >= most_followed) return {};
    ++followed_;
    const Room& one = over_.tau > 0 ? over_ : fits_;
    double steep = 1;
    if (fits_.tau > 0 && over_.tau > fits_.tau) {
        steep = std::log(fits_.samples / over_.samples) / std::log(over_.tau / fits_.tau);
    }
    const double tau = one.tau * std::pow(one.samples / problem_.samples_real(), 1 / steep);
    return std::clamp(whole_guess(tau, left.low + 1), left.low + 1, left.ceiling);
}

// The least tau above `low` that the prices refute which refuted `tau`, by a few more looks at them
// alone: where whole samples make far less possible than the guess says.
std::int64_t TauSearch::also_refuted(std::int64_t tau, std::int64_t low) {
    if (result_.tree.size() != 1 || parts_.part > 0) return tau;
    const Prices prices = result_.tree.front().prices;
    const auto refutes = [&](std::int64_t at) {
        const double t = static_cast<double>(at);
        if (!prices.usable()) return by_capacity(t).refutation() != nullptr;
        return switching_point_.refute({t, problem_.cycle_s(), prices}).has_value();
    };
    std::int64_t stride = 1;
    while (tau - stride > low && refutes(tau - stride)) {
        tau -= stride;
        stride *= 2;
    }
    for (stride = std::min(stride, tau - low) / 2; stride > 0; stride /= 2) {
        if (!stop_.requested() && refutes(tau - stride)) tau -= stride;
    }
    return tau;
}

}  // namespace mel
