// Boxes of what is nearly closed by the first box's prices: they serve to find a better plan more
// than to prove anything. Each is looked at where its bound is lowest, and cut where learners
// switch.
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/sums.hpp"
#include "select/selector.hpp"

namespace mel {
namespace {

constexpr int root_passes = 160;
constexpr int node_passes = 60;

}  // namespace

bool Selector::close_nearly(Open& open) {
    const bool root = open.node == 0;
    Bid bid = open.bid;
    bid.per_sample = goal_.of == Worth::learners ? 0 : 1;
    // After a better plan the same prices may do.
    for (int again = 0; again < 3; ++again) {
        const auto outcome = lowest_.run(bid, &open.cell,
                                         {.target = target(),
                                          .tolerance = tolerance(),
                                          .most_passes = root ? root_passes : node_passes});
        open.bid = bid;
        if (outcome == Lowest::Outcome::stopped) return false;
        if (outcome == Lowest::Outcome::impossible) open.bid = choices_.bid({}, 0);
        if (outcome != Lowest::Outcome::open) return true;
        open.bound = std::min(open.bound, rounded_down(lowest_.most()));
        if (!looks_for_plans() || !look_for_plan(bid, &open.cell)) break;
        if (lowest_.most() < target()) return true;
    }
    open.starts = {bid};
    std::size_t learner = 0;
    double at = 0;
    return !choose_widest(open.cell, learner, at) && close_the_last(open);
}

// Where learners switch: the one whose choices differ most; of identical ones the one at
// whom what is left of the budgets ends.
bool Selector::choose_switching(const Open& open, std::size_t& learner, double& at) const {
    const std::size_t n = problem_.size();
    double widest = 0;
    double low_choice = 0, high_choice = 0;
    if (lowest_.picks().size() >= n) {
        for (std::size_t k = 0; k < n; ++k) {
            double low = 0, high = 0;
            if (!lowest_.switches(k, low, high)) continue;
            low = std::max(low, open.cell.low[k]);
            high = std::min(high, open.cell.high[k]);
            if (!(low < high)) continue;
            const double width = std::max(choices_.worth(k, high) - choices_.worth(k, low),
                                          1e-3 * (choices_.worth(k, high) + 1));
            if (width > widest) {
                widest = width;
                learner = k;
                low_choice = low;
                high_choice = high;
            }
        }
    }
    if (!(widest > 0)) return choose_widest(open.cell, learner, at);
    at = std::floor(0.5 * (low_choice + high_choice));
    const bool jumps = choices_.may_rest(learner) && low_choice == 0;
    if (jumps) at = 0;
    at = std::clamp(at, open.cell.low[learner], open.cell.high[learner] - 1);
    if (choices_.may_rest(learner) && at < choices_.least(learner)) at = 0;
    if (!jumps || !choices_.has_twins()) return true;
    std::vector<std::size_t> alike;
    for (std::size_t k = 0; k < n; ++k) {
        if (choices_.twins(k, learner) && open.cell.low[k] <= 0 && open.cell.high[k] > 0) {
            alike.push_back(k);
        }
    }
    if (alike.size() < 2) return true;
    // How many of them the budgets hold beside the others.
    const Prices prices = open.bid.prices;
    CompensatedSum others;
    for (std::size_t k = 0; k < n; ++k) {
        if (choices_.twins(k, learner) && open.cell.low[k] <= 0) continue;
        others.add(choices_.cost(k, lowest_.picks()[k], prices));
    }
    const double has = prices.lambda * problem_.bandwidth_hz() + prices.mu * problem_.power_w();
    const double each = choices_.cost(learner, high_choice, prices);
    const double count = std::floor((has - others.value()) / each);
    const auto place =
        static_cast<std::size_t>(std::clamp(count, 0.0, static_cast<double>(alike.size() - 1)));
    learner = alike[place];
    return true;
}

}  // namespace mel
