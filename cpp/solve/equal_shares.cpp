#include "solve/equal_shares.hpp"

#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "base/sums.hpp"
#include "learner/battery.hpp"
#include "learner/boxes.hpp"
#include "learner/pacing.hpp"
#include "learner/resource_blocks.hpp"
#include "mel/each.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/computing.hpp"

namespace mel {
namespace {

class EqualShares {
  public:
    EqualShares(const Problem& problem, const Settings& settings)
        : problem_(problem),
          settings_(settings),
          stop_(settings.time_limit_s, poll()),
          pool_(useful_threads(problem.size(), settings.threads), stop_, InstructionSet::automatic,
                settings.trust),
          boxes_(problem, pool_, scheme_box(problem, Scheme::task_only)) {
        const double learners = static_cast<double>(problem.size());
        blocks_each_ = static_cast<double>(static_cast<std::int64_t>(problem.block_budget()) /
                                           static_cast<std::int64_t>(problem.size()));
        bandwidth_hz_ = share_of(problem.bandwidth_hz(), learners);
        power_w_ = share_of(problem.power_w(), learners);
        limits_ = problem.limits() && problem.limits()->caps() ? problem.limits() : nullptr;
        send_s_per_bit_.resize(problem.size());
        for_each_learner(pool_, problem.size(), [&](std::size_t k) {
            const double band = bandwidth_of(k);
            const double noise = problem.law() == LinkLaw::density
                                     ? problem.noise_over_gain()[k] * band
                                     : problem.noise_over_gain()[k];
            // Fewer blocks than learners: nobody gets any.
            send_s_per_bit_[k] =
                band > 0 ? ln2 / (band * std::log1p(power_of(k) / noise)) : infinity;
        });
    }

    // The seconds are scaled to be sure (< 1) or generous (> 1).
    struct Trial {
        double tau;
        double cycle_s;
        double scale = 1;
    };
    // Sum of the samples that fit; negative where a served learner can not even take the model.
    double fitting(const Trial& trial, std::span<double> samples = {}) {
        ++passes_;
        const Box box = trial.scale > 1 ? boxes_.whole(trial.tau) : boxes_.sure(trial.tau);
        const auto fit = [&](std::size_t first, std::size_t last) {
            Part part;
            for (std::size_t k = first; k < last; ++k) {
                const double d = std::min(fitting_samples(k, trial), box.high(k));
                if (d < box.low(k) && !(problem_.excused() && box.low(k) <= 0)) {
                    part.impossible = 1;
                    part.learner = k;
                }
                if (!samples.empty()) samples[k] = std::max(d, 0.0);
                part.samples.add(std::max(d, 0.0));
            }
            return part;
        };
        const Part total = sum_over_chunks(pool_, problem_.size(), chunks_, fit);
        if (total.impossible > 0) {
            blamed_ = total.learner;
            return -1;
        }
        return total.samples.value();
    }

    Result run() {
        Result result;
        const double samples = problem_.samples_real();
        const double cycle = problem_.cycle_s();
        std::int64_t high = boxes_.contradicts() ? 0 : largest_conceivable_tau(problem_);
        std::int64_t bound = high;
        std::int64_t sure = 0;
        const auto over = [&](std::int64_t tau, double scale) {
            return fitting({static_cast<double>(tau), cycle, scale}) >= samples;
        };
        // The largest tau that surely fits, by halves; then whether the next may still fit within
        // rounding.
        std::int64_t& low = low_;
        bound_ = bound;
        while (low < high && !stop_.check()) {
            const std::int64_t middle = low + (high - low + 1) / 2;
            const bool fits = over(middle, 1 - margin_);
            if (stop_.requested()) break;  // sums of the pass under way are void
            if (fits) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        sure = low;
        std::int64_t possible = sure;
        while (!stop_.check() && possible < bound && over(possible + 1, 1 + margin_)) {
            ++possible;
        }
        result.stopped = stop_.requested();
        if (!result.stopped) bound = possible;
        result.tau = sure;
        result.bound = bound;
        if (sure > 0) plan(static_cast<double>(sure), result);
        result.stopped = stop_.requested();
        if (bound == 0) {
            result.status = Status::infeasible;
            result.blame = fitting({1, cycle}) < 0 ? Blame::slow_return : Blame::radio;
            result.blamed_learner = blamed_;
        } else if (sure == bound) {
            result.status = Status::optimal;
        } else {
            result.status = result.stopped && sure > 0 ? Status::feasible : Status::undecided;
        }
        result.passes = passes_;
        result.elapsed_s = stop_.elapsed_s();
        return result;
    }

    void room(const Trial& trial, const EqualRoom& into) {
        const Box box = trial.scale > 1 ? boxes_.whole(trial.tau) : boxes_.sure(trial.tau);
        for_each_learner(pool_, problem_.size(), [&](std::size_t k) {
            into.samples[k] = std::max(std::min(fitting_samples(k, trial), box.high(k)), -1.0);
            into.bandwidth_hz[k] = bandwidth_of(k);
            into.power_w[k] = power_of(k);
            into.blocks[k] = problem_.block_hz() > 0 ? blocks_of(k) : 0;
        });
    }
    double margin() const { return margin_; }

    Result decide_one(std::int64_t tau) {
        Result result;
        result.bound = largest_conceivable_tau(problem_);
        if (boxes_.contradicts()) result.bound = std::min(result.bound, tau - 1);
        const double samples = problem_.samples_real();
        const double cycle = problem_.cycle_s();
        const double real = static_cast<double>(tau);
        if (tau > result.bound) return result;
        if (!stop_.check()) {
            const bool sure = fitting({real, cycle, 1 - margin_}) >= samples;
            const bool fits = sure || fitting({real, cycle, 1 + margin_}) >= samples;
            if (!stop_.requested()) {  // else the sums are void
                if (sure) result.tau = tau;
                if (!fits) result.bound = tau - 1;
            }
        }
        if (result.tau > 0) plan(real, result);
        result.stopped = stop_.requested();
        result.passes = passes_;
        result.elapsed_s = stop_.elapsed_s();
        return result;
    }

  private:
    std::function<bool()> poll() {
        if (!settings_.should_stop) return {};
        return [this] { return settings_.should_stop({low_, bound_, passes_, stop_.elapsed_s()}); };
    }

    struct Part {
        CompensatedSum samples;
        double impossible = 0;
        std::size_t learner = 0;
        void add(const Part& o) {
            samples.add(o.samples);
            if (impossible == 0) learner = o.learner;
            impossible += o.impossible;
        }
    };

    static double share_of(double budget, double learners) {
        double share = budget / learners;
        // Rounded down: K shares must fit in the budget exactly.
        if (std::fma(share, learners, -budget) > 0) share = std::nextafter(share, 0.0);
        return share;
    }

    double blocks_of(std::size_t k) const {
        return std::min(blocks_each_, block_link(problem_, k).most);
    }
    double bandwidth_of(std::size_t k) const {
        if (problem_.block_hz() > 0) return blocks_of(k) * problem_.block_hz();
        return limits_ ? std::min(bandwidth_hz_, limits_->max_bandwidth_hz[k]) : bandwidth_hz_;
    }
    double power_of(std::size_t k) const {
        return limits_ ? std::min(power_w_, limits_->max_power_w[k]) : power_w_;
    }

    // With an energy that is surely kept, or a generous one.
    Battery battery_at(std::size_t k, const Trial& trial) const {
        Battery battery = battery_of(problem_, k, trial.tau);
        battery.bandwidth_hz = bandwidth_of(k);
        battery.energy_j *= trial.scale > 1 ? trial.scale : 1 - margin_;
        return battery;
    }

    double fitting_samples(std::size_t k, const Trial& trial) const {
        const auto [tau, cycle_s, scale] = trial;
        if (only_computes(problem_) && cycle_s == problem_.cycle_s()) {  // no rounding to allow for
            return largest_computed(problem_, k, {.tau = tau, .samples = problem_.samples_real()});
        }
        const Demand demand = demand_of(problem_, k, Timing{tau, cycle_s * scale});
        if (limits_ && limits_->battery()) {
            return largest_carried(battery_at(k, trial), demand, problem_.samples_real());
        }
        const auto send = [&](double bits) { return bits > 0 ? bits * send_s_per_bit_[k] : 0; };
        const auto most = [&](const Demand& line) {
            const double fixed = line.budget_s - send(line.beta);
            const double each = line.per_sample_s + send(line.alpha);
            return fixed >= 0 ? std::floor(fixed / each) : -1;
        };
        if (!paces(problem_)) return most(demand);
        const Energy energy = scale > 1 ? Energy::generous : Energy::kept;
        return at_own_pace(demand, Pacing::of(problem_, k, tau, energy), Sought::largest,
                           most(demand), most);
    }

    // The earliest common finish, by halves on the cycle. Where that is stopped, passes are void:
    // then the deadline itself, without another look at the clock.
    void plan(double tau, Result& result) {
        const double samples = problem_.samples_real();
        double late = latest();
        double early = 0;
        for (int step = 0; step < 45 && late - early > 1e-9 * late && !stop_.check(); ++step) {
            const double middle = 0.5 * (early + late);
            (fitting({tau, middle}) >= samples ? late : early) = middle;
        }
        if (!stop_.requested()) store({tau, late}, result);
        if (!stop_.requested()) return;
        Settings unlimited = settings_;
        unlimited.time_limit_s = infinity;
        unlimited.should_stop = {};
        EqualShares calm(problem_, unlimited);
        calm.store({tau, latest()}, result);
    }

    double latest() const {
        return problem_.cycle_s() * (1 - (only_computes(problem_) ? 0 : margin_));
    }

    // What fits within `late`; the last learners hold what is left.
    void store(const Trial& trial, Result& result) {
        const double tau = trial.tau, late = trial.cycle_s;
        const std::size_t size = problem_.size();
        std::vector<double> d(size);
        const Box box = boxes_.sure(tau);
        fitting(trial, d);
        // In integers: what fits in all may be more than a double counts.
        std::int64_t left = problem_.samples();
        result.samples.resize(size);
        for (std::size_t k = 0; k < size; ++k) {
            result.samples[k] = static_cast<std::int64_t>(std::max(box.low(k), 0.0));
            left -= result.samples[k];
        }
        for (std::size_t k = 0; k < size && left > 0; ++k) {
            const std::int64_t more =
                std::min(static_cast<std::int64_t>(d[k]) - result.samples[k], left);
            if (more <= 0) continue;
            result.samples[k] += more;
            left -= more;
        }
        result.bandwidth_hz.resize(size);
        result.power_w.resize(size);
        if (problem_.block_hz() > 0) result.blocks.resize(size);
        for (std::size_t k = 0; k < size; ++k) {
            result.bandwidth_hz[k] = bandwidth_of(k);
            result.power_w[k] = power_of(k);
            if (limits_ && limits_->battery()) {
                const Demand demand = demand_of(problem_, k, Timing{tau, late});
                const double held = static_cast<double>(result.samples[k]);
                const double watt = battery_at(k, trial).power(demand, held);
                result.power_w[k] = std::clamp(watt, 0.0, power_of(k));
            }
            if (problem_.block_hz() > 0) {
                result.blocks[k] = static_cast<std::int64_t>(blocks_of(k));
            }
        }
    }

    const Problem& problem_;
    const Settings& settings_;
    Stop stop_;
    Pool pool_;
    Boxes boxes_;
    const double margin_ = pool_.tentative() ? 0 : rounding::equal_shares_verdict;
    double bandwidth_hz_;
    double power_w_;
    const LearnerLimits* limits_ = nullptr;  // null where nothing is capped
    double blocks_each_;
    std::vector<double> send_s_per_bit_;
    std::vector<Part> chunks_;
    std::int64_t low_ = 0, bound_ = 0;  // tau that surely fits, and that no plan exceeds
    std::int64_t passes_ = 0;
    std::size_t blamed_ = 0;
};

}  // namespace

Result solve_equal_shares(const Problem& problem, const Settings& settings) {
    return EqualShares(problem, settings).run();
}

void equal_room(const Problem& problem, EqualRoomAt at, const EqualRoom& into) {
    const UsualArithmetic usual;
    const Settings settings;
    EqualShares shares(problem, settings);
    const double scale = at.generous ? 1 + shares.margin() : 1 - shares.margin();
    shares.room({at.tau, at.cycle_s, scale}, into);
}

Result decide_equal_shares(const Problem& problem, std::int64_t tau, const Settings& settings) {
    return EqualShares(problem, settings).decide_one(tau);
}

}  // namespace mel
