// From a split that holds enough to one of just D samples, with as many participants as there must
// be.
#include <algorithm>
#include <cmath>

#include "select/fitting.hpp"

namespace mel {

bool Fitting::make_whole(const Bid& bid, const Cell* cell, std::vector<double>& samples) const {
    const double target = choices_.problem().samples_real();
    const std::size_t n = samples.size();
    CompensatedSum total_sum, least_sum;
    for (std::size_t k = 0; k < n; ++k) {
        total_sum.add(samples[k]);
        if (samples[k] > 0 || !may_rest(cell, k)) least_sum.add(low(cell, k));
    }
    double total = total_sum.value(), least = least_sum.value();
    if (total < target) return false;
    double count = takers(samples);
    const auto needed = static_cast<double>(goal_.at_least);
    if (least > target) {
        // Whoever must be left out: those of the largest minima, as long as enough is left.
        std::vector<std::size_t> order;
        for (std::size_t k = 0; k < n; ++k) {
            if (samples[k] > 0 && may_rest(cell, k)) order.push_back(k);
        }
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return low(cell, a) > low(cell, b); });
        for (const std::size_t k : order) {
            if (least <= target) break;
            if (count <= needed || total - samples[k] < target) continue;
            least -= low(cell, k);
            total -= samples[k];
            samples[k] = 0;
            count -= 1;
        }
        // Or one in place of another, or a few that add up.
        for (std::size_t i = 0; least > target && i < order.size(); ++i) {
            const std::size_t k = order[i];
            if (samples[k] == 0) continue;
            for (std::size_t j = 0; j < n && least > target; ++j) {
                if (samples[j] != 0 || !may_rest(cell, j)) continue;
                const double by = low(cell, j);
                const double d =
                    std::min(choices_.part(j, bid, {low(cell, j), high(cell, j)}), high(cell, j));
                if (!(d > 0) || by >= low(cell, k)) continue;
                if (total - samples[k] + d < target) continue;
                least += by - low(cell, k);
                total += d - samples[k];
                samples[k] = 0;
                samples[j] = d;
                break;
            }
        }
    }
    if (least > target) return false;
    // Samples go where one more is dearest: those with the least time left first.
    double over = total - target;
    const double keep = total > 0 ? std::max(0.0, 1 - over / std::max(total - least, 1.0)) : 1;
    double taken = 0;
    for (std::size_t k = 0; k < n; ++k) {
        if (samples[k] == 0) continue;
        const double down = std::floor((samples[k] - low(cell, k)) * (1 - keep));
        samples[k] -= down;
        taken += down;
    }
    over -= taken;
    // Nobody else's last sample goes, where every participant counts.
    for (std::size_t k = 0; k < n && over > 0; ++k) {
        if (samples[k] == 0) continue;
        const double down = std::min(samples[k] - std::max(low(cell, k), 0.0), over);
        if (samples[k] - down <= 0 && count <= needed) continue;
        if (samples[k] - down <= 0) count -= 1;
        samples[k] -= down;
        over -= down;
    }
    return over == 0;
}

}  // namespace mel
