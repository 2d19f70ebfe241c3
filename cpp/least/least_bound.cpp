#include "least/least_bound.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/infinity.hpp"
#include "base/parallel.hpp"
#include "prices/price_step.hpp"

namespace mel {
namespace {

constexpr double nothing = 1e-30;     // of all: a price that stands for none
constexpr double small_price = 1e-3;  // of all: what a price is worth that is tried as zero
constexpr double as_low = 1e-9;       // relative: above the least bound, and nearly as low
constexpr double apart = 1e-3;        // relative: prices so far apart differ where it is not flat
constexpr double singular = 1e-7;     // of the product of curvatures: their determinant
constexpr double fine_share = 0.02;   // of what is left to fall: how nearly a look is the lowest
constexpr int newton_passes = 40;
constexpr int idle_passes = 6;  // steps without a lower bound: responses jump
constexpr int cut_passes = 250;

}  // namespace

LeastBound::LeastBound(const Problem& problem, Pool& pool, const Box& box, double tau,
                       Choice choice)
    : problem_(problem),
      pool_(pool),
      box_(box),
      tau_(tau),
      rests_(choice.rests),
      at_least_(choice.at_least) {
    for (std::size_t k = 0; k < problem.size(); ++k) {
        const bool rests = !choice.rests.empty() && choice.rests[k] > 0;
        if (!rests) fewest_ += std::max(box.low(k), 0.0);
    }
    fewest_ = std::max(fewest_, at_least_);
}

BoundOutcome LeastBound::run(const Budgets& amounts, Prices start) {
    amounts_ = amounts;
    looks_.clear();
    flat_ = false;
    smooth_ = true;
    Step step = settle(start);
    if (step == Step::found) step = conclude();
    bound_ = best_.value;
    if (step == Step::empty) return BoundOutcome::empty;
    return step == Step::found ? BoundOutcome::found : BoundOutcome::stopped;
}

LeastBound::Step LeastBound::settle(Prices start) {
    best_.value = infinity;
    Step step = descend(start, newton_passes);
    if (step == Step::on) {
        step = close_in();
        // Newton's steps sharpen the prices where no response jumps there.
        if (step == Step::found) step = descend(best_.prices, newton_passes);
        if (step == Step::on) step = Step::found;
    }
    return step;
}

// What a price can be worth and still leave the bound where it is: every sum has this much error.
double LeastBound::scale() const {
    const double budgets =
        best_.prices.lambda * amounts_.bandwidth_hz + best_.prices.mu * amounts_.power_w;
    return std::max(std::fabs(best_.value), 1e-3 * budgets);
}

double LeastBound::noise() const { return close * scale(); }

LeastBound::Step LeastBound::look(Prices prices) {
    if (at_least_ > 0) return look_with_members(prices);
    Seen seen{};
    const Step step = see(prices, 0, seen);
    sums_ = seen.sums;
    if (step == Step::on && seen.sound) keep(seen);
    return step;
}

void LeastBound::keep(const Seen& seen) {
    looks_.push_back(seen.look);
    sums_ = seen.sums;
    if (seen.look.value < best_.value) {
        best_ = seen.look;
        best_sums_ = seen.sums;
    }
}

LeastBound::Step LeastBound::see(Prices prices, double per_learner, Seen& seen) {
    ++passes_;
    const PassPoint point{tau_, amounts_.cycle_s, prices};
    const bool chosen = !rests_.empty() || at_least_ > 0;
    seen.sums = chosen ? choice_pass(problem_, box_, {rests_, per_learner}, point, pool_, chunks_)
                       : real_pass(problem_, box_, point, pool_, chunks_);
    if (pool_.stop().check()) return Step::stopped;
    const PassSums& sums = seen.sums;
    if (sums.impossible > 0) return Step::empty;
    const double value = prices.lambda * amounts_.bandwidth_hz + prices.mu * amounts_.power_w +
                         sums.value - per_learner * at_least_;
    seen.look = {.prices = prices,
                 .value = value,
                 .samples = sums.samples,
                 .bandwidth = sums.bandwidth,
                 .power = sums.power,
                 .per_s = sums.value_time,
                 .takers = sums.takers,
                 .joined = per_learner * (sums.takers - at_least_)};
    seen.sound = std::isfinite(value) && std::isfinite(sums.bandwidth) && std::isfinite(sums.power);
    if (!seen.sound) return Step::on;
    const double terms =
        value - sums.value + sums.cost + sums.samples + per_learner * (2 * at_least_ + sums.takers);
    return value + rounding::real_bound * terms < fewest_ ? Step::empty : Step::on;
}

// The bound can not fall by more than a few times this: prices times what they are off their
// budgets.
double LeastBound::over(const Look& seen) const {
    return seen.prices.lambda * std::fabs(amounts_.bandwidth_hz - seen.bandwidth) +
           seen.prices.mu * std::fabs(amounts_.power_w - seen.power);
}

bool LeastBound::converged(const PriceStep& step) const {
    const bool within = best_.bandwidth <= amounts_.bandwidth_hz * (1 + sharp) &&
                        best_.power <= amounts_.power_w * (1 + sharp);
    if (!within) return false;
    if (over(best_) <= 0.1 * close * scale()) return true;
    const double a = best_sums_.h_ll * best_.prices.lambda * best_.prices.lambda;
    const double b = best_sums_.h_lm * best_.prices.lambda * best_.prices.mu;
    const double c = best_sums_.h_mm * best_.prices.mu * best_.prices.mu;
    return a * c - b * b > singular * a * c && step.length() <= sharp &&
           step.drop <= 0.01 * close * scale() && over(best_) <= 0.1 * sharp * scale();
}

// Newton's method, for as long as it gets lower.
LeastBound::Step LeastBound::descend(Prices start, int max_passes) {
    Prices prices = start;
    members_fine_ = 0;
    int idle = 0;
    for (int pass = 0; pass < max_passes && idle < idle_passes && prices.usable(); ++pass) {
        const double before = best_.value;
        const Step step = look(prices);
        if (step != Step::on) return step;
        const PriceStep to = price_step(prices, sums_, amounts_);
        idle = best_.value < before ? 0 : idle + 1;
        if (idle == 0 && converged(to)) return Step::found;
        members_fine_ = fine_share * std::fabs(to.drop);
        to.take(prices);
    }
    return Step::on;
}

// Shares of bandwidth and power in a sum of three that the samples complete (price_polygon.hpp).
Prices LeastBound::at(Shares of) const {
    const double worth = problem_.samples_real() / std::max(1 - of.band - of.power, nothing);
    return {std::max(of.band, nothing) * worth / amounts_.bandwidth_hz,
            std::max(of.power, nothing) * worth / amounts_.power_w};
}

Cut LeastBound::cut_of(const Look& seen, double level) const {
    return {(seen.samples + seen.joined - level) / problem_.samples_real(),
            1 - seen.bandwidth / amounts_.bandwidth_hz, 1 - seen.power / amounts_.power_w};
}

// Cuts the triangle down to where every look so far leaves less than `level`.
bool LeastBound::below(double level) {
    polygon_.reset({{0, 0}, {1, 0}, {0, 1}});
    for (const Look& seen : looks_) {
        const Cut cut = cut_of(seen, level);
        polygon_.clip(cut.samples, cut.bandwidth - cut.samples, cut.power - cut.samples);
        if (polygon_.empty()) return false;
    }
    return true;
}

bool LeastBound::aim(double level, Prices& prices) {
    PlanePoint centre;
    if (!below(level) || !polygon_.centre(centre)) return false;
    prices = at({.band = centre.x, .power = centre.y});
    return prices.usable();
}

// Cutting planes, in turn near the least of the looks' maximum and half way to it: the first is
// quick at kinks, the second where the bound is smooth. Ends where the looks leave no room below.
LeastBound::Step LeastBound::close_in() {
    if (looks_.empty()) {
        const Step step = look(at({.band = 1.0 / 3, .power = 1.0 / 3}));
        if (step != Step::on) return step;
        if (looks_.empty()) return Step::stopped;
    }
    proved_ = fewest_ - close * scale();
    for (int pass = 0; pass < cut_passes; ++pass) {
        const double room = best_.value - proved_;
        if (!(room > close * scale())) return Step::found;
        members_fine_ = fine_share * room;
        const double least_share = pass % 2 == 0 ? 0.05 : 0.5;
        // `level` has prices below it by the looks, `proved_` has none.
        double level = best_.value - 0.01 * close * scale();
        Prices prices;
        if (!aim(level, prices)) {
            proved_ = level;
            continue;
        }
        while (level - proved_ > least_share * (best_.value - proved_)) {
            const double middle = proved_ + 0.5 * (level - proved_);
            if (!(middle < level && middle > proved_)) break;
            Prices there;
            if (aim(middle, there)) {
                level = middle;
                prices = there;
            } else {
                proved_ = middle;
            }
        }
        const Step step = look(prices);
        if (step != Step::on) return step;
    }
    return Step::found;
}

// Whether lower prices, or others, do as well: then a budget's own price is another on its two
// sides.
LeastBound::Step LeastBound::probe(Prices here, double least) {
    constexpr std::array<std::array<double, 2>, 5> aside{
        {{-1, -1}, {-1, 0}, {0, -1}, {-1, 1}, {1, -1}}};
    const double as_good = least + as_low * scale();
    members_fine_ = 0.1 * as_low * scale();
    for (const auto& [by_band, by_watt] : aside) {
        // A price of zero has no other side.
        if ((by_band != 0 && !(prices_.lambda > 0)) || (by_watt != 0 && !(prices_.mu > 0))) {
            continue;
        }
        const Step step =
            look({here.lambda * (1 + apart * by_band), here.mu * (1 + apart * by_watt)});
        if (step != Step::on) return step;
        if (looks_.back().value <= as_good) flat_ = true;
    }
    return Step::on;
}

// Zero for prices that do as well as zero.
LeastBound::Step LeastBound::free_prices(Prices& here) {
    const Prices found = best_.prices;
    const Prices none = at({.band = 0, .power = 0});
    const double enough = best_.value + close * scale();
    const double small = small_price * scale();
    const bool band = found.lambda * amounts_.bandwidth_hz <= small;
    const bool watt = found.mu * amounts_.power_w <= small;
    here = prices_ = found;
    for (const auto& [no_band, no_watt] : {std::pair{true, true}, {true, false}, {false, true}}) {
        if ((no_band && !band) || (no_watt && !watt)) continue;
        const Prices there{no_band ? none.lambda : found.lambda, no_watt ? none.mu : found.mu};
        const std::size_t before = looks_.size();
        const Step step = look(there);
        if (step != Step::on) return step;
        if (looks_.size() == before || looks_.back().value > enough) continue;
        here = there;
        prices_ = {no_band ? 0 : found.lambda, no_watt ? 0 : found.mu};
        per_s_ = looks_.back().per_s;
        break;
    }
    return Step::on;
}

LeastBound::Step LeastBound::conclude() {
    const double least = best_.value;
    members_fine_ = 0.1 * close * scale();
    smooth_ = over(best_) <= sharp * scale();
    per_s_ = best_.per_s;
    Prices here;
    const Step step = free_prices(here);
    if (step != Step::on) return step;
    if (!(prices_.lambda > 0) && !(prices_.mu > 0)) return Step::found;
    return probe(here, least) == Step::stopped ? Step::stopped : Step::found;
}

}  // namespace mel
