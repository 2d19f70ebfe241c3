#include "blocks/block_sample.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/chunks.hpp"
#include "base/infinity.hpp"

namespace mel {
namespace {

// Times the price of a sample at which those who take part have D in all: dearer ones rest.
constexpr double far_from_it = 8;
constexpr std::size_t piece = 512;  // learners

// What a learner that takes part would do at the prices.
struct Wish {
    std::size_t learner;
    double samples, cost, price;  // of a sample
    bool may_rest;
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
    double highest = 0;
    // The dearest of the cheapest who hold so much: by halves, as an order of all takes too long.
    auto first = resting.begin(), last = resting.end();
    while (last - first > 1) {
        const auto middle = first + (last - first) / 2;
        std::nth_element(first, middle, last,
                         [](const Wish& a, const Wish& b) { return a.price < b.price; });
        double cheaper = 0;
        for (auto wish = first; wish != middle; ++wish) cheaper += wish->samples;
        if (taken + cheaper >= samples) {
            last = middle;
        } else {
            taken += cheaper;
            first = middle;
        }
    }
    if (first != last) highest = first->price;
    if (!(highest > 0)) {  // what costs nothing says nothing
        highest = infinity;
        for (const Wish& wish : resting) {
            if (wish.price > 0) highest = std::min(highest, wish.price);
        }
    }
    highest *= far_from_it;
    std::erase_if(wishes, [&](const Wish& w) { return w.may_rest && !(w.price <= highest); });
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
        const double samples = std::max(r.samples, low), cost = r.possible ? r.cost : infinity;
        wishes[k] = {k, samples, cost, cost / samples, may_rest};
    });
    if (pool.stop().check()) return;
    if (problem.excused()) leave_out_dear(wishes, problem.samples_real());
    if (pool.stop().check()) return;
    std::vector<std::pair<double, std::size_t>> dearest;
    dearest.reserve(wishes.size());
    for (const Wish& wish : wishes) dearest.emplace_back(-wish.cost, wish.learner);
    std::sort(dearest.begin(), dearest.end());
    dearest_.reserve(dearest.size());
    for (const auto& [cost, learner] : dearest) dearest_.push_back(learner);
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
