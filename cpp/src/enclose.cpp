// The least amount of a resource from both sides at once (docs/algorithm.md, section 5).
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "least_prices.hpp"
#include "mel/rounding.hpp"

namespace mel {
namespace {

constexpr double close = 1e-8;  // relative: of the continuous optimum
constexpr double near = 3e-11;  // relative: how far the lower end stays below
constexpr double roomy = 1.01;  // times the lower end: surely enough
constexpr int rounds = 6;

// Prices from the continuous problem are this close; those of a sample of the learners, and any
// that Newton's steps circled, less so.
constexpr LeastPrices::Effort after_reals{6, 1e-2, 1e-10};
constexpr LeastPrices::Effort after_sample{8, 5e-2, 1e-10};
constexpr LeastPrices::Effort from_afar{30, 0.25, 1e-10};
constexpr LeastPrices::Effort on_sample{30, 0.25, 1e-4};

class Encloser {
  public:
    Encloser(const Problem& problem, std::int64_t tau, Resource resource, const Settings& settings)
        : problem_(problem),
          resource_(resource),
          shop_(problem, settings),
          point_(shop_.begin(problem, static_cast<double>(tau), settings)),
          amount_(amount_of(problem, resource)),
          prices_(problem, shop_.boxes.real(point_.tau), shop_.boxes.whole(point_.tau), resource,
                  shop_.pool) {}

    Enclosure run() {
        const LeastPrices::Effort effort = begin();
        if (usable() && prices_.search(point_, amount_, effort) && refute() &&
            !shop_.pool.stop().check()) {
            split();
        }
        return found();
    }

  private:
    bool usable() const { return point_.prices.usable() && std::isfinite(amount_) && amount_ > 0; }

    // Where to begin: at the prices at which the continuous problem needs least. Newton's method
    // finds them unless responses jump; then a sample of the learners does for a start.
    LeastPrices::Effort begin() {
        Boundary& boundary = shop_.boundary;
        const std::size_t stride = sample_stride(problem_.size(), searched_learners);
        const PassPoint first = point_;
        bool smooth = true;
        if (stride > 1) smooth = boundary.find_least(point_, resource_, 1e-6, 16, stride);
        if (smooth && boundary.find_least(point_, resource_, close, 8)) {
            amount_ = boundary.amount(resource_, point_);
            return after_reals;
        }
        point_ = boundary.best().point;
        amount_ = boundary.best().amount;
        if (!whole_in_lanes(problem_, shop_.boxes.whole(point_.tau))) return from_afar;
        point_ = first;
        amount_ = amount_of(problem_, resource_);
        if (stride == 1) return from_afar;
        const Problem part = problem_.sampled(stride);
        const double share = resource_ == Resource::cycle
                                 ? 1
                                 : amount_of(part, resource_) / amount_of(problem_, resource_);
        LeastPrices of_part(part, shop_.boxes.real(point_.tau), shop_.boxes.whole(point_.tau),
                            resource_, shop_.pool);
        amount_ *= share;
        of_part.search(point_, amount_, on_sample);
        amount_ /= share;
        return after_sample;
    }

    // The most that the best prices prove too little. Only where costs change with the amount
    // does that take another look.
    bool refute() {
        LeastPrices::Look seen = prices_.best();
        for (int round = 0; round < rounds; ++round) {
            amount_ *= 1 - 0.5 * near;
            if (resource_ == Resource::cycle) {
                seen = prices_.look_again(point_, amount_);
            } else {
                prices_.judge(point_, amount_, seen);
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

    // The whole samples of the last look, with the answers that come nearest to the budgets, made
    // D in all.
    void split() {
        std::vector<double>& whole = prices_.samples();
        for (const std::size_t flip : prices_.model().best_flips()) {
            const Jump& jump = prices_.model().jumps[flip];
            whole[jump.learner] = jump.samples;
        }
        const double enough = enclosure_.lower * roomy;
        const Problem here = with_amount(problem_, resource_, enough);
        const Box sure = shop_.boxes.sure(point_.tau);
        if (sure.upper) {
            for (std::size_t k = 0; k < whole.size(); ++k) {
                whole[k] = std::min(whole[k], sure.high(k));
            }
        }
        Rounding rounding(problem_, shop_.pool);
        if (!rounding.repair(point_.tau, point_.cycle_s, sure, point_.prices, whole.data())) {
            return;
        }
        enclosure_.settled =
            settle_near(here, point_.tau, whole.data(), resource_, enclosure_.lower,
                        point_.prices.mu / point_.prices.lambda, shop_.pool);
        if (enclosure_.settled.bandwidth_hz.empty()) return;
        enclosure_.samples.assign(whole.begin(), whole.end());
    }

    Enclosure found() {
        enclosure_.prices = point_.prices;
        enclosure_.passes = shop_.boundary.passes() + prices_.looks() + prices_.passes();
        return std::move(enclosure_);
    }

    const Problem& problem_;
    Resource resource_;
    Workshop shop_;
    PassPoint point_;
    double amount_;
    LeastPrices prices_;
    Enclosure enclosure_;
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
