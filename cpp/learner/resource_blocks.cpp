#include "learner/resource_blocks.hpp"

#include <algorithm>

#include "base/infinity.hpp"

namespace mel {
namespace {

constexpr int most_looked_at = 4096;

// Looks for the best pair (d, n) of integers along one of the two, the other following in closed
// form. `look(i)` tries the best integers there, and returns what real partners of i would reach,
// -infinity where caps leave none.
class PairSearch {
  public:
    // A slack may be off by `off_s`.
    PairSearch(const BlockLink& link, const Demand& demand, Interval box, Prices prices,
               double off_s, BlockResponse best, double best_value)
        : link_(link),
          demand_(demand),
          low_(box.lower),
          high_(box.upper),
          prices_(prices),
          block_price_(prices.lambda * link.width_hz),
          log_gain_(link.law == LinkLaw::density ? link.log_gain(1, prices) : 0),
          off_s_(off_s),
          best_(best),
          value_(best_value),
          reach_(best_value) {}

    const BlockResponse& best() const { return best_; }

    void run(double stationary) {
        // Who is sent nothing and returns nothing takes all that is in time, without a block.
        if (!(demand_.rate(high_) > 0)) return offer({.samples = high_, .blocks = 0});
        const double wish = stationary >= low_ ? stationary : low_;
        const double peak = std::min(std::round(wish), high_);
        const auto blocks_of = [&](double d) { return cheapest(demand_.rate(d)); };
        const double blocks = blocks_of(peak);
        // The fixed law's value may have a second hill at the lower end.
        const bool also_low = link_.law == LinkLaw::fixed && peak > low_;
        if (high_ - low_ <= 2 || !(blocks <= peak - low_ + 4)) {
            const auto look = [this](double d) { return at_samples(d); };
            // A hill whose top is beyond what both caps carry is highest where they end.
            const double end = std::min(
                high_, std::max(std::floor(most_carried(link_, demand_, link_.most)), low_));
            const Range range{.first = low_, .last = end, .surest = low_};
            const auto from = [&](double d) { scan(std::min(d, end), range, look); };
            if (also_low) from(low_);
            from(peak);
            if (capped()) from(capped_power_peak());
            if (blocks > link_.most) from(capped_band_peak());
        } else {
            const double fewest = demand_.rate(low_) > 0 ? 1 : 0;
            if (link_.most < fewest) return;
            const auto look = [this](double n) { return at_blocks(n); };
            const Range range{.first = fewest, .last = link_.most, .surest = link_.most};
            const auto from = [&](double n) { scan(n, range, look); };
            if (also_low) from(blocks_of(low_));
            from(blocks);
            if (capped()) from(blocks_of(std::clamp(capped_power_peak(), low_, high_)));
        }
        if (looked_ > most_looked_at) best_.overlooked = std::max(reached_ - value_, 0.0);
        best_.overlooked = std::max(best_.overlooked, rival_reach_ - value_);
    }

  private:
    // As BlockLink has it: with the density law the signal is the same for every rate.
    double cheapest(double rate) const {
        if (!(log_gain_ > 0)) return link_.cheapest(rate, prices_);
        return rate * ln2 / (link_.width_hz * log_gain_);
    }

    void offer(InBlocks at) {
        const auto [d, n] = at;
        const RateInBlocks sent{.rate = demand_.rate(d), .blocks = n};
        const double power = link_.power(sent);
        if (!(power <= link_.power_cap_w * (1 + rounding::block_cap))) return;
        const double cost = block_price_ * n + prices_.mu * power;
        const double y = n > 0 ? link_.exponent(sent) : 0;
        // With what its slack may be off by; of whatever is taken that is counted with it.
        const double off = off_s_ > 0 && cost > 0 ? cost * (1 + y) * off_s_ / demand_.slack(d) : 0;
        const double reach = d - cost + off;
        if (!(d - cost > value_)) {
            if (d != best_.samples || n != best_.blocks)
                rival_reach_ = std::max(rival_reach_, reach);
            return;
        }
        rival_reach_ = std::max(rival_reach_, reach_);
        reach_ = reach;
        value_ = d - cost;
        best_ = {d, n, power, cost, demand_.slack(d), 1 + y, 0, true};
    }

    // Real n for a given d: the cost is convex in n.
    double at_samples(double d) {
        const double rate = demand_.rate(d);
        if (!(rate > 0)) {
            offer({.samples = d, .blocks = 0});
            return d;
        }
        const double least = link_.least(rate) * (1 - rounding::block_cap);
        if (!(least <= link_.most) || link_.most < 1) return -infinity;
        const double n = std::clamp(cheapest(rate), least, link_.most);
        const double fewest = std::max(std::ceil(least), 1.0);
        if (fewest <= link_.most) {
            const double whole = std::clamp(std::floor(n), fewest, link_.most);
            offer({.samples = d, .blocks = whole});
            if (whole + 1 <= link_.most) offer({.samples = d, .blocks = whole + 1});
        }
        return d - block_price_ * n - prices_.mu * link_.power({.rate = rate, .blocks = n});
    }

    // Real d for a given n: d - cost is concave in d.
    double at_blocks(double n) {
        if (n == 0) {
            offer({.samples = low_, .blocks = 0});  // only called where the lower end needs no rate
            return low_;
        }
        const double high = std::min(high_, most_carried(link_, demand_, n));
        if (!(high >= low_)) return -infinity;
        const double d = std::clamp(stationary_samples(link_, demand_, n, prices_), low_, high);
        const double whole = std::floor(d);
        offer({.samples = whole, .blocks = n});
        if (whole + 1 <= high) offer({.samples = whole + 1, .blocks = n});
        return d - block_price_ * n -
               prices_.mu * link_.power({.rate = demand_.rate(d), .blocks = n});
    }

    // fixed law at the power cap: the bandwidth is proportional to the rate.
    bool capped() const { return link_.law == LinkLaw::fixed && link_.power_cap_w < infinity; }
    double capped_power_peak() const {
        const double slack = std::sqrt(prices_.lambda * ln2 * demand_.shape /
                                       std::log1p(link_.power_cap_w / link_.noise));
        return (demand_.budget_s - slack) / demand_.per_sample_s;
    }

    double capped_band_peak() const {
        return link_.most >= 1 ? stationary_samples(link_, demand_, link_.most, prices_) : low_;
    }

    // Of whole numbers; `surest` is allowed if anything is.
    struct Range {
        double first, last, surest;
    };
    // Climbs from `start` to the top of its hill, then looks outwards until no real value there
    // exceeds the best found: what lies beyond is lower still, or on the hill of another start.
    template <class Look>
    void scan(double start, const Range& range, Look&& fresh) {
        const double first = range.first, last = range.last;
        // The newest few values, so that the climb's last steps are not looked at twice.
        double at[4] = {-1, -1, -1, -1};
        double values[4] = {};
        int newest = 0;
        const auto look = [&](double j) {
            for (int i = 0; i < 4; ++i) {
                if (at[i] == j) return values[i];
            }
            newest = (newest + 1) % 4;
            at[newest] = j;
            return values[newest] = fresh(j);
        };
        double i = start > first ? std::min(std::round(start), last) : first;
        double top = look(i);
        if (!(top > -infinity) && i > first) top = look(--i);  // a cap that rounding decides
        if (!(top > -infinity)) {
            i = range.surest;
            top = look(i);
            if (!(top > -infinity)) return;
        }
        // A long step may land beyond the top and still be higher: then back again.
        for (bool moved = true; moved;) {
            moved = false;
            for (const double direction : {1.0, -1.0}) {
                for (double step = 1; step >= 1;) {
                    const double j = std::clamp(i + direction * step, first, last);
                    if (j == i) break;
                    const double value = look(j);
                    if (value > top) {
                        i = j;
                        top = value;
                        step *= 2;
                        moved = true;
                    } else {
                        step = std::floor(step / 4);
                    }
                }
            }
        }
        reached_ = std::max(reached_, top);
        for (const double direction : {1.0, -1.0}) {
            for (double j = i + direction; j >= first && j <= last; j += direction) {
                if (++looked_ > most_looked_at || !(look(j) > value_)) break;
            }
        }
    }

    const BlockLink& link_;
    const Demand& demand_;
    const double low_;
    const double high_;
    const Prices prices_;
    const double block_price_;
    const double log_gain_;
    const double off_s_;
    BlockResponse best_;
    double value_;
    double reach_;                    // of the best, with what its slack may be off by,
    double rival_reach_ = -infinity;  // and the most of the others
    double reached_ = -infinity;
    int looked_ = 0;
};

}  // namespace

// s^2 = mu m (ln2/B) A e^(rho ln2/B), and with u = A ln2 / (B g s) that is u + 2 ln u = w.
double stationary_samples(const BlockLink& link, const Demand& demand, double n, Prices prices) {
    const double unit = ln2 / (n * link.width_hz);
    const double g = demand.per_sample_s;
    const double w = std::log(demand.shape * unit / (g * g * prices.mu * link.scale(n))) +
                     demand.alpha * unit / g;
    const double slack = demand.shape * unit / (g * fixed_log_gain(w));
    return (demand.budget_s - slack) / g;
}

double most_carried(const BlockLink& link, const Demand& demand, double n) {
    if (!(link.power_cap_w < infinity)) return infinity;
    const double rate = n * link.width_hz / ln2 * std::log1p(link.power_cap_w / link.scale(n)) *
                        (1 + rounding::block_cap);
    return (rate * demand.budget_s - demand.beta) / (demand.alpha + demand.per_sample_s * rate);
}

BlockLink block_link(const Problem& problem, std::size_t k) {
    BlockLink link{link_of(problem, k), problem.block_hz(), problem.block_budget()};
    const LearnerLimits* limits = problem.limits();
    if (limits && limits->caps()) {
        const double cap = limits->max_bandwidth_hz[k];
        link.most = std::min(link.most, BlockWidth{link.width_hz}.blocks_in(cap));
        link.power_cap_w = limits->max_power_w[k];
    }
    return link;
}

double BlockLink::least(double rate) const {
    if (!(power_cap_w < infinity) || !(rate > 0)) return 0;
    if (law == LinkLaw::fixed) return rate * ln2 / (width_hz * std::log1p(power_cap_w / noise));
    // (e^y - 1)/y = c: convex in y, so Newton's method falls on to the root from 2 ln c above it.
    const double c = power_cap_w / (noise * rate * ln2);
    if (!(c > 1)) return infinity;
    double y = 2 * std::log1p(c - 1);
    for (int step = 0; step < 100; ++step) {
        const double next = y - (std::expm1(y) - c * y) / (std::exp(y) - c);
        if (!(next < y) || !(next > 0)) break;
        const bool done = y - next <= 1e-15 * y;
        y = next;
        if (done) break;
    }
    return rate * ln2 / (width_hz * y);
}

double BlockLink::least_whole(double rate) const {
    if (!(rate > 0)) return 0;
    if (!(power_cap_w < infinity)) return 1;
    double n = std::max(std::ceil(least(rate)), 1.0);
    if (!(n <= most)) return infinity;
    const auto fits = [&](double blocks) {
        return power({.rate = rate, .blocks = blocks}) <= power_cap_w;
    };
    if (n > 1 && fits(n - 1)) --n;
    if (!fits(n)) ++n;
    return n;
}

double BlockLink::log_gain(double rate, Prices prices) const {
    return law == LinkLaw::density
               ? density_log_gain(prices.lambda / (prices.mu * noise))
               : fixed_log_gain(std::log(prices.lambda * ln2 / (prices.mu * noise)) +
                                std::log(rate));
}

double BlockLink::cheapest(double rate, Prices prices) const {
    return rate > 0 ? rate * ln2 / (width_hz * log_gain(rate, prices)) : 0;
}

BlockLink::Bought BlockLink::buy(double rate, Prices prices, double log_gain) const {
    if (!(rate > 0)) return {0, 0};
    const double fewest = least_whole(rate);
    if (!(fewest <= most)) return {-1, infinity};
    const double block_price = prices.lambda * width_hz;
    const double n = std::clamp(std::floor(rate * ln2 / (width_hz * log_gain)), fewest, most);
    const double with_n = power({.rate = rate, .blocks = n});
    if (n + 1 <= most) {
        const double with_more = power({.rate = rate, .blocks = n + 1});
        if (prices.mu * (with_n - with_more) > block_price) {
            return {n + 1, block_price * (n + 1) + prices.mu * with_more};
        }
    }
    return {n, block_price * n + prices.mu * with_n};
}

BlockResponse respond_in_blocks(const BlockLink& link, const Demand& demand, bool excused,
                                Interval box, Prices prices, double off_s) {
    const bool may_rest = excused && box.lower <= 0;
    BlockResponse best{0, 0, 0, 0, demand.budget_s, 1, 0, may_rest};
    const double low = may_rest ? 1 : box.lower;
    const double high = largest_allowed(demand, box.upper);
    if (high < low) return best;
    // With bandwidth at will nothing is dearer: where it stays out even then, there is no more to
    // ask.
    if (may_rest) {
        const Response freely = respond(link, demand, true, box, prices, off_s);
        if (freely.samples == 0 && !(freely.overlooked > 0)) return best;
    }
    double slack;
    if (link.law == LinkLaw::density) {
        slack = std::sqrt(density_unit(link.noise, prices).cost * demand.shape);
    } else {
        slack = demand.shape > 0 ? stationary_slack_fixed(demand, link.noise, prices) : 0;
    }
    const double d = slack >= 0 ? (demand.budget_s - slack) / demand.per_sample_s : low;
    PairSearch search(link, demand, {low, high}, prices, off_s, best, may_rest ? 0 : -infinity);
    search.run(d);
    return search.best();
}

double block_cost(const BlockLink& link, const Demand& demand, bool excused, double d,
                  Prices prices, double log_gain) {
    if (excused && d == 0) return 0;
    if (!demand.allows(d)) return infinity;
    const double rate = demand.rate(d);
    if (!(rate > 0)) return 0;
    return link.buy(rate, prices, log_gain > 0 ? log_gain : link.log_gain(rate, prices)).cost;
}

}  // namespace mel
