#include "bracket/least_prices.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mel {
namespace {

constexpr double far = 1e-3;        // relative change of prices after which curvature is measured
constexpr double as_it_was = 1e-7;  // relative change of a cycle that leaves gradients as they are
constexpr double narrowest = 1e-7;  // relative: the least radius
constexpr double longest = 0.5;     // and the most
constexpr int most_looks = 40;
constexpr double worth_holding =
    0.1;                           // of the bound: so much less is worth a look at the same amount
constexpr double jumps_apart = 3;  // what is near the best prices: so many jumps away
constexpr double widest = 0.2;
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

LeastPrices::Look LeastPrices::look(PassPoint& point, double amount) {
    ++passes_;
    Look seen;
    const Problem here = with_amount(problem_, resource_, amount);
    point.cycle_s = here.cycle_s();
    samples_.resize(problem_.size());
    if (whole_in_lanes(problem_, box_)) preferences_.resize(problem_.size());
    seen.sums = exact_pass(here, box_, point, pool_, chunks_, samples_.data(),
                           preferences_.empty() ? nullptr : preferences_.data());
    judge(point, amount, seen);
    return seen;
}

void LeastPrices::judge(const PassPoint& point, double amount, Look& seen) const {
    seen.excess = excess_of(with_amount(problem_, resource_, amount), point, seen.sums);
    seen.rules_out = amount - (seen.excess.value + 2 * seen.excess.error) / slope(point.prices);
}

// Of the real responses: how the bound curves and how it grows with the cycle.
void LeastPrices::measure(const PassPoint& point, double amount) {
    ++passes_;
    PassPoint at = point;
    at.cycle_s = with_amount(problem_, resource_, amount).cycle_s();
    real_ = real_pass(problem_, real_box_, at, pool_, real_chunks_);
}

std::vector<Jump> LeastPrices::jumps_of(const PassPoint& point, double amount,
                                        const std::vector<double>& samples,
                                        const std::vector<double>& preference, double radius) {
    if (preference.empty()) return {};
    PassPoint at = point;
    const Problem here = with_amount(problem_, resource_, amount);
    at.cycle_s = here.cycle_s();
    std::vector<Jump> jumps =
        jumps_near(here, box_, at, samples.data(), preference.data(), radius, pool_);
    if (resource_ != Resource::cycle) {
        for (Jump& jump : jumps) jump.by_amount = 0;
    }
    return jumps;
}

double LeastPrices::widen(const PassPoint& point, double least_radius) {
    double radius = least_radius;
    for (int round = 0; round < 2; ++round) {
        model_.jumps = jumps_of(point, at_.amount, best_samples_, best_preferences_, radius);
        const double wider = std::min(jumps_apart * model_.spread(), widest);
        if (!(wider > radius)) break;
        radius = wider;
    }
    return radius;
}

JumpModel LeastPrices::model_of(const PassPoint& point, double amount, const Look& seen,
                                double radius) {
    const Problem here = with_amount(problem_, resource_, amount);
    const Prices p = point.prices;
    JumpModel model;
    model.stop = &pool_.stop();
    model.value = seen.excess.value + 2 * seen.excess.error;
    model.by_band = p.lambda * (here.bandwidth_hz() - seen.sums.bandwidth.value());
    model.by_watt = p.mu * (here.power_w() - seen.sums.power.value());
    model.band_band = curvature_ * p.lambda * p.lambda * real_.h_ll;
    model.band_watt = curvature_ * p.lambda * p.mu * real_.h_lm;
    model.watt_watt = curvature_ * p.mu * p.mu * real_.h_mm;
    model.by_amount = slope(p);
    if (resource_ == Resource::bandwidth) model.band_amount = p.lambda;
    if (resource_ == Resource::power) model.watt_amount = p.mu;
    model.jumps = jumps_of(point, amount, samples_, preferences_, radius);
    return model;
}

bool LeastPrices::better(const Place& now) const {
    if (!kept_) return true;
    // Where D is out of reach, the bound itself tells, at one amount; a new amount is a
    // new beginning.
    if (now.amount == at_.amount) return now.value < at_.value;
    return !now.reached || !at_.reached || now.rules_out > at_.rules_out;
}

// Where no look tells who is torn, the jumps curve the bound more than the real ones say: by what
// is left of the gradient that the last step was to bring to nought.
void LeastPrices::learn_curvature(const JumpModel& now) {
    const double old = model_.by_band * model_.by_band + model_.by_watt * model_.by_watt;
    const double left = model_.by_band * now.by_band + model_.by_watt * now.by_watt;
    if (!(old > 0) || !std::isfinite(left)) return;
    curvature_ = std::clamp(curvature_ * std::clamp(1 - left / old, 0.2, 4.0), 0.02, 20.0);
}

bool LeastPrices::search(PassPoint& point, double& amount, const Effort& effort) {
    const bool bends = resource_ == Resource::cycle;  // else the bound is linear in the amount
    kept_ = false;
    double radius = effort.radius;
    double moved = 0;         // by the step to this look
    bool whole_step = false;  // which went as far as the model wished
    double shorter = 0.2;
    curvature_ = 1;
    measure(point, amount);
    for (int round = 0; round < most_looks; ++round) {
        const Look seen = look(point, amount);
        if (pool_.stop().check()) return false;
        bool improved = false;
        if (seen.sums.impossible == 0) {
            if (moved > far) measure(point, amount);
            JumpModel model = model_of(point, amount, seen, radius);
            const double most = bends ? radius * amount : infinity;
            if (kept_ && whole_step && model_.jumps.empty() && model.jumps.empty()) {
                learn_curvature(model);
            }
            double change = model.ruled_out(most);
            if (!bends) {
                // What was seen holds for any amount: the next step starts from what is ruled out.
                const double to = std::max(change, -0.9 * amount);
                model.shift(to);
                amount += to;
                change -= to;
            }
            // Where nobody takes part a longer cycle is worth nothing.
            const bool reached = model.by_amount > 0 && std::fabs(change) < most;
            const Place now{point.prices, amount, model.value, amount + change, reached};
            improved = better(now);
            if (improved) {
                kept_ = true;
                at_ = now;
                best_ = seen;
                model_ = std::move(model);
                samples_.swap(best_samples_);
                preferences_.swap(best_preferences_);
            }
        }
        if (!kept_) return false;
        if (!improved) {
            radius = 0.25 * moved;
            if (radius < narrowest) break;
        }
        const double most = (bends ? radius : 0.5) * at_.amount;
        JumpModel::Place to = model_.best(radius, most);
        if (at_.reached) {
            const double promised = at_.amount + to.amount - at_.rules_out;
            const bool drifted = bends && std::fabs(to.amount) > as_it_was * at_.amount;
            if (!(promised > effort.worthwhile * at_.amount) && !(improved && drifted)) break;
        } else {
            const JumpModel::Place here = model_.lowest(radius);
            if (model_.drop(here) > worth_holding * at_.value) to = here;
        }
        moved = std::max(to.length(), bends ? std::fabs(to.amount) / at_.amount : 0);
        // The next step is far shorter, unless this one was cut short.
        const bool whole_before = whole_step;
        whole_step = moved < 0.9 * radius;
        if (whole_before && !whole_step) shorter = 1;  // no: it was about as long
        radius = std::clamp(whole_step ? shorter * moved : 2 * radius, narrowest, longest);
        point.prices = {at_.prices.lambda * (1 + to.band), at_.prices.mu * (1 + to.watt)};
        amount = at_.amount + to.amount;
        if (!point.prices.usable() || !(amount > 0) || !std::isfinite(amount)) break;
    }
    point.prices = at_.prices;
    amount = at_.rules_out;
    return at_.reached && amount > 0 && std::isfinite(amount);
}

}  // namespace mel
