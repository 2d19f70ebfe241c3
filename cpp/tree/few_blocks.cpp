#include "tree/few_blocks.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/chunks.hpp"
#include "learner/resource_blocks.hpp"

namespace mel {
namespace {

constexpr std::size_t fewest_learners = 512;  // below, all of them are looked at soon enough
constexpr double few = 0.125;                 // of the learners
// Beyond these a link's intermediate results might leave the range of doubles.
constexpr double fewest_bits = 1e-6, shortest_s = 1e-20, longest_s = 1e20;
constexpr double spread[] = {0.25, 1, 4};  // of the power that goes with so many blocks
constexpr std::size_t some_more = 16;
constexpr std::size_t most_at_once = 64;  // join for one leaf, beside as many as there are blocks

// What learners carry with n blocks and so much power each, if their caps allow it.
class Carried {
  public:
    struct Each {
        double blocks, power_w;
    };
    Carried(const Problem& problem, const Box& box, Each each)
        : problem_(problem), box_(box), rates_(problem.size()), carried_(problem.size()) {
        for (std::size_t k = 0; k < rates_.size(); ++k) {
            const BlockLink link = block_link(problem, k);
            const double n = std::min(each.blocks, link.most);
            const double power = std::min(each.power_w, link.power_cap_w);
            rates_[k] = n > 0 ? n * link.width_hz / ln2 * std::log1p(power / link.scale(n)) : 0;
        }
    }

    // Real samples of every learner at tau; below zero where not even the model gets through.
    const std::vector<double>& at(double tau) {
        for (std::size_t k = 0; k < rates_.size(); ++k) {
            const Demand demand = demand_of(problem_, k, tau);
            const double rate = rates_[k];
            carried_[k] = rate > 0 ? std::min((rate * demand.budget_s - demand.beta) /
                                                  (demand.alpha + demand.per_sample_s * rate),
                                              box_.high(k))
                                   : -1;
        }
        return carried_;
    }

    // Whether the best `count` learners carry D.
    bool suffices(double tau, std::size_t count) {
        std::vector<double> best = at(tau);
        count = std::min(count, best.size());
        std::nth_element(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(count) - 1,
                         best.end(), std::greater<>());
        double total = 0;
        for (std::size_t i = 0; i < count; ++i) total += std::max(best[i], 0.0);
        return total >= problem_.samples_real();
    }

  private:
    const Problem& problem_;
    const Box& box_;
    std::vector<double> rates_;
    std::vector<double> carried_;
};

// The largest tau, up to a few per cent, at which the best learners carry D with a block each.
double reachable_tau(const Problem& problem, const Box& box, double most, Stop& stop) {
    const double count = problem.block_budget();
    double low = 0.5;
    for (const double blocks : {1.0, count}) {
        Carried carried(problem, box, {blocks, blocks * problem.power_w() / count});
        const auto learners = static_cast<std::size_t>(std::ceil(count / blocks));
        if (carried.suffices(most, learners)) return most;
        double high = most;
        if (!carried.suffices(low, learners)) continue;
        while (high > 1.03 * low && !stop.check()) {
            const double middle = std::sqrt(low * high);
            (carried.suffices(middle, learners) ? low : high) = middle;
        }
    }
    return low;
}

struct Worth {
    double value;
    std::size_t learner;
};

}  // namespace

bool few_blocks(const Problem& problem) {
    return problem.excused() && problem.block_hz() > 0 && problem.size() >= fewest_learners &&
           problem.block_budget() <= few * static_cast<double>(problem.size()) &&
           problem.fewest_bits_sent() > fewest_bits && problem.cycle_s() > shortest_s &&
           problem.cycle_s() < longest_s;
}

std::vector<std::size_t> first_with_blocks(const Problem& problem, const Box& box,
                                           const PassPoint& point, Stop& stop) {
    const double conceivable = problem.cycle_s() / problem.fastest_compute_s();
    const double most = point.tau > 0.5 && point.tau < conceivable ? point.tau : conceivable;
    const double tau = reachable_tau(problem, box, std::max(most, 0.5), stop);
    const double count = problem.block_budget();
    std::vector<char> chosen(problem.size(), 0);
    std::vector<std::size_t> order(problem.size());
    for (double blocks = 1; blocks <= count; blocks *= 2) {
        const auto learners = static_cast<std::size_t>(std::ceil(1.25 * count / blocks));
        const std::size_t taken = std::min(learners + some_more, problem.size());
        for (const double part : spread) {
            if (stop.check()) return {};
            const double power = std::min(part * blocks / count, 1.0) * problem.power_w();
            Carried carried(problem, box, {blocks, power});
            const std::vector<double>& samples = carried.at(tau);
            for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
            std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(taken) - 1,
                             order.end(), [&](std::size_t a, std::size_t b) {
                                 return samples[a] > samples[b] ||
                                        (samples[a] == samples[b] && a < b);
                             });
            for (std::size_t i = 0; i < taken; ++i) chosen[order[i]] = 1;
        }
    }
    std::vector<std::size_t> found;
    for (std::size_t k = 0; k < chosen.size(); ++k) {
        if (chosen[k] || box.low(k) > 0) found.push_back(k);
    }
    return found;
}

MustJoin must_join(const Problem& problem, const Box& box, double tau,
                   std::span<const ProvedLeaf> leaves, std::span<const std::size_t> part,
                   Pool& pool) {
    if (leaves.empty()) return {true, {}};
    const std::size_t size = problem.size();
    std::vector<double> samples(size);
    std::vector<char> inside(size, 0);
    for (const std::size_t k : part) inside[k] = 1;
    Prices lowest = leaves[0].prices;
    for (const ProvedLeaf& leaf : leaves) {
        lowest.lambda = std::min(lowest.lambda, leaf.prices.lambda);
        lowest.mu = std::min(lowest.mu, leaf.prices.mu);
    }
    const double lower = 1 - rounding::left_out_prices;
    const double cycle = problem.cycle_s();
    const PassPoint cheapest{tau, cycle, {lowest.lambda * lower, lowest.mu * lower}};
    // Costs rise with both prices: who is worth nothing here is worth nothing at any leaf.
    std::vector<SplitSums> chunks;
    const SplitSums at_cheapest = exact_pass(problem, box, cheapest, pool, chunks, samples);
    if (pool.stop().requested()) return {false, {}};
    const bool overlooked = at_cheapest.overlooked > 0 || at_cheapest.impossible > 0;
    for_each_learner(pool, size, [&](std::size_t k) {
        if (inside[k] || samples[k] > 0) return;
        double of_one = 0;
        if (overlooked) {
            of_one = exact_learners(problem, box, cheapest, {k, k + 1}, samples).overlooked;
        }
        if (of_one == 0) inside[k] = 1;
    });
    if (pool.stop().requested()) return {false, {}};
    std::vector<std::size_t> others;
    for (std::size_t k = 0; k < size; ++k) {
        if (!inside[k]) others.push_back(k);
    }
    MustJoin found{true, {}};
    std::vector<char> joins(size, 0);
    std::vector<SplitSums> sums(others.size());
    std::vector<Worth> worth;
    const std::size_t at_once = most_at_once + static_cast<std::size_t>(2 * problem.block_budget());
    for (const ProvedLeaf& leaf : leaves) {
        const PassPoint point{tau, cycle, leaf.prices};
        for_each_learner(pool, others.size(), [&](std::size_t i) {
            const std::size_t k = others[i];
            sums[i] = exact_learners(problem, box, point, {k, k + 1}, samples);
        });
        if (pool.stop().check()) return {false, {}};
        SplitSums all = leaf.sums;
        worth.clear();
        for (std::size_t i = 0; i < others.size(); ++i) {
            all.add(sums[i]);
            const double value =
                sums[i].samples.value() - sums[i].cost.value() + sums[i].overlooked;
            if (value > 0) worth.push_back({value, others[i]});
        }
        if (proof_of(problem, point, all, pool.trust())) continue;
        found.proved = false;
        const std::size_t taken = std::min(at_once, worth.size());
        std::partial_sort(worth.begin(), worth.begin() + static_cast<std::ptrdiff_t>(taken),
                          worth.end(), [](const Worth& a, const Worth& b) {
                              return a.value > b.value ||
                                     (a.value == b.value && a.learner < b.learner);
                          });
        for (std::size_t i = 0; i < taken; ++i) joins[worth[i].learner] = 1;
    }
    for (std::size_t k = 0; k < size; ++k) {
        if (joins[k]) found.learners.push_back(k);
    }
    return found;
}

}  // namespace mel
