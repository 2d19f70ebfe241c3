#include "energy/takers.hpp"

#include <algorithm>
#include <cmath>

namespace mel {

ByGain by_gain(EnergyLearners& learners, JoulePrices p) {
    std::vector<double> gain(learners.size(), -no_limit);
    learners.sums(1, [&](std::size_t k, EnergySums&) {
        if (learners.rests(k) && learners.takes_part(k)) gain[k] = learners.gain(k, p);
    });
    ByGain all;
    for (std::size_t k = 0; k < gain.size(); ++k) {
        if (gain[k] > -no_limit) all.order.push_back(k);
        all.gaining += gain[k] > 0 ? 1 : 0;
    }
    std::sort(all.order.begin(), all.order.end(), [&](std::size_t a, std::size_t b) {
        return gain[a] > gain[b] || (gain[a] == gain[b] && a < b);
    });
    return all;
}

double count_takers(std::span<const std::int64_t> samples) {
    return static_cast<double>(
        std::count_if(samples.begin(), samples.end(), [](std::int64_t d) { return d > 0; }));
}

double taking_of_count(EnergyLearners& learners, JoulePrices p) {
    if (!learners.limits_takers()) return 0;
    const ByGain all = by_gain(learners, p);
    const double surely = learners.possible_takers().fewest;
    const auto others = [&](double count) {
        const double size = static_cast<double>(all.order.size());
        return static_cast<std::size_t>(std::clamp(count - surely, 0.0, size));
    };
    const std::size_t fewest = others(learners.takers().fewest);
    const std::size_t most = others(learners.takers().most);
    const std::size_t count = std::clamp(all.gaining, fewest, std::max(fewest, most));
    if (count == all.gaining) return 0;
    // Between the last who is to gain and the first who is not.
    const auto gain = [&](std::size_t i) { return learners.gain(all.order[i], p); };
    if (count == 0) return gain(0) + std::fabs(gain(0));
    if (count == all.order.size()) return gain(count - 1) - std::fabs(gain(count - 1));
    return 0.5 * (gain(count - 1) + gain(count));
}

}  // namespace mel
