#include "blocks/block_sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/chunks.hpp"

namespace mel {
namespace {

// Times the price of a sample at which those who take part have D in all: dearer ones rest.
constexpr double far_from_it = 8;
constexpr std::size_t piece = 512;  // learners
constexpr double infinity = std::numeric_limits<double>::infinity();

// What a learner that takes part would do at the prices.
struct Wish {
    std::size_t learner;
    double samples, cost;
    bool may_rest;
    double price() const { return cost / samples; }
};

// Takes out who may rest and would at prices far lower, too.
void leave_out_dear(std::vector<Wish>& wishes, double samples) {
    std::vector<Wish> resting;
    double taken = 0;
    for (const Wish& wish : wishes) {
        if (wish.may_rest) {
            resting.push_back(wish);
        } else {
            taken += wish.samples;
        }
    }
    std::sort(resting.begin(), resting.end(),
              [](const Wish& a, const Wish& b) { return a.price() < b.price(); });
    double highest = 0;
    for (const Wish& wish : resting) {
        if (taken >= samples && highest > 0) break;
        taken += wish.samples;
        highest = wish.price();
    }
    highest *= far_from_it;
    std::erase_if(wishes, [&](const Wish& w) { return w.may_rest && !(w.price() <= highest); });
}

}  // namespace

BlockSample::BlockSample(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool)
    : problem_(problem), box_(box) {
    const std::size_t size = problem.size();
    std::vector<Wish> wishes(size);
    for_each_learner(pool, size, [&](std::size_t k) {
        const Demand demand = demand_of(problem, k, point);
        const bool may_rest = problem.excused() && box.low(k) <= 0;
        const double low = may_rest ? 1 : box.low(k);
        const Response r =
            respond(link_of(problem, k), demand, false, {low, box.high(k)}, point.prices);
        wishes[k] = {k, std::max(r.samples, low), r.possible ? r.cost : infinity, may_rest};
    });
    if (problem.excused()) leave_out_dear(wishes, problem.samples_real());
    std::sort(wishes.begin(), wishes.end(), [](const Wish& a, const Wish& b) {
        return a.cost > b.cost || (a.cost == b.cost && a.learner < b.learner);
    });
    for (const Wish& wish : wishes) dearest_.push_back(wish.learner);
}

// In pieces between which a look may be stopped.
void BlockSample::add(std::vector<BlockPart>& parts, std::span<const std::size_t> learners,
                      double weight) const {
    for (std::size_t at = 0; at < learners.size(); at += piece) {
        const auto taken = learners.subspan(at, std::min(piece, learners.size() - at));
        std::vector<std::size_t> sorted(taken.begin(), taken.end());
        std::sort(sorted.begin(), sorted.end());
        parts.emplace_back(problem_.taken(sorted), box_, sorted, weight);
    }
}

std::vector<BlockPart> BlockSample::parts(std::size_t learners) const {
    std::vector<BlockPart> parts;
    const std::size_t all = dearest_.size();
    if (all == 0) return parts;
    if (all <= 2 * learners) {
        add(parts, dearest_, 1);
        return parts;
    }
    const std::size_t alone = learners / 4;
    const std::size_t step = (all - alone) / (learners - alone) + 1;
    std::vector<std::size_t> others;
    for (std::size_t i = alone + step / 2; i < all; i += step) others.push_back(dearest_[i]);
    const double weight = static_cast<double>(all - alone) / static_cast<double>(others.size());
    add(parts, std::span(dearest_).first(alone), 1);
    add(parts, others, weight);
    return parts;
}

}  // namespace mel
