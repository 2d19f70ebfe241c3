#include "bracket/least_prices.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/infinity.hpp"

namespace mel {
namespace {

constexpr double far = 1e-3;        // relative change of prices after which curvature is measured
constexpr double as_it_was = 1e-7;  // relative change of a cycle that leaves gradients as they are
constexpr double narrowest = 1e-7;  // relative: the least radius
constexpr double longest = 0.5;     // and the most
constexpr int most_looks = 40;
constexpr int few_steps = 3;             // after which one that is no better, or
constexpr int most_steps_at_roots = 11;  // so many, leave the rest to planes
constexpr double about_the_best = 1e-4;  // relative: who may switch where planes have led
constexpr double worth_holding =
    0.1;                           // of the bound: so much less is worth a look at the same amount
constexpr double jumps_apart = 3;  // what is near the best prices: so many jumps away
constexpr double widest = 0.2;
constexpr double foreseen = 0.01;  // of D: so near to D a look foretold is, or slopes tell nothing
constexpr double dear_learners = 2.4e6;    // looked at one by one in a search
constexpr std::size_t dear_looks = 16384;  // learners: then the first look of this kind tells
constexpr int most_at_floor = 8;  // looks that leave it open whether any longer cycle is ruled out
constexpr double handful = 16;    // samples a learner
constexpr double soon = 1e-3;     // of a sample
constexpr double nearer = 0.1;    // what is foretold from so much nearer counts,
constexpr double astray = 0.25;   // and that from afar may be off by so much of its way
constexpr std::size_t modelled_jumps = 2048;  // of far more, an even part is as good a guide
constexpr std::size_t most_steps = 64;
constexpr double far_too_much = 1e15;      // times what is stated
constexpr int many_doublings = 6;          // of an amount, in a row
constexpr double hardly_worth = 0.1;       // of what the best amount is worth: one that is far off
constexpr double next_to_nothing = 1e-24;  // of what the other budget is worth

}  // namespace

Problem LeastPrices::with(double amount) const {
    const bool counts_blocks = resource_ == Resource::bandwidth && problem_.block_hz() > 0;
    const double least = counts_blocks ? problem_.block_hz() : 0;  // a problem has one at least
    return with_amount(problem_, resource_, std::max(amount, least));
}

// Looks in lanes are cheap. Others, as at whole blocks, are a hundred times dearer, and no search
// is worth more than a second or so of them.
void LeastPrices::begin_looks() {
    last_pass_ = std::numeric_limits<std::int64_t>::max();
    if (problem_.block_hz() == 0) return;
    const double looks = dear_learners / static_cast<double>(problem_.size());
    last_pass_ = passes_ + static_cast<std::int64_t>(std::clamp(looks, 24.0, 120.0));
}

LeastPrices::Look LeastPrices::look(PassPoint& point, double amount) {
    ++passes_;
    Look seen;
    const Problem here = with(amount);
    point.cycle_s = here.cycle_s();
    samples_.resize(problem_.size());
    if (whole_in_lanes(problem_)) preferences_.resize(problem_.size());
    seen.sums = exact_pass(here, box_, point, pool_, chunks_, {samples_, preferences_});
    if (apart()) seen.sums.add(few_.on->whole(point).times(few_.share));
    judge(point, amount, seen);
    return seen;
}

void LeastPrices::judge(const PassPoint& point, double amount, Look& seen) const {
    seen.excess = excess_of(with(amount), point, seen.sums);
    seen.rules_out = amount - (seen.at_most()) / slope(point.prices);
}

bool LeastPrices::sharpen(const PassPoint& point, double& amount, double worthwhile) {
    judge(point, at_.amount, best_);
    const double blur = 2 * best_.excess.error;
    if (!(best_.sums.in_lanes > 0) || apart()) return false;
    if (!(blur > worthwhile * at_.amount * slope(point.prices))) return false;
    ++passes_;
    samples_.resize(problem_.size());
    const SplitSums sums = careful_pass(with(at_.amount), box_, point, pool_, chunks_, samples_);
    if (pool_.stop().requested()) return false;
    const double before = best_.at_most();
    best_.sums = sums;
    judge(point, at_.amount, best_);
    model_.value += best_.at_most() - before;
    amount = std::max(amount, best_.rules_out);
    return true;
}

// Of the real responses: how the bound curves and how it grows with the cycle.
void LeastPrices::measure(const PassPoint& point, double amount) {
    ++passes_;
    PassPoint at = point;
    at.cycle_s = with(amount).cycle_s();
    real_ = real_pass(problem_, real_box_, at, pool_, real_chunks_);
    if (!few_.on) return;
    PassSums few = few_.on->real(at, pool_);
    others_.slope = real_.value_time - (apart() ? 0 : few.value_time);
    if (!apart()) return;
    few.scale(few_.share);
    real_.add(few);
}

std::vector<Jump> LeastPrices::jumps_of(const PassPoint& point, double amount, const Picked& picked,
                                        double radius, std::size_t most) {
    if (picked.preference.empty()) return {};
    PassPoint at = point;
    const Problem here = with(amount);
    at.cycle_s = here.cycle_s();
    std::vector<Jump> jumps = jumps_near(here, box_, at, picked, radius, pool_, most);
    if (resource_ != Resource::cycle) {
        for (Jump& jump : jumps) jump.by_amount = 0;
    }
    return jumps;
}

double LeastPrices::widen(const PassPoint& point, double least_radius) {
    double radius = least_radius;
    for (int round = 0; round < 2; ++round) {
        model_.jumps = jumps_of(point, at_.amount, {best_samples_, best_preferences_}, radius);
        add_steps(point);
        const double wider = std::min(jumps_apart * model_.spread(), widest);
        if (!(wider > radius)) break;
        radius = wider;
    }
    return radius;
}

// Where learners have a handful of samples each, single ones are what keeps the ends apart. Those
// of whom one sample more or less would soon suit better join the jumps, a few at most.
void LeastPrices::add_steps(const PassPoint& point) {
    const double each = problem_.samples_real() / static_cast<double>(problem_.size());
    if (best_preferences_.empty() || each > handful) return;
    PassPoint at = point;
    const Problem here = with(at_.amount);
    at.cycle_s = here.cycle_s();
    std::vector<Jump> steps = steps_near(here, box_, at, best_samples_, soon, pool_);
    const auto known = [&](const Jump& step) {
        return std::any_of(model_.jumps.begin(), model_.jumps.end(), [&](const Jump& jump) {
            return jump.learner == step.learner && jump.samples == step.samples;
        });
    };
    std::erase_if(steps, known);
    std::sort(steps.begin(), steps.end(),
              [](const Jump& a, const Jump& b) { return a.margin < b.margin; });
    if (steps.size() > most_steps) steps.resize(most_steps);
    for (Jump& step : steps) {
        if (resource_ != Resource::cycle) step.by_amount = 0;
        model_.jumps.push_back(step);
    }
}

JumpModel LeastPrices::model_of(const PassPoint& point, double amount, const Look& seen,
                                double radius) {
    const Problem here = with(amount);
    const Prices p = point.prices;
    JumpModel model;
    model.stop = &pool_.stop();
    model.value = seen.at_most();
    model.by_band = p.lambda * (here.bandwidth_hz() - seen.sums.bandwidth.value());
    model.by_watt = p.mu * (here.power_w() - seen.sums.power.value());
    model.band_band = curvature_ * p.lambda * p.lambda * real_.h_ll;
    model.band_watt = curvature_ * p.lambda * p.mu * real_.h_lm;
    model.watt_watt = curvature_ * p.mu * p.mu * real_.h_mm;
    model.by_amount = std::max(slope(p), steepness_);
    if (resource_ == Resource::bandwidth) model.band_amount = p.lambda;
    if (resource_ == Resource::power) model.watt_amount = p.mu;
    model.jumps = jumps_of(point, amount, {samples_, preferences_}, radius, modelled_jumps);
    return model;
}

bool LeastPrices::better(const Place& now) const {
    if (!kept_) return true;
    // Where D is out of reach, the bound itself tells, at one amount; a new amount is a
    // new beginning.
    if (now.amount == at_.amount) return now.value < at_.value;
    // A slope foretells the less, the farther it reaches.
    if (by_slope_ && now.reached && at_.reached && now.foretold() < nearer * at_.foretold() &&
        now.rules_out > at_.rules_out - astray * at_.foretold()) {
        return true;
    }
    return !now.reached || !at_.reached || now.rules_out > at_.rules_out;
}

// Where no look tells who switches, the jumps curve the bound more than the real ones say: by what
// is left of the gradient that the last step was to bring to nought.
void LeastPrices::learn_curvature(const JumpModel& now) {
    const double old = model_.by_band * model_.by_band + model_.by_watt * model_.by_watt;
    const double left = model_.by_band * now.by_band + model_.by_watt * now.by_watt;
    if (!(old > 0) || !std::isfinite(left)) return;
    curvature_ = std::clamp(curvature_ * std::clamp(1 - left / old, 0.2, 4.0), 0.02, 20.0);
}

// Of a budget that caps keep from being spent the price falls without an end. Far below what counts
// it leaves what lanes compute in, and each learner would be asked alone.
Prices LeastPrices::in_range(Prices prices, double amount) const {
    const Problem here = with(amount);
    const double band = prices.lambda * here.bandwidth_hz(), watt = prices.mu * here.power_w();
    if (watt < next_to_nothing * band) prices.mu = next_to_nothing * band / here.power_w();
    if (band < next_to_nothing * watt) prices.lambda = next_to_nothing * watt / here.bandwidth_hz();
    return prices;
}

// Whether what everybody does best there is D in all, within both budgets: then no prices rule that
// amount out.
bool LeastPrices::suffices(double amount, const Look& seen) const {
    const Problem here = with(amount);
    const SplitSums& sums = seen.sums;
    return sums.impossible == 0 && sums.samples.value() >= problem_.samples_real() &&
           sums.bandwidth.value() <= here.bandwidth_hz() && sums.power.value() <= here.power_w();
}

bool LeastPrices::may_climb() const {
    return resource_ != Resource::cycle && !(problem_.block_hz() > 0);
}

double LeastPrices::beyond_reason() const { return far_too_much * amount_of(problem_, resource_); }

bool LeastPrices::too_much(double amount) {
    if (!may_climb()) return false;
    climbed_ = climbed_ || amount > beyond_reason();
    return climbed_;
}

bool LeastPrices::climbs_from(PassPoint point, double amount) {
    if (!may_climb()) return false;
    const double beyond = beyond_reason();
    const double share = hardly_worth * amount / beyond;
    (resource_ == Resource::bandwidth ? point.prices.lambda : point.prices.mu) *= share;
    point.prices = in_range(point.prices, beyond);
    if (!point.prices.usable()) return false;
    const Look seen = look(point, beyond);
    climbed_ = climbed_ || (seen.sums.impossible == 0 && seen.excess.proves_infeasible());
    return climbed_;
}

// From the best prices on; the model is then about those. False where that was stopped.
bool LeastPrices::finish_by_planes(PassPoint& point, double& amount, const Effort& effort,
                                   double radius) {
    cut_down(point, amount, effort);
    if (pool_.stop().check()) return false;
    point = {point.tau, with(at_.amount).cycle_s(), at_.prices};
    measure(point, at_.amount);
    samples_ = best_samples_;
    preferences_ = best_preferences_;
    model_ = model_of(point, at_.amount, best_, radius);
    return true;
}

bool LeastPrices::search(PassPoint& point, double& amount, const Effort& effort, Cycles cycles) {
    const bool bends = resource_ == Resource::cycle;  // else the bound is linear in the amount
    const bool at_roots = bends && cycles == Cycles::at_roots;
    begin_looks();
    by_slope_ = bends && !at_roots;
    kept_ = false;
    double radius = effort.radius;
    double moved = 0;         // by the step to this look
    bool whole_step = false;  // which went as far as the model wished
    double shorter = 0.2;
    curvature_ = 1;
    steepness_ = 0;
    last_move_ = infinity;
    int at_floor = 0, doublings = 0;
    const double floor = bends ? too_short_ * (1 + shortest_step) : 0;
    amount = std::max(amount, floor);
    point.prices = in_range(point.prices, amount);
    if (too_much(amount)) return false;
    if (at_roots) {
        const double guess = amount, begun = point.prices.lambda;
        if (few_.on) measure(point, amount);
        scale_prices(point, amount);
        if (!point.prices.usable()) return false;
        if (std::fabs(amount - guess) > radius * guess) radius = std::max(radius, far_radius);
        if (few_.on && point.prices.lambda != begun) radius = std::max(radius, far_radius);
    }
    measure(point, amount);
    for (int round = 0; round < most_looks; ++round) {
        const Look seen =
            at_roots ? look_at_root(point, amount, {.radius = radius, .narrow = finest_root})
                     : look(point, amount);
        if (pool_.stop().check()) return false;
        if (kept_ && enough_looks()) break;
        const double unforeseen = std::max(foreseen, moved * moved);
        const bool foretold = std::fabs(seen.excess.value) < unforeseen * problem_.samples_real();
        if (bends && !at_roots && problem_.size() >= dear_looks && !foretold) return false;
        // Only longer cycles are asked about.
        if (bends && amount <= floor && suffices(amount, seen)) return false;
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
            const bool shorter_ones = !(amount <= floor && model.value > 0);
            const bool falls = kept_ && amount == at_.amount &&
                               at_.value - model.value > worth_holding * at_.value;
            if (!shorter_ones && !falls && ++at_floor > most_at_floor) return false;
            const bool reached = model.by_amount > 0 && std::fabs(change) < most && shorter_ones;
            // Of a cycle only what was looked at is sure to be ruled out.
            const double beyond = at_roots ? std::min(change, 0.0) : change;
            const Place now{point.prices, amount, model.value, amount + beyond, reached};
            // Where a cycle is too short for anybody to take part prices tell nothing.
            const bool nobody = bends && kept_ && !(seen.sums.samples.value() > 0) &&
                                best_.sums.samples.value() > 0 &&
                                now.value < -0.5 * problem_.samples_real();
            improved = !nobody && better(now);
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
        const int steps = !improved ? few_steps : most_steps_at_roots;
        if (at_roots && at_.reached && round >= steps) {
            if (!finish_by_planes(point, amount, effort, radius)) return false;
            break;
        }
        // Steps that have not ended by now end anywhere.
        if (may_climb() && at_.reached && round + 1 == most_looks) {
            if (!finish_by_planes(point, amount, effort, about_the_best)) return false;
            break;
        }
        if (!improved) {
            radius = 0.25 * moved;
            if (radius < narrowest) break;
        }
        const double most = (bends ? radius : 0.5) * at_.amount;
        JumpModel::Place to = model_.best({.radius = radius, .amount = most});
        if (at_.reached) {
            const double promised = at_.amount + to.amount - at_.rules_out;
            double worthwhile = effort.worthwhile * at_.amount;
            if (apart()) {
                worthwhile = std::min(
                    worthwhile, effort.worthwhile * problem_.samples_real() / model_.by_amount);
            }
            const bool drifted = bends && std::fabs(to.amount) > as_it_was * at_.amount;
            if (!(promised > worthwhile) && !(improved && drifted)) break;
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
        doublings = !bends && to.amount > 0.4 * at_.amount ? doublings + 1 : 0;
        if (doublings == many_doublings &&
            climbs_from({point.tau, point.cycle_s, at_.prices}, at_.amount)) {
            return false;
        }
        amount = std::max(at_.amount + to.amount, floor);
        if (!point.prices.usable() || !(amount > 0) || !std::isfinite(amount)) break;
        if (too_much(amount)) return false;
        point.prices = in_range(point.prices, amount);
    }
    point.prices = at_.prices;
    amount = at_.rules_out;
    return at_.reached && amount > 0 && std::isfinite(amount);
}

}  // namespace mel
