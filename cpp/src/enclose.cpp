// The least amount of a resource from both sides at once (docs/algorithm.md, section 5).
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "least_parts.hpp"
#include "mel/rounding.hpp"

namespace mel {
namespace {

constexpr double close = 1e-8;        // relative: of the continuous optimum
constexpr double near = 3e-11;        // relative: how far the lower end stays below
constexpr double worthwhile = 1e-10;  // relative: what better prices must promise
constexpr double unbalanced = 3e-7;   // of D
constexpr double roomy = 1.01;        // times the lower end: surely enough
constexpr int rounds = 6;

class Encloser {
  public:
    Encloser(const Problem& problem, std::int64_t tau, Resource resource, const Settings& settings)
        : problem_(problem),
          resource_(resource),
          shop_(problem, settings),
          point_(shop_.begin(problem, static_cast<double>(tau), settings)) {}

    Enclosure run() {
        if (continuous() && improve() && refute() && !shop_.pool.stop().check()) split();
        return found();
    }

  private:
    // The prices at which the continuous problem needs least.
    bool continuous() {
        Boundary& boundary = shop_.boundary;
        const std::size_t few = sample_stride(problem_.size(), searched_learners);
        if (few > 1) boundary.find_least(point_, resource_, 1e-6, 16, few);
        if (boundary.find_least(point_, resource_, close, 8)) {
            amount_ = boundary.amount(resource_, point_);
        } else {
            point_ = boundary.best().point;
            amount_ = boundary.best().amount;
        }
        return point_.prices.usable() && std::isfinite(amount_) && amount_ > 0;
    }

    // One look at whole samples.
    struct Look {
        SplitSums sums;
        Excess excess{};
        double rules_out = 0;  // what the prices prove too little, to first order
    };
    Look look() {
        ++passes_;
        Look seen;
        const Problem here = with_amount(problem_, resource_, amount_);
        point_.cycle_s = here.cycle_s();
        whole_.resize(problem_.size());
        seen.sums = exact_pass(here, shop_.boxes.whole(point_.tau), point_, shop_.pool, blocks_,
                               whole_.data());
        judge(here, seen);
        return seen;
    }
    void judge(const Problem& here, Look& seen) const {
        seen.excess = excess_of(here, point_, seen.sums);
        seen.rules_out = amount_ - (seen.excess.value + 2 * seen.excess.error) / slope();
    }
    double slope() const { return growth(resource_, point_.prices, real_); }

    // Newton's steps from what whole samples take, with the curvature of the real ones, to the
    // prices that rule out most.
    bool improve() {
        real_ = shop_.boundary.minimise(point_, 1);
        best_.rules_out = 0;
        Boundary::Step step{};
        double promised = 0;
        double curvature = 1;  // times that of the real responses
        for (int round = 0; round < rounds; ++round) {
            const Look seen = look();
            if (shop_.pool.stop().requested() || seen.sums.impossible > 0) break;
            const double better = seen.rules_out - best_.rules_out;
            if (better > 0) {
                best_ = seen;
                best_prices_ = point_.prices;
                whole_.swap(best_whole_);
                // Responses that jump curve the bound more than the real ones tell.
                const double told = promised > 0 ? better / promised : 1;
                curvature = std::clamp(curvature * (2 - told), 1.0, 20.0);
                step = step_from(seen.sums);
                step.shorten(1 / curvature);
                if (!(step.drop / slope() > worthwhile * amount_)) {
                    if (!moved_on(seen)) break;
                    step.shorten(0);
                }
            } else {
                if (!(promised > 0)) break;
                const double more = std::clamp(2 - better / promised, 2.0, 20.0);
                curvature = std::min(curvature * more, 20.0);
                step.shorten(1 / more);
            }
            point_.prices = best_prices_;
            promised = step.drop / slope();
            amount_ = best_.rules_out + promised;
            step.take(point_.prices);
            if (!point_.prices.usable() || !(amount_ > 0) || !std::isfinite(amount_)) break;
        }
        point_.prices = best_prices_;
        amount_ = best_.rules_out;
        return amount_ > 0 && std::isfinite(amount_);
    }

    // Costs fall with a longer cycle: what was seen at another one misleads where the samples do
    // not sum to D, as they nearly do at the best prices.
    bool moved_on(const Look& seen) const {
        const double all = problem_.samples_real();
        return resource_ == Resource::cycle &&
               std::fabs(seen.sums.samples.value() - all) > unbalanced * all &&
               std::fabs(seen.rules_out - amount_) > worthwhile * amount_;
    }

    Boundary::Step step_from(const SplitSums& sums) {
        PassSums at = real_;
        at.value = sums.samples.value() - sums.cost.value();
        at.bandwidth = sums.bandwidth.value();
        at.power = sums.power.value();
        shop_.boundary.set(resource_, best_.rules_out);
        return shop_.boundary.newton(point_, at);
    }

    // The most that the best prices prove too little. Only where costs change with the amount
    // does that take another look.
    bool refute() {
        whole_.swap(best_whole_);
        Look seen = best_;
        for (int round = 0; round < rounds; ++round) {
            amount_ *= 1 - 0.5 * near;
            if (resource_ == Resource::cycle) {
                seen = look();
            } else {
                judge(with_amount(problem_, resource_, amount_), seen);
            }
            if (shop_.pool.stop().requested() || seen.sums.impossible > 0) return false;
            if (seen.excess.proves_infeasible()) {
                enclosure_.lower = amount_;
                return true;
            }
            amount_ = std::min(amount_, seen.rules_out);
            if (!(amount_ > 0)) return false;
        }
        return false;
    }

    // The whole samples of the last pass, made D in all.
    void split() {
        const double enough = enclosure_.lower * roomy;
        const Problem here = with_amount(problem_, resource_, enough);
        const Box sure = shop_.boxes.sure(point_.tau);
        if (sure.upper) {
            for (std::size_t k = 0; k < whole_.size(); ++k) {
                whole_[k] = std::min(whole_[k], sure.high(k));
            }
        }
        Rounding rounding(problem_, shop_.pool);
        if (!rounding.repair(point_.tau, point_.cycle_s, sure, point_.prices, whole_.data())) {
            return;
        }
        enclosure_.settled =
            settle_near(here, point_.tau, whole_.data(), resource_, enclosure_.lower,
                        point_.prices.mu / point_.prices.lambda, shop_.pool);
        if (enclosure_.settled.bandwidth_hz.empty()) return;
        enclosure_.samples.assign(whole_.begin(), whole_.end());
    }

    Enclosure found() {
        enclosure_.prices = point_.prices;
        enclosure_.passes = shop_.boundary.passes() + passes_;
        return std::move(enclosure_);
    }

    const Problem& problem_;
    Resource resource_;
    Workshop shop_;
    PassPoint point_;
    double amount_ = 0;
    PassSums real_;
    Look best_;
    Prices best_prices_{};
    std::vector<SplitSums> blocks_;
    std::vector<double> whole_;
    std::vector<double> best_whole_;
    Enclosure enclosure_;
    std::int64_t passes_ = 0;
};

}  // namespace

Enclosure enclose(const Problem& problem, std::int64_t tau, Resource resource,
                  const Settings& settings) {
    if (problem.sends_nothing() || problem.block_hz() > 0) return {};
    try {
        return Encloser(problem, tau, resource, settings).run();
    } catch (const std::invalid_argument&) {
        return {};  // the search left what a problem may be
    }
}

}  // namespace mel
