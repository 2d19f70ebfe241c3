// Many learners with energies of their own: what is missing of the samples, or too much, is found
// by looks at all of them in lanes.
#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "kernels/battery_passes.hpp"
#include "split/whole_samples.hpp"

namespace mel {
namespace {
constexpr int most_looks = 12;
}  // namespace

double WholeSamples::repair_in_lanes(const Box& box, const PassPoint& at, double over,
                                     std::span<double> samples) {
    const std::size_t size = problem_.size();
    const KernelInput in = kernel_input(problem_, {}, at);
    const auto bands = battery_kernels_of(pool_, problem_.law()).bands;
    gains_.resize(size);
    moves_.resize(size);
    double movable = static_cast<double>(size);
    for (int look = 0; look < most_looks && over != 0; ++look) {
        const bool down = over > 0;
        const double wanted = std::max(1.0, std::floor(std::fabs(over) / movable));
        for_each_chunk(pool_, size, [&](std::size_t, std::size_t first, std::size_t last) {
            double to[chunk_size] = {}, band[chunk_size], rise[chunk_size];
            for (std::size_t k = first; k < last; ++k) {
                const double d = samples[k];
                // Who takes part stays.
                const double least = std::max(box.low(k), std::min(d, 1.0));
                const double room = down ? d - least : box.high(k) - d;
                moves_[k] = std::max(std::min(wanted, std::floor(room)), 0.0);
                to[k - first] = down ? d - moves_[k] : d + moves_[k];
            }
            bands(in, {first, last}, std::span(to), {band, rise});
            for (std::size_t k = first; k < last; ++k) {
                const std::size_t i = k - first;
                // Convex: no sample on the way costs more than the one at its dearer end.
                const bool joins = problem_.excused() && samples[k] == 0;
                const double each = joins ? band[i] / moves_[k] : rise[i];
                const bool fits = band[i] < infinity && band[i] <= in.max_bandwidth[k];
                gains_[k] = moves_[k] >= 1 && fits ? (down ? -each : each) : infinity;
            }
        });
        if (pool_.stop().requested()) break;
        heap_.clear();
        double moved = 0;
        for (std::size_t k = 0; k < size; ++k) {
            if (!(gains_[k] < infinity)) continue;
            heap_.push_back({gains_[k], k, 0, 0});
            moved += moves_[k];
        }
        if (heap_.empty()) break;
        movable = static_cast<double>(heap_.size());
        if (moved > std::fabs(over)) {
            const auto cheaper = [](const Marginal& a, const Marginal& b) {
                return a.cost < b.cost || (a.cost == b.cost && a.learner < b.learner);
            };
            const double needed = std::min(std::ceil(std::fabs(over) / wanted), movable);
            const auto end = heap_.begin() + static_cast<std::ptrdiff_t>(needed);
            std::nth_element(heap_.begin(), end - 1, heap_.end(), cheaper);
            if (wanted > 1) std::sort(heap_.begin(), end, cheaper);
            heap_.erase(end, heap_.end());
        }
        for (const Marginal& next : heap_) {
            const double by = std::min(moves_[next.learner], std::fabs(over));
            samples[next.learner] += down ? -by : by;
            over += down ? -by : by;
            if (over == 0) break;
        }
    }
    return over;
}

}  // namespace mel
