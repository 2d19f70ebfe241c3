// The learners of a problem of least energy at one number of local cycles: what each may hold, what
// it costs at a price of bandwidth, and sums of that over all of them. Each look at a learner
// begins where the last one ended.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "base/chunks.hpp"
#include "base/sums.hpp"
#include "learner/energy_cost.hpp"

namespace mel {

struct JoulePrices {
    double lambda;  // joules a hertz
    double nu;      // joules a sample
    // Joules of taking part, on top of what that costs: where so many do, or no more.
    double taking = 0;

    HertzPrice of_hertz() const { return {lambda}; }
};

// How many learners take part.
struct TakerRange {
    double fewest = 0, most = no_limit;
};

struct EnergySums {
    CompensatedSum samples, bandwidth, power, cost, energy;
    double condition = 0;   // sum of cost / slack
    double takers = 0;      // learners with samples
    double impossible = 0;  // learners whom the deadline does not allow their samples
    EnergySlopes slopes;    // of samples and what is taken in the logarithms of the prices

    void add(double d, const EnergyCost& c);
    void add(const EnergySums& o);
    // A share of others in place of these: of samples, bandwidth and power.
    void mix(const EnergySums& o, double share);
    // So many times these samples, this bandwidth and this power.
    EnergySums times(double factor) const;
};

class EnergyLearners {
  public:
    EnergyLearners(const Problem& problem, double tau, Pool& pool);

    // What every learner may hold; false where that is no split.
    bool begin();

    const Problem& problem() const { return problem_; }
    Pool& pool() { return pool_; }
    std::size_t size() const { return problem_.size(); }
    double low(std::size_t k) const { return low_[k]; }
    double high(std::size_t k) const { return high_[k]; }
    bool takes_part(std::size_t k) const { return high_[k] >= low_[k]; }
    bool rests(std::size_t k) const { return rests_[k] != 0; }
    // Whether some learner saves energy by computing more slowly.
    bool slows() const { return slows_; }

    // Until the next, or widen(): so many samples each, and no others. False where that is no
    // split at all. Who may rest may have none, also where the fewest are 1.
    bool confine(std::span<const double> fewest, std::span<const double> most);
    // The same: of those who may rest these take part and no other.
    bool decide(std::span<const std::size_t> takers);
    void widen();
    // The same: of all splits those in which so many take part. What a price of taking part proves
    // of them, above what sums of learners do.
    void limit_takers(TakerRange range) { takers_ = range; }
    const TakerRange& takers() const { return takers_; }
    bool limits_takers() const { return takers_.fewest > 0 || takers_.most < no_limit; }
    // How many do: whoever may not rest, and anybody else.
    TakerRange possible_takers() const;
    double proved_by_count(JoulePrices p) const {
        return p.taking == 0 ? 0 : -p.taking * (p.taking > 0 ? takers_.most : takers_.fewest);
    }

    // Whether it is others who send over the planned link, with a power that all have in common:
    // then a watt is priced with the bandwidth, at so many hertz.
    bool receives() const { return receives_; }
    void price_watts(double watt_hz) { watt_hz_ = watt_hz; }
    double watt_hz() const { return watt_hz_; }
    // What there is of both, in hertz, and what sums take of it.
    double budget() const { return problem_.bandwidth_hz() + watt_hz_ * problem_.power_w(); }
    double taken(const EnergySums& s) const {
        return receives_ ? s.bandwidth.value() + watt_hz_ * s.power.value() : s.bandwidth.value();
    }

    // One like many: in the middle, or the next after it that spends anything on computing.
    std::size_t typical_learner() const;
    // Whether what a split takes is there, of power a hair's breadth less.
    bool fits(const EnergySums& s) const {
        constexpr double reserve = 1e-14;
        return s.impossible == 0 && s.bandwidth.value() <= problem_.bandwidth_hz() &&
               (!receives_ || s.power.value() <= problem_.power_w() * (1 - reserve));
    }

    // About what a hertz is worth: a second of computing, in which a share of all would do.
    double typical_price() const;
    // Joules a hertz at which all that there is hardly costs a share of the energy.
    double hardly(double nu) const {
        return receives_ ? 1e-10 * nu * problem_.samples_real() / budget() : 0;
    }

    // More than so many joules need not be proved: prices that do are as good as any.
    void enough(double joules) { enough_j_ = joules; }
    double enough() const { return enough_j_; }
    bool is_enough(const EnergySums& s, JoulePrices p) const {
        return s.cost.value() + p.nu * (problem_.samples_real() - s.samples.value()) +
                   p.taking * s.takers + proved_by_count(p) >
               enough_j_ + p.lambda * budget();
    }

    // The cycle that is planned for, at most the problem's.
    void plan_for(double cycle_s) { cycle_s_ = cycle_s; }
    double cycle_s() const { return cycle_s_; }

    // The best real samples at the prices; 0 where taking no part is better.
    double best(std::size_t k, JoulePrices p, EnergyCost& cost, EnergySlopes* slopes = nullptr);
    // Joules that taking part saves at the prices, at its best.
    double gain(std::size_t k, JoulePrices p);
    // What so many samples cost; without any, nothing where learners may rest.
    EnergyCost cost(std::size_t k, HertzPrice price, double d);
    // The speed of a look is where later ones begin.
    void remember(std::size_t k, double speed) { speed_[k] = speed; }
    void forget_speeds() { speed_.assign(size(), 1); }

    // term(k, sums) over every stride-th group; void once a stop is requested.
    template <class Term>
    EnergySums sums(std::size_t stride, Term term) {
        ++passes_;
        if (pool_.stop().check()) return {};
        return sum_over_chunks(
            pool_, size(), chunks_,
            [&](std::size_t first, std::size_t last) {
                EnergySums here;
                for (std::size_t start = first; start < last; start += group * stride) {
                    for (std::size_t k = start; k < std::min(start + group, size()); ++k) {
                        term(k, here);
                    }
                }
                return here;
            },
            stride);
    }
    std::int64_t passes() const { return passes_; }

    // Sums of the best real samples, without and with slopes.
    EnergySums at(JoulePrices p, std::size_t stride);
    EnergySums with_slopes(JoulePrices p, std::size_t stride);
    // The share of the learners that such a pass sees.
    double share(std::size_t stride) const {
        return static_cast<double>(learners_seen(size(), stride)) / static_cast<double>(size());
    }
    // Of a split, with each learner's costs.
    EnergySums of_split(std::span<const double> whole, HertzPrice price,
                        std::vector<EnergyCost>& costs);

  private:
    Spender spender(std::size_t k) const;
    Demand demand(std::size_t k) const { return demand_of(problem_, k, Timing{tau_, cycle_s_}); }
    // The best real samples of one who takes part.
    EnergyCost taking_part(std::size_t k, JoulePrices p, double& d, EnergySlopes* slopes = nullptr);

    const Problem& problem_;
    double tau_;
    Pool& pool_;
    bool receives_;
    bool slows_ = false;
    double watt_hz_ = 0;
    double enough_j_ = no_limit;
    double cycle_s_;
    std::vector<double> low_, high_;
    // Where the last look at the learner ended.
    std::vector<LastLook> last_;
    std::vector<double> speed_;
    std::vector<char> rests_;                 // may take no part
    std::vector<double> all_low_, all_high_;  // before it was confined
    std::vector<char> all_rests_;
    TakerRange takers_;
    std::vector<EnergySums> chunks_;
    std::int64_t passes_ = 0;
};

}  // namespace mel
