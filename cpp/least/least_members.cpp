// What taking part must be worth for enough learners to do it: the third price of the least bound,
// which is convex in it.
#include <algorithm>
#include <cmath>
#include <limits>

#include "least/least_bound.hpp"

namespace mel {
namespace {

constexpr double first_share = 1e-3;  // of the last price, or of samples a participant: a step
constexpr double wider = 4;
constexpr int widenings = 60;
constexpr int narrowings = 90;
constexpr double golden = 0.6180339887498949;

}  // namespace

// Whether as many as must take part without being paid for it. Where it takes a mixture of
// responses to fit the budgets, those that were seen do not say how many these have.
bool LeastBound::enough_take_part() const {
    return best_.takers >= at_least_ && over(best_) <= sharp * scale();
}

LeastBound::Step LeastBound::settle_at(double per_learner, double& value) {
    joining_.per_learner = std::max(per_learner, unpriced);
    const Step step = settle(best_.prices);
    value = best_.value;
    return step;
}

// Ends between which it is least.
LeastBound::Step LeastBound::bracket_members(double& low, double& high) {
    const double unit = std::max(std::fabs(best_.value), 1.0) / at_least_;
    double at = members_price_;
    double step = first_share * (at > 0 ? at : unit);
    double here = best_.value, there = 0;
    if (at > 0) {
        const Step found = settle_at(at, here);
        if (found != Step::found) return found;
    }
    low = std::max(at - step, 0.0);
    bool up = true;
    for (int i = 0; i < widenings; ++i, step *= wider) {
        const double to = up ? at + step : std::max(at - step, 0.0);
        const Step found = settle_at(to, there);
        if (found != Step::found) return found;
        if (there < here) {
            (up ? low : high) = at;
            at = to;
            here = there;
            if (to > 0) continue;
            low = 0;
            return Step::found;
        }
        (up ? high : low) = to;
        if (!up || i > 0 || at == 0) return Step::found;
        up = false;  // the first step was too far already: the other way
        step /= wider;
    }
    return Step::stopped;
}

LeastBound::Step LeastBound::price_members() {
    members_priced_ = true;
    double low = 0, high = 0;
    Step step = bracket_members(low, high);
    double values[2] = {0, 0};
    // Of both ends: two values between may be as low on either side of a jump's lower one.
    double ends[2] = {std::numeric_limits<double>::infinity(),
                      std::numeric_limits<double>::infinity()};
    double left = high - golden * (high - low), right = low + golden * (high - low);
    if (step == Step::found) step = settle_at(left, values[0]);
    if (step == Step::found) step = settle_at(right, values[1]);
    // Where it is smooth the values tell no nearer than the root of what they err by.
    for (int i = 0; i < narrowings && step == Step::found; ++i) {
        if (high - low <= 1e-12 * high) break;
        if (values[0] < values[1]) {
            high = right;
            ends[1] = values[1];
            right = left;
            values[1] = values[0];
            left = high - golden * (high - low);
            step = settle_at(left, values[0]);
        } else {
            low = left;
            ends[0] = values[0];
            left = right;
            values[0] = values[1];
            right = low + golden * (high - low);
            step = settle_at(right, values[1]);
        }
        if (std::max(ends[0], ends[1]) - std::min(values[0], values[1]) <= close * scale()) break;
    }
    if (step != Step::found) return step;
    members_price_ = values[0] < values[1] ? left : right;
    return settle_at(members_price_, values[0]);
}

}  // namespace mel
