// Newton's method for many learners: steps on a sample first, then a few passes over all.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "prices/polygon.hpp"
#include "select/lowest.hpp"

namespace mel {
namespace {

constexpr double tiny_share = 1e-200;
constexpr double longest_step = 0.7;
constexpr std::size_t very_many = 262'144;  // learners, worth a look that guides alone,
constexpr double many_each = 256;           // samples of each that takes part, for real ones to do
constexpr double near_by = 0.1;             // as far as a larger sample's step goes
constexpr double as_near = 0.05;            // as a sample's prices are anyhow, after that step
constexpr double most_climbed = 30;         // of a logarithm, in one step
constexpr double fine = 1e-9;               // of the budgets: what a look can tell them from
constexpr double least_owed = 1e-3;    // what budgets cost at prices of next to nothing: samples,
constexpr double least_share = 1e-10;  // and of what all are worth

void solve(const double (&l)[3][3], int n, double (&x)[3]) {
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < i; ++k) x[i] -= l[i][k] * x[k];
        x[i] /= l[i][i];
    }
    for (int i = n - 1; i >= 0; --i) {
        for (int k = i + 1; k < n; ++k) x[i] -= l[k][i] * x[k];
        x[i] /= l[i][i];
    }
}

}  // namespace

// L L^T = h for the first n rows and columns; false where h is not positive.
bool Lowest::factor(const Matrix& h, int n, Matrix& l) {
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j <= i; ++j) {
            double sum = h[i][j];
            for (int k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
            if (i == j) {
                if (!(sum > 1e-9 * h[i][i])) return false;
                l[i][i] = std::sqrt(sum);
            } else {
                l[i][j] = sum / l[j][j];
            }
        }
    }
    return true;
}

Lowest::Slope Lowest::slope_of(const Bid& bid, const ChoiceSums& sums, double share) const {
    const Problem& problem = choices_.problem();
    const double x = bid.prices.lambda, y = bid.prices.mu;
    const double band = share * problem.bandwidth_hz(), watt = share * problem.power_w();
    const double spare = sums.takers - share * needed();
    return {x * band + y * watt + sums.value.value() - share * needed() * bid.per_learner,
            {x * (band - sums.bandwidth), y * (watt - sums.power), theta_unit_ * spare},
            sums.takers};
}

Lowest::Slope Lowest::sampled(const Bid& bid, Sample& some) {
    const auto look = [&](Sample& of) {
        return some.roughly ? of.choices->look_roughly(bid, {})
                            : of.choices->look(bid, nullptr, {of.seen.picks});
    };
    some.seen.bid = bid;
    some.seen.sums = look(some);
    if (some.neediest) some.seen.sums.add(look(*some.neediest), some.share);
    return slope_of(bid, some.seen.sums, some.share);
}

Bid Lowest::moved(Bid bid, const Vector& step) const {
    bid.prices = {bid.prices.lambda * std::exp(step[0]), bid.prices.mu * std::exp(step[1])};
    if (binds_) bid.per_learner = std::max(bid.per_learner + theta_unit_ * step[2], 0.0);
    return bid;
}

// Differences of slopes, over steps that are long enough to see learners join and leave: to one
// side, or to both.
bool Lowest::curvature(const Bid& bid, Sample& some, const Slope& at, Sides sides, Matrix& h) {
    constexpr double length = 0.03;
    const int n = binds_ ? 3 : 2;
    for (int i = 0; i < n; ++i) {
        Vector step = {}, back = {};
        step[i] = length;
        back[i] = -length;
        const Slope there = sampled(moved(bid, step), some);
        const bool both = sides == Sides::both;
        const Slope from = both ? sampled(moved(bid, back), some) : at;
        for (int j = 0; j < n; ++j) {
            h[i][j] = (there.by[j] - from.by[j]) / (both ? 2 * length : length);
        }
    }
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < i; ++j) h[i][j] = h[j][i] = 0.5 * (h[i][j] + h[j][i]);
    }
    // In logarithms the bound is not convex far from where it is least: no step is longer than 1.
    for (int i = 0; i < n; ++i) {
        h[i][i] = std::max(h[i][i], std::fabs(at.by[i]));
        if (!(h[i][i] > 0)) return false;
    }
    return true;
}

// h step = -slope, with h made positive where it is not.
bool Lowest::step_down(const Matrix& h, const Slope& at, Vector& step, double& fall) const {
    const int n = binds_ ? 3 : 2;
    for (double ridge = 0; ridge <= 1; ridge = ridge > 0 ? 10 * ridge : 1e-3) {
        Matrix with = {}, root = {};
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) with[i][j] = h[i][j] * (i == j ? 1 + ridge : 1);
        }
        if (!factor(with, n, root)) continue;
        for (int i = 0; i < 3; ++i) step[i] = i < n ? -at.by[i] : 0;
        solve(root, n, step);
        double longest = 0;
        for (int i = 0; i < n; ++i) longest = std::max(longest, std::fabs(step[i]));
        if (!std::isfinite(longest)) return false;
        fall = 0;
        for (int i = 0; i < n; ++i) {
            if (longest > longest_step) step[i] *= longest_step / longest;
            fall -= 0.5 * at.by[i] * step[i];
        }
        return true;
    }
    return false;
}

// Where more is used than there is, and prices hardly change what is chosen, the bound falls as the
// prices themselves rise, however little that is for each e-fold: then steps grow threefold.
bool Lowest::climb(const Slope& at, Vector& step, double& boost) const {
    const bool flat = (at.by[0] < 0 && step[0] > 0.3) || (at.by[1] < 0 && step[1] > 0.3);
    if (!flat) {
        boost = 1;
        return false;
    }
    for (int i = 0; i < 2; ++i) step[i] = std::min(step[i] * boost, most_climbed);
    boost *= 3;
    return true;
}

// Whether everybody takes the least that is allowed, and that costs more than there is, or all that
// it can, and that is less than there is: however the prices rise then, or fall, nobody chooses
// anything else, and the bound falls all the way. `next` is where it is far below the least, or
// hardly above the most.
bool Lowest::nobody_chooses(const Point& at, std::span<const double> margins, const Choices& of,
                            double share, Bid& next) const {
    const ChoiceSums& sums = at.sums;
    if (needed() > 0 || sums.impossible > 0 || !of.steps_count()) return false;
    const Problem& problem = choices_.problem();
    const Prices& prices = at.bid.prices;
    const double band = share * problem.bandwidth_hz(), watt = share * problem.power_w();
    const double has = prices.lambda * band + prices.mu * watt;
    const double cost = prices.lambda * sums.bandwidth + prices.mu * sums.power;
    const bool dear = cost > has * (1 + fine) && !of.jumps();
    const bool cheap = sums.bandwidth <= band && sums.power <= watt && cost < has * (1 - fine);
    // Who pays least is told by prices that cost something.
    if (!dear && (!cheap || (goal_.whole && of.jumps()))) return false;
    double total = 0;
    for (std::size_t k = 0; k < of.size(); ++k) {
        const double d = at.picks[k];
        const bool can = margins.empty() || margins[k] > -infinity;
        if (!(dear ? d == of.least(k) && !of.may_rest(k) : !can || d == of.most(k))) return false;
        total += d;
    }
    const double by = dear ? (1 + 2 * total) / (cost - has)
                           : std::min(least_owed, least_share * sums.value.value()) / has;
    if (!(dear ? by > 1 : by < 1)) return false;  // there already
    next = at.bid;
    next.prices = {prices.lambda * by, prices.mu * by};
    return next.prices.usable();
}

// What a participant must be worth at the bid's prices for as many to take part as must.
double Lowest::enough_for(const Bid& bid, Sample& some) const {
    some.choices->look(bid, nullptr, {some.seen.picks, some.margins});
    const double count = std::ceil(needed() * some.share);
    if (count >= static_cast<double>(some.margins.size())) return bid.per_learner;
    const auto last = some.margins.begin() + static_cast<std::ptrdiff_t>(std::max(count - 1, 0.0));
    std::nth_element(some.margins.begin(), last, some.margins.end(), std::greater<>());
    return std::isfinite(*last) ? std::max(bid.per_learner - *last, 0.0) : bid.per_learner;
}

// Cutting planes on few learners, near enough for Newton's method.
Bid Lowest::fresh_prices(Bid bid) {
    const Problem& problem = choices_.problem();
    const double band = problem.bandwidth_hz(), watt = problem.power_w();
    const auto some = sample_of(least_sampled);
    Bid start = bid;
    start.prices = {tiny_share / band, tiny_share / watt};
    const double scale = std::max(sampled(start, *some).value / some->share, 1e-300);
    Polygon left;
    left.reset({{0, 0}, {1, 0}, {0, 1}});
    PlanePoint at{};
    double lowest = infinity;
    for (int pass = 0; pass < 60 && left.centre(at); ++pass) {
        if (pool_.stop().check() || !(at.x > 0 && at.y > 0)) break;
        Bid here = bid;
        here.prices = {at.x * scale / band, at.y * scale / watt};
        if (!here.prices.usable()) break;
        const Slope seen = sampled(here, *some);
        if (seen.value < lowest) {
            lowest = seen.value;
            start = here;
        }
        left.clip(seen.value - lowest - seen.by[0] - seen.by[1], seen.by[0] / at.x,
                  seen.by[1] / at.y);
        if (left.empty()) break;
        if (left.extent() < 0.02 * std::min(at.x, at.y)) break;
    }
    return start;
}

Bid Lowest::guess(Bid bid, bool fresh) {
    if (fresh) bid = fresh_prices(bid);
    const auto some = sample_of(sampled_learners());
    if (needed() > 0) {
        theta_unit_ = std::max(1.0, choices_.problem().samples_real() / needed());
        binds_ = sampled(bid, *some).takers < needed() * some->share;
    }
    for (int i = 0; i < 3 && binds_; ++i) {
        bid.per_learner = enough_for(bid, *some);
    }
    Slope at = sampled(bid, *some);
    guessed_ = at.value / some->share;
    Bid far = bid;
    if (nobody_chooses(some->seen, {}, *some->choices, some->share, far)) return bid;
    roughly_ = rough_looks_do(*some);
    some->roughly = roughly_;
    if (roughly_) at = sampled(bid, *some);
    double boost = 1;
    for (int round = 0; round < (binds_ ? 16 : 8); ++round) {
        if (pool_.stop().check()) break;
        Matrix h = {};
        Vector step = {};
        double fall = 0;
        if (!curvature(bid, *some, at, Sides::one, h) || !step_down(h, at, step, fall)) break;
        keep_curve(h, *some);
        const double longest = std::max(std::fabs(step[0]), std::fabs(step[1]));
        const bool there_already = longest <= as_near && !binds_ && !some_switch();
        if (!climb(at, step, boost) && (there_already || fall <= 1e-5 * std::fabs(at.value))) {
            bid = moved(bid, step);
            break;
        }
        Bid next = moved(bid, step);
        Slope there = sampled(next, *some);
        for (int half = 0; half < 5 && !(there.value < at.value); ++half) {
            for (double& part : step) part *= 0.4;
            next = moved(bid, step);
            there = sampled(next, *some);
        }
        if (!(there.value < at.value)) break;
        bid = next;
        at = there;
        guessed_ = at.value / some->share;
    }
    if (finest_sample() > sampled_learners()) sharpen(bid);
    return bid;
}

// Whether real samples say about what whole ones do, as those of whom each takes many, and looks at
// all take so long that it matters.
bool Lowest::rough_looks_do(const Sample& some) const {
    if (goal_.whole || !choices_.tells_steps() || choices_.size() < very_many) return false;
    double weight = 0;
    for (std::size_t k = 0; k < some.choices->size(); ++k) weight += some.choices->weight(k);
    weight /= static_cast<double>(some.choices->size());
    const ChoiceSums& sums = some.seen.sums;
    return sums.value.value() + sums.cost >= many_each * weight * sums.takers;
}

// Of all learners, who are so much more than the sample.
void Lowest::keep_curve(const Matrix& h, const Sample& some) {
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) curve_[i][j] = h[i][j] / some.share;
    }
}

// One step more by a larger sample of very many, where that spares a pass over all.
void Lowest::sharpen(Bid& bid) {
    const auto some = sample_of(finest_sample());
    some->roughly = roughly_;
    const Slope at = sampled(bid, *some);
    Matrix h = {};
    Vector step = {};
    double fall = 0;
    if (!curvature(bid, *some, at, Sides::both, h) || !step_down(h, at, step, fall)) return;
    keep_curve(h, *some);
    if (*std::max_element(step, step + 3) < near_by && *std::min_element(step, step + 3) > -near_by)
        bid = moved(bid, step);
}

}  // namespace mel
