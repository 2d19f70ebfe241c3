// What needs no search for prices: who has no time, and whether the least that all must take, or
// the one choice that each has, fits.
#include <algorithm>
#include <vector>

#include "base/infinity.hpp"
#include "passes/proof.hpp"
#include "select/selector.hpp"

namespace mel {
namespace {
constexpr int most_looks = 3;
constexpr double far_over = 1.01;  // the budgets: seldom where the bound is lowest
}  // namespace

// Where nobody chooses, and there is room for what real samples and starts of roots leave out, they
// prove as much as whole samples do, in a third of the time.
bool Selector::refuted_roughly(const Bid& bid) {
    if (choices_.jumps() || !goal_.whole || goal_.at_least > 0 || problem_.limited()) return false;
    const PassPoint point{choices_.tau(), problem_.cycle_s(), bid.prices};
    std::vector<PassSums> chunks;
    const Box box{scheme_box(problem_, Scheme::joint)};
    const auto sums = bound_pass(problem_, box, point, pool_, chunks);
    ++found_.passes;
    if (!sums || stop_.requested() || !rough_proof_of(problem_, point, *sums)) return false;
    one_leaf(bid);
    found_.refuted = true;
    found_.bound = bid.prices.lambda * problem_.bandwidth_hz() +
                   bid.prices.mu * problem_.power_w() + sums->value;
    return true;
}

// All that everybody has the time for is not enough.
bool Selector::nobody_has_time() {
    const Bid bid = choices_.bid({}, 0);
    const double sooner = choices_.more_than_time_for();
    const double most = sooner < target() ? sooner : choices_.capacity(bid, nullptr).most();
    if (!(most < target())) return false;
    one_leaf(bid);
    found_.refuted = true;
    found_.bound = most;
    return true;
}

// What all must take together; nothing where anybody may rest.
double Selector::least_of_all() const {
    return choices_.nobody_rests() ? choices_.least_of_fixed() : -infinity;
}

// Whether the one split that holds so few as are asked for, the least of everybody, does not fit.
bool Selector::just_the_least() {
    if (!goal_.whole || goal_.at_least > 0 || least_of_all() != target()) return false;
    const ChoiceSums& asked = lowest_.sums();
    return least_is_too_much(asked.value.value() + asked.cost);
}

// Whether, where the bound is as low as it was brought, more is used than there is: it may fall on
// without an end as prices rise.
bool Selector::still_too_much(const Bid& bid) const {
    if (!choices_.nobody_rests() || !(lowest_.most() >= 0)) return false;
    const double has =
        bid.prices.lambda * problem_.bandwidth_hz() + bid.prices.mu * problem_.power_w();
    return lowest_.sums().cost > far_over * has;
}

// Where not even the least that everybody must take fits, water-filling says so, and its prices,
// raised, prove it. `chosen`: so much was, at prices that seemed to.
bool Selector::least_is_too_much(double chosen) {
    Numbers samples(problem_.size());
    for (std::size_t k = 0; k < samples.size(); ++k) samples[k] = choices_.least(k);
    return !fitting_.fits(samples) && refutes(std::max(least_of_all(), chosen));
}

// Whether prices, however high, prove that what holds `total` samples at least costs more than
// there is. Water-filling has just said by how much, and at which ratio of the prices.
bool Selector::refutes(double total) {
    if (stop_.requested()) return true;
    const double over = fitting_.load() - 1, ratio = fitting_.ratio();
    if (!(over > 0)) return false;
    const double unit = over * (problem_.bandwidth_hz() + ratio * problem_.power_w());
    // At twice what was chosen at some prices nobody chooses more than that, and it is too much.
    for (int look = 0; look < most_looks; ++look) {
        const double lambda = (1 + 2 * total) / unit;
        Bid bid = choices_.bid({lambda, ratio * lambda}, 0);
        if (!bid.prices.usable()) return false;
        const auto outcome = lowest_.look_once(bid, 0);
        if (outcome == Lowest::Outcome::stopped) return true;
        if (outcome != Lowest::Outcome::open) {
            if (outcome == Lowest::Outcome::impossible) bid = choices_.bid({}, 0);
            one_leaf(bid);
            found_.refuted = true;
            found_.bound = -1;
            return true;
        }
        total = lowest_.sums().value.value() + lowest_.sums().cost;
    }
    return false;
}

// Where every learner has one choice alone, water-filling says whether these fit, and the prices
// that prove it where they do not.
bool Selector::only_choice() {
    const std::size_t n = problem_.size();
    if (goal_.of != Worth::samples || goal_.at_least > 0) return false;
    double total = 0;
    for (std::size_t k = 0; k < n; ++k) {
        if (choices_.may_rest(k) || choices_.least(k) != choices_.most(k)) return false;
        total += choices_.least(k);
    }
    Numbers samples(n);
    for (std::size_t k = 0; k < n; ++k) samples[k] = choices_.least(k);
    if (goal_.whole && total != problem_.samples_real()) return false;
    if (!fitting_.fits(samples)) return refutes(total);
    // Nobody may have more, whatever it costs.
    one_leaf(choices_.bid({}, 0));
    found_.bound = rounded_down(choices_.capacity(choices_.bid({}, 0), nullptr).most());
    const double has = settings_.start ? settings_.start->prices.lambda * problem_.bandwidth_hz() +
                                             settings_.start->prices.mu * problem_.power_w()
                                       : 0;
    const double ratio = fitting_.ratio();
    const double lambda = has / (problem_.bandwidth_hz() + ratio * problem_.power_w());
    found_.end = {lambda, ratio * lambda};
    offer(samples, true);
    return true;
}

}  // namespace mel
