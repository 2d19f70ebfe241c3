// Few learners who take all that they may, or nothing: those whose samples add up to just D, and
// the subsets of those whom prices leave open.
#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "select/selector.hpp"
#include "select/subsets.hpp"

namespace mel {
namespace {

constexpr int sums_tried = 4;
constexpr double too_dear = 1e150;  // for double precision to say, but not for its time
constexpr double high = 1e6;        // prices at which what is too dear by a sample is far too dear
constexpr std::size_t most_open = 60;
constexpr std::size_t most_leaves = 20'000;

}  // namespace

// Where everybody is all or nothing: who has just D samples together at the least cost, at the bid
// and then at the ratio of prices that suits whom it chose. None: there is no plan,
// which only boxes prove, and of few learners.
Selector::Sums Selector::hold_a_sum(Bid bid) {
    const std::size_t n = problem_.size();
    double wanted = problem_.samples_real();
    std::vector<std::size_t> who;
    Numbers samples(n, 0.0);
    for (std::size_t k = 0; k < n; ++k) {
        const double d = choices_.least(k);
        const bool rests = choices_.may_rest(k);
        if (!rests && d == 0 && choices_.most(k) == 0) continue;
        if (rests && (d > wanted || !choices_.has_time(k, d))) continue;
        if (d != choices_.most(k)) return Sums::open;
        if (rests) {
            who.push_back(k);
        } else {
            samples[k] = d;
            wanted -= d;
        }
    }
    if (wanted < 0 || wanted * static_cast<double>(who.size()) > most_sums) return Sums::open;
    const Numbers must = samples;
    for (int round = 0; round < sums_tried && bid.prices.usable() && !stop_.check(); ++round) {
        std::vector<Change> sizes;
        for (const std::size_t k : who) {
            const double d = choices_.least(k), cost = choices_.cost(k, d, bid.prices);
            sizes.push_back({d, std::isfinite(cost) ? cost : too_dear});
        }
        const std::vector<bool> members = cheapest_sum(sizes, wanted);
        if (members.empty() && wanted > 0) return Sums::none;
        samples = must;
        for (std::size_t i = 0; i < who.size(); ++i) {
            if (members[i]) samples[who[i]] = choices_.least(who[i]);
        }
        if (offer(samples)) return Sums::held;
        const double band = problem_.bandwidth_hz(), watt = problem_.power_w();
        const double whole = bid.prices.lambda * band + bid.prices.mu * watt;
        const double ratio = fitting_.ratio(), lambda = whole / (band + ratio * watt);
        bid.prices = {lambda, ratio * lambda};
    }
    return Sums::open;
}

// What prices leave open of all that is worth more than the best plan: at them a learner that does
// not do what it prefers loses its margin, so that whoever loses more than there is between bound
// and plan stays fixed, and of the others only subsets that lose no more are looked at, each as the
// one split that it is.
struct Selector::Subsets {
    Selector& all;
    const Bid bid;
    double most, sure;  // the bound, and what rounding may make of a margin
    std::vector<std::size_t> open;
    Numbers margins, samples;
    std::vector<SelectionNode> tree;
    std::size_t leaves = 0;
    bool failed = false;

    double gap() const { return most - all.target() + sure; }
    void leaf(const Bid& at) {
        tree.push_back({-1, 0, at.prices, at.per_sample, at.per_learner});
        ++leaves;
    }
    void split(std::size_t k) { tree.push_back({static_cast<std::int64_t>(k), 0, {}, 1, 0}); }
    double loses(std::size_t k, bool takes) const {
        return takes == (margins[k] > 0) ? 0 : std::fabs(margins[k]);
    }
    void among(std::size_t i, double lost);
    void judge();
    bool refutes(const Bid& at);
};

void Selector::Subsets::among(std::size_t i, double lost) {
    if (failed || leaves > most_leaves || all.stop_.check()) {
        failed = true;
        return;
    }
    if (lost > gap()) return leaf(bid);
    if (i == open.size()) return judge();
    const std::size_t k = open[i];
    split(k);
    for (const bool takes : {false, true}) {
        samples[k] = takes ? all.choices_.least(k) : 0;
        among(i + 1, lost + loses(k, takes));
    }
}

// One split alone: worth no more than the best plan, or the best plan, or more than there is, which
// the bid's own ratio of prices mostly says, the same for all.
void Selector::Subsets::judge() {
    Bid at = bid;
    at.prices = {};
    if (all.fitting_.worth(samples) < all.target()) return leaf(at);
    at.prices = {high * bid.prices.lambda, high * bid.prices.mu};
    if (refutes(at)) return leaf(at);
    if (all.fitting_.fits(samples)) {
        all.offer(samples, true);
        at.prices = {};
        return leaf(at);
    }
    const Problem& problem = all.problem_;
    const double ratio = all.fitting_.ratio(), over = all.fitting_.load() - 1;
    const double lambda =
        (1 + 2 * most) / over / (problem.bandwidth_hz() + ratio * problem.power_w());
    at.prices = {lambda, ratio * lambda};
    failed = !(over > 0) || !refutes(at);
    if (!failed) leaf(at);
}

bool Selector::Subsets::refutes(const Bid& at) {
    if (!at.prices.usable() || all.stop_.check()) return false;
    const Cell cell{samples, samples};
    Numbers picks(padded_to_groups(samples.size()), 0.0);
    const ChoiceSums sums = all.choices_.look(at, &cell, {picks});
    return !all.stop_.requested() && all.choices_.bound(at, sums).most() < all.target();
}

bool Selector::close_by_subsets(const Bid& bid) {
    const std::size_t n = problem_.size();
    if (!choices_.all_or_nothing() || choices_.has_twins() || found_.value < 0) return false;
    if (!choices_.steps_count() || !bid.prices.usable()) return false;
    Numbers picks(padded_to_groups(n), 0.0), margins(n, 0.0);
    const ChoiceSums sums = choices_.look(bid, nullptr, {picks, margins});
    const auto bound = choices_.bound(bid, sums);
    if (stop_.requested() || bound.value == -infinity) return false;
    Subsets subsets{*this, bid, bound.most(), 4 * bound.error, {}, std::move(margins), {}, {}};
    subsets.samples.assign(picks.begin(), picks.begin() + static_cast<std::ptrdiff_t>(n));
    std::size_t trailing = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const double margin = subsets.margins[k];
        const bool can = choices_.least(k) == choices_.most(k);
        if (!choices_.may_rest(k)) {
            if (!can) return false;
            continue;
        }
        if (!(margin > -infinity)) continue;
        if (!can) return false;
        if (std::fabs(margin) <= subsets.gap()) {
            subsets.open.push_back(k);
            continue;
        }
        subsets.split(k);
        if (margin > 0) {
            subsets.leaf(bid);
        } else {
            ++trailing;
        }
    }
    if (subsets.open.size() > most_open) return false;
    std::sort(subsets.open.begin(), subsets.open.end(), [&](std::size_t a, std::size_t b) {
        return std::fabs(subsets.margins[a]) > std::fabs(subsets.margins[b]);
    });
    subsets.leaves = 0;
    subsets.among(0, 0);
    found_.nodes += static_cast<std::int64_t>(subsets.leaves);
    if (subsets.failed) return false;
    for (; trailing > 0; --trailing) subsets.leaf(bid);
    found_.tree = std::move(subsets.tree);
    found_.bound = goal_.grain > 0 || found_.value == 0 ? found_.value : target();
    return true;
}

}  // namespace mel
