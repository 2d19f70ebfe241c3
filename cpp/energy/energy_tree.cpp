#include "energy/energy_tree.hpp"

#include <algorithm>
#include <cmath>

namespace mel {

EnergyTree::EnergyTree(EnergyLearners& learners, const EnergyNode& prices, double bound)
    : learners_(learners) {
    EnergyBox all{prices, bound, {}, {}, {}};
    for (std::size_t k = 0; k < learners.size(); ++k) {
        all.fewest.push_back(learners.rests(k) ? 0 : learners.low(k));
        all.most.push_back(learners.high(k));
    }
    boxes_.push_back(std::move(all));
}

std::size_t EnergyTree::weakest() const {
    std::size_t least = 0;
    for (std::size_t i = 1; i < boxes_.size(); ++i) {
        if (boxes_[i].below > 0) continue;
        if (boxes_[least].below > 0 || boxes_[i].bound < boxes_[least].bound) least = i;
    }
    return least;
}

bool EnergyTree::enter(std::size_t box) {
    bool some = learners_.confine(boxes_[box].fewest, boxes_[box].most);
    const TakerRange& takers = boxes_[box].takers;
    learners_.limit_takers(takers);
    if (some && learners_.limits_takers()) {
        const TakerRange possible = learners_.possible_takers();
        some = possible.fewest <= takers.most && possible.most >= takers.fewest;
    }
    if (!some) boxes_[box].bound = no_limit;
    return some;
}

void EnergyTree::prove(std::size_t box, double bound, const EnergyNode& prices) {
    if (!(bound > boxes_[box].bound)) return;
    boxes_[box].bound = bound;
    boxes_[box].node = prices;
}

// Who takes part first: whom the other choice costs least. Where all that is settled, the single
// sample that costs least.
EnergyTree::Choice EnergyTree::choose(std::size_t box) {
    const EnergyNode& at = boxes_[box].node;
    const JoulePrices p{at.lambda, at.nu, at.taking};
    Choice part{0, 0, no_limit}, sample{0, 0, no_limit};
    for (std::size_t k = 0; k < learners_.size(); ++k) {
        if (!learners_.takes_part(k)) continue;
        const double low = learners_.low(k), high = learners_.high(k);
        const auto worth = [&](double d) {
            return p.nu * d - learners_.cost(k, p.of_hertz(), d).cost;
        };
        const double gain = learners_.gain(k, p);
        if (learners_.rests(k)) {
            const double regret = std::fabs(gain - p.taking);
            if (regret < part.regret) part = {k, 0, regret};
            if (!(gain > p.taking)) continue;
        }
        EnergyCost cost;
        double d = std::clamp(std::floor(learners_.best(k, p, cost)), low, high);
        double most = worth(d);
        if (d < high && worth(d + 1) > most) most = worth(d += 1);
        if (d < high) {
            const double regret = most - worth(d + 1);
            if (regret < sample.regret) sample = {k, d, regret};
        }
        if (d > low) {
            const double regret = most - worth(d - 1);
            if (regret < sample.regret) sample = {k, d - 1, regret};
        }
    }
    return part.regret < no_limit ? part : sample;
}

EnergyTree::Halves EnergyTree::divide(std::size_t box) {
    if (!enter(box)) return {};
    const Choice by = choose(box);
    if (!(by.regret < no_limit)) return {};
    const std::size_t below = boxes_.size(), k = by.learner;
    EnergyBox under = boxes_[box], over = boxes_[box];
    under.most[k] = std::min(under.most[k], by.at);
    over.fewest[k] = std::max(over.fewest[k], by.at + 1);
    const Problem& problem = learners_.problem();
    problem.later_twins(k, [&](std::size_t j) { under.most[j] = std::min(under.most[j], by.at); });
    problem.earlier_twins(
        k, [&](std::size_t j) { over.fewest[j] = std::max(over.fewest[j], by.at + 1); });
    boxes_[box].below = below;
    boxes_[box].node = {static_cast<std::int64_t>(k), static_cast<std::int64_t>(by.at)};
    boxes_.push_back(std::move(under));
    boxes_.push_back(std::move(over));
    return {true, below};
}

EnergyTree::Halves EnergyTree::divide_takers(std::size_t box, double planned) {
    const TakerRange& range = boxes_[box].takers;
    const double highest = std::min(range.most, static_cast<double>(learners_.size()));
    const auto divides = [&](double at) { return range.fewest <= at && at < highest; };
    const double at = divides(planned - 1) ? planned - 1 : planned;
    if (!divides(at)) return {};
    const std::size_t below = boxes_.size();
    EnergyBox under = boxes_[box], over = boxes_[box];
    under.takers.most = at;
    over.takers.fewest = at + 1;
    boxes_[box].below = below;
    boxes_[box].node = {EnergyNode::takers, static_cast<std::int64_t>(at)};
    boxes_.push_back(std::move(under));
    boxes_.push_back(std::move(over));
    return {true, below};
}

std::vector<EnergyNode> EnergyTree::in_order() const {
    std::vector<EnergyNode> nodes;
    std::vector<std::size_t> ahead{0};
    while (!ahead.empty()) {
        const EnergyBox& box = boxes_[ahead.back()];
        ahead.pop_back();
        nodes.push_back(box.node);
        if (box.below == 0) continue;
        ahead.push_back(box.below + 1);
        ahead.push_back(box.below);
    }
    return nodes;
}

}  // namespace mel
