#include "energy/takers.hpp"

#include <algorithm>

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

}  // namespace mel
