// Who takes part: what is worth most by trying every split, whether D samples fit with so many, and
// trees that prove it.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "brute.hpp"
#include "check.hpp"
#include "mel/selection.hpp"
#include "select/choices.hpp"

namespace {

using brute::real;
using mel::SelectionGoal;
using mel::Worth;
using Split = std::vector<std::int64_t>;

constexpr std::int64_t far = std::int64_t{1} << 53;

// A few learners with minima, most of which may sit out.
struct Case {
    instances::Instance it;
    std::vector<double> least, most, optional, weight;

    mel::ProblemStatement stated(std::int64_t samples) const {
        mel::ProblemStatement s = it.stated();
        s.min_samples = least;
        s.max_samples = most;
        s.optional = optional;
        s.samples = samples;
        return s;
    }
    std::size_t size() const { return it.flops.size(); }
    bool may_rest(std::size_t k) const {
        return optional[k] > 0 || (it.statement.idle == mel::Idle::excused && least[k] == 0);
    }
    real worth(Worth of, const Split& d) const {
        real sum = 0;
        for (std::size_t k = 0; k < d.size(); ++k) {
            const auto own = static_cast<real>(d[k]);
            sum += of == Worth::learners ? real(d[k] > 0)
                   : of == Worth::weight ? weight[k] * own
                                         : own;
        }
        return sum;
    }
    // Power that a split needs over the power there is; infinite where it is none.
    real load(real tau, const Split& d) const {
        const brute::View view{it.stated()};
        std::vector<real> rates;
        for (std::size_t k = 0; k < size(); ++k) {
            const auto own = static_cast<real>(d[k]);
            rates.push_back(0);
            if (d[k] == 0 && may_rest(k)) continue;
            const real left = view.slack(k, tau, own);
            const real bits = view.s.send_bits_per_sample[k] * own + view.s.send_bits[k];
            if (own < least[k] || own > most[k] || left < 0 || (bits > 0 && left == 0)) {
                return std::numeric_limits<real>::infinity();
            }
            if (bits > 0) rates.back() = bits / left;
        }
        return view.least_power(rates) / view.s.power_w;
    }
    void each(const std::function<void(const Split&)>& visit) const {
        Split d(size());
        const std::function<void(std::size_t)> from = [&](std::size_t k) {
            if (k == size()) return visit(d);
            for (d[k] = 0; d[k] <= static_cast<std::int64_t>(most[k]); ++d[k]) from(k + 1);
        };
        from(0);
    }
};

Case draw(unsigned seed) {
    std::mt19937_64 random(seed);
    const auto drawn = [&](double low, double high) {
        return std::floor(instances::uniform(random, low, high));
    };
    instances::Shape shape{.learners = 2 + seed % 3, .samples = 9, .seed = seed};
    shape.law = seed % 2 ? mel::LinkLaw::density : mel::LinkLaw::fixed;
    shape.idle = seed / 2 % 2 ? mel::Idle::served : mel::Idle::excused;
    shape.parallelized = seed / 4 % 2;
    shape.kinds = seed % 3 == 1 ? 1 : 0;
    Case c{instances::draw(shape, 4), {}, {}, {}, {}};
    c.it.statement.bandwidth_hz *= seed % 3 == 0 ? 0.02 : seed % 3 == 1 ? 0.1 : 0.4;
    if (seed % 7 == 0) c.it.statement.send_bits = c.it.statement.send_bits_per_sample = 0;
    for (std::size_t k = 0; k < shape.learners; ++k) {
        c.least.push_back(drawn(0, 4));
        c.most.push_back(c.least[k] + drawn(0, 3));
        c.optional.push_back(instances::uniform(random, 0, 1) < 0.7 ? 1 : 0);
        c.weight.push_back(drawn(1, 10));
        if (shape.kinds == 0 || k == 0) continue;
        for (auto* column : {&c.least, &c.most, &c.optional, &c.weight})
            (*column)[k] = (*column)[0];
    }
    return c;
}

// The leaves of a tree, each with the bounds that lead there.
template <class Visit>
void leaves(const std::vector<mel::SelectionNode>& tree, std::size_t& at, mel::Cell cell,
            const mel::Choices& choices, Visit visit) {
    const mel::SelectionNode node = tree[at++];
    if (node.learner < 0) return visit(node, cell);
    const auto learner = static_cast<std::size_t>(node.learner);
    mel::Cell below = cell;
    for (std::size_t k = 0; k < cell.low.size(); ++k) {
        if (k != learner && !choices.twins(k, learner)) continue;
        const auto cut = static_cast<double>(node.at);
        if (k >= learner) below.high[k] = std::min(below.high[k], cut);
        if (k <= learner) cell.low[k] = std::max(cell.low[k], cut + 1);
    }
    leaves(tree, at, below, choices, visit);
    leaves(tree, at, cell, choices, visit);
}

// U of a leaf by trying every number of samples of every learner; minus infinity for an empty box.
real bound(const Case& c, real tau, Worth of, const mel::SelectionNode& leaf,
           const mel::Cell& cell) {
    const brute::View view{c.it.stated()};
    real total = leaf.prices.lambda * view.s.bandwidth_hz + leaf.prices.mu * view.s.power_w;
    for (std::size_t k = 0; k < c.size(); ++k) {
        real best = -std::numeric_limits<real>::infinity();
        for (real d = 0; d <= c.most[k]; ++d) {
            if (d < cell.low[k] || d > cell.high[k]) continue;
            if (d == 0 && c.may_rest(k)) {
                best = std::max(best, real(0));
                continue;
            }
            const real left = view.slack(k, tau, d);
            const real bits = view.s.send_bits_per_sample[k] * d + view.s.send_bits[k];
            if (d < c.least[k] || left < 0 || (bits > 0 && left == 0)) continue;
            const real weight = of == Worth::weight ? c.weight[k] : 1;
            const bool free = leaf.prices.lambda == 0 || leaf.prices.mu == 0 || bits == 0;
            const real cost =
                free ? 0 : view.cost(k, bits / left, leaf.prices.lambda, leaf.prices.mu);
            best = std::max(best,
                            leaf.per_sample * weight * d + (d > 0 ? leaf.per_learner : 0) - cost);
        }
        total += best;
    }
    return total;
}

constexpr real hair = 1e-9L;

void check_shares(const Case& c, const mel::Selection& found, real tau) {
    const brute::View view{c.it.stated()};
    real band = 0, power = 0;
    for (std::size_t k = 0; k < c.size(); ++k) {
        const auto d = static_cast<real>(found.samples[k]);
        const real b = found.bandwidth_hz[k], p = found.power_w[k];
        band += b;
        power += p;
        if (d == 0 && c.may_rest(k)) continue;
        const real bits = view.s.send_bits_per_sample[k] * d + view.s.send_bits[k];
        real send = 0;
        if (bits > 0) {
            const real noise = view.learner(k).noise * (view.density() ? b : 1);
            send = bits / (b * std::log1p(p / noise) / std::log(2.0L));
        }
        CHECK(send <= view.slack(k, tau, d), k);
    }
    CHECK(band <= view.s.bandwidth_hz && power <= view.s.power_w);
}

}  // namespace

TEST(what_is_worth_most_is_that_of_every_split_and_its_tree_proves_it) {
    int fit = 0, none = 0, branched = 0;
    for (unsigned seed = 1; seed <= check::tries(60); ++seed) {
        const Case c = draw(seed);
        const auto tau = static_cast<std::int64_t>(1 + seed * 13 % 50);
        const mel::Problem problem(c.stated(far));
        const Worth of = static_cast<Worth>(seed % 3);
        real best = -1;
        bool close = false;
        c.each([&](const Split& d) {
            const real load = c.load(tau, d);
            close = close || std::fabs(load - 1) < 1e-6L;
            if (load <= 1) best = std::max(best, c.worth(of, d));
        });
        if (close) continue;
        SelectionGoal goal{.of = of, .grain = 1};
        if (of == Worth::weight) goal.weight = c.weight;
        const mel::Selection found = mel::select(problem, tau, goal, {});
        CHECK(found.value == static_cast<double>(best), seed, found.value, best);
        CHECK(found.bound == static_cast<double>(best), seed, found.bound, best);
        CHECK(found.refuted == (best < 0), seed);
        (best < 0 ? none : fit) += 1;
        if (best >= 0 && !found.samples.empty()) {
            const Split d(found.samples.begin(), found.samples.end());
            CHECK(c.worth(of, d) == best, seed);
            CHECK(c.load(tau, d) <= 1, seed);
            check_shares(c, found, tau);
        }
        branched += found.tree.size() > 1;
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        const mel::Choices choices(problem, pool, static_cast<double>(tau), goal);
        mel::Cell whole{mel::Numbers(c.size(), 0), mel::Numbers(c.size(), far)};
        std::size_t at = 0;
        leaves(found.tree, at, whole, choices, [&](const auto& leaf, const mel::Cell& cell) {
            const real most = bound(c, tau, of, leaf, cell);
            CHECK(most < (best < 0 ? 0 : best + 1) + hair, seed, most, best);
        });
        CHECK(at == found.tree.size(), seed);
    }
    CHECK(fit > check::seen(10) && none > 0 && branched > 0, fit, none, branched);
}

TEST(just_d_samples_with_so_many_fit_where_some_split_does) {
    int fit = 0, none = 0;
    for (unsigned seed = 1; seed <= check::tries(60); ++seed) {
        const Case c = draw(seed);
        const auto tau = static_cast<std::int64_t>(1 + seed * 13 % 50);
        const std::int64_t samples = 1 + seed % 8;
        const std::int64_t at_least = seed / 8 % (c.size() + 1);
        real least = std::numeric_limits<real>::infinity();
        c.each([&](const Split& d) {
            std::int64_t sum = 0, takers = 0;
            for (const std::int64_t own : d) sum += own, takers += own > 0;
            if (sum == samples && takers >= at_least) least = std::min(least, c.load(tau, d));
        });
        if (std::fabs(least - 1) < 1e-6L) continue;
        const mel::Problem problem(c.stated(samples));
        const SelectionGoal goal{.whole = true, .at_least = at_least, .grain = 1};
        const mel::Selection found = mel::select(problem, tau, goal, {});
        CHECK(found.refuted == (least > 1), seed, least);
        CHECK(found.samples.empty() == (least > 1), seed, least);
        (least > 1 ? none : fit) += 1;
        if (least <= 1) {
            if (found.samples.empty()) continue;
            std::int64_t sum = 0, takers = 0;
            for (const std::int64_t own : found.samples) sum += own, takers += own > 0;
            CHECK(sum == samples && takers >= at_least, seed, sum, takers);
            CHECK(c.load(tau, Split(found.samples.begin(), found.samples.end())) <= 1, seed);
            check_shares(c, found, tau);
            continue;
        }
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        const mel::Choices choices(problem, pool, static_cast<double>(tau), goal);
        mel::Cell whole{mel::Numbers(c.size(), 0), mel::Numbers(c.size(), problem.samples_real())};
        std::size_t at = 0;
        leaves(found.tree, at, whole, choices, [&](const auto& leaf, const mel::Cell& cell) {
            const real most = bound(c, tau, Worth::samples, leaf, cell);
            const real target = leaf.per_sample * samples + leaf.per_learner * at_least;
            CHECK(most < target + hair, seed, most, target);
        });
    }
    CHECK(fit > check::seen(4) && none > check::seen(4), fit, none);
}

TEST(nobody_learns_more_than_the_bound_of_any_bid_whatever_the_prices) {
    for (unsigned seed = 1; seed <= check::tries(24); ++seed) {
        const Case c = draw(seed);
        const double tau = 1 + seed * 13 % 50;
        const mel::Problem problem(c.stated(far));
        const SelectionGoal goal{.of = Worth::weight, .weight = c.weight};
        mel::Stop stop(1e9, {});
        mel::Pool pool(1, stop);
        mel::Choices choices(problem, pool, tau, goal);
        std::mt19937_64 random(seed);
        for (int i = 0; i < 6; ++i) {
            mel::Bid bid;
            const double scale = std::exp(instances::uniform(random, -6, 3));
            bid.prices = {scale * instances::uniform(random, 0.1, 1) / problem.bandwidth_hz(),
                          scale * instances::uniform(random, 0.1, 1) / problem.power_w()};
            bid.per_sample = i % 3 ? instances::uniform(random, 0.2, 2) : 0;
            bid.per_learner = i % 2 ? instances::uniform(random, 0, 5) : 0;
            const mel::SelectionNode leaf{-1, 0, bid.prices, bid.per_sample, bid.per_learner};
            const mel::Cell cell{mel::Numbers(c.size(), 0), mel::Numbers(c.size(), far)};
            std::vector<double> picks(16), margins(c.size());
            const auto sums = choices.look(bid, &cell, {picks, margins});
            const auto most = choices.bound(bid, sums);
            const real exact = bound(c, tau, Worth::weight, leaf, cell);
            if (!std::isfinite(exact)) {
                CHECK(most.value == exact, seed, most.value);
                continue;
            }
            CHECK(most.most() >= exact - hair * (1 + std::fabs(exact)), seed, most.most(), exact);
            CHECK(most.value <= exact + 1e-6L * (1 + std::fabs(exact)), seed, most.value, exact);
            const auto none = choices.capacity(bid, &cell);
            CHECK(none.most() >= exact - bid.prices.lambda * problem.bandwidth_hz() -
                                     bid.prices.mu * problem.power_w() - hair,
                  seed);
        }
    }
}

TEST(choices_in_lanes_are_those_made_learner_by_learner) {
    instances::for_each_variant({.learners = 3001, .samples = far}, [](instances::Shape shape) {
        for (unsigned seed = 1; seed <= 2; ++seed) {
            shape.seed = seed;
            const instances::Instance drawn = instances::draw(shape);
            mel::ProblemStatement s = drawn.stated();
            std::mt19937_64 random(seed);
            std::vector<double> low, high, optional, weight;
            for (std::size_t k = 0; k < shape.learners; ++k) {
                low.push_back(std::floor(instances::uniform(random, 0, 40)));
                const bool all = instances::uniform(random, 0, 1) < 0.4;
                high.push_back(low[k] + (all ? 0 : std::floor(instances::uniform(random, 0, 900))));
                optional.push_back(instances::uniform(random, 0, 1) < 0.7 ? 1 : 0);
                weight.push_back(instances::uniform(random, 0.1, 9));
            }
            s.min_samples = low;
            s.max_samples = high;
            s.optional = optional;
            const mel::Problem problem(s);
            if (problem.sends_nothing()) return;
            mel::Stop stop(1e9, {});
            mel::Pool pool(1, stop);
            const SelectionGoal goal{.of = Worth::weight, .weight = weight};
            mel::Choices choices(problem, pool, 5, goal);
            for (int i = 0; i < 12; ++i) {
                const double scale = std::exp(instances::uniform(random, 2, 14));
                const mel::Bid bid{{scale / problem.bandwidth_hz(), scale / problem.power_w()},
                                   i % 3 ? 1.0 : 0.0,
                                   i % 2 || i % 3 == 0 ? instances::uniform(random, 1, 60) : 0};
                std::vector<double> picks(problem.size()), margins(problem.size());
                const auto lanes = choices.look(bid, nullptr, {picks, margins});
                const auto each = choices.look_without_pool(bid);
                CHECK(lanes.impossible == each.impossible, lanes.impossible, each.impossible);
                CHECK(std::fabs(lanes.takers - each.takers) <= 1, lanes.takers, each.takers);
                if (each.impossible > 0) continue;
                const auto a = choices.bound(bid, lanes), b = choices.bound(bid, each);
                CHECK(std::fabs(a.value - b.value) <= a.error, a.value, b.value, a.error);
                CHECK(std::fabs(a.error - b.error) <= 1e-3 * b.error, a.error, b.error);
                double worth = 0;
                for (std::size_t k = 0; k < picks.size(); ++k) {
                    CHECK(picks[k] == 0 || (picks[k] >= low[k] && picks[k] <= high[k]), k);
                    worth += (picks[k] > 0) != (margins[k] > 0) && choices.may_rest(k);
                }
                CHECK(worth <= 1, worth);
            }
        }
    });
}
