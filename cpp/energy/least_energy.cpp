#include <algorithm>
#include <cmath>
#include <functional>

#include "base/infinity.hpp"
#include "energy/cheapest_splits.hpp"
#include "energy/energy_bound.hpp"
#include "energy/energy_prices.hpp"
#include "energy/energy_tree.hpp"
#include "energy/sample_moves.hpp"
#include "energy/takers.hpp"
#include "energy/whole_energy.hpp"
#include "least/least_parts.hpp"
#include "mel/energy.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"

namespace mel {
namespace {

constexpr double reserve = 1e-12;  // of the cycle, for rounding errors of a plan's times
constexpr double near = 1e-7;      // relative gap that no further step is taken for
constexpr double proved = 1e-6;    // relative gap from which single samples are moved
constexpr double less = 1e-12;     // of the energy, that a move must save
constexpr double highest = 1e50;   // of prices that mean anything
constexpr int most_rounds = 12;
constexpr int few_rounds = 2;
constexpr double nothing = 1e-14;  // of a price, that nobody notices
constexpr std::size_t few_learners = 64;
constexpr int most_moves = 100;
constexpr std::size_t most_evaluations = 1024;  // of learners, where splits are tried
constexpr std::size_t most_decided = 1 << 14;   // learners of whom it is decided who takes part
constexpr std::size_t many_learners = 256;      // of whom a pass is dear
constexpr std::size_t most_divided = 1024;      // learners whose splits are divided into boxes
constexpr std::int64_t most_looks = 1 << 17;    // at learners there

class EnergySearch {
  public:
    EnergySearch(const Problem& problem, std::int64_t tau, const Settings& settings,
                 std::span<const std::int64_t> known)
        : problem_(problem),
          known_(known),
          stop_(settings.time_limit_s, poll(settings)),
          pool_(useful_threads(problem.size(), settings.threads), stop_),
          learners_(problem, static_cast<double>(tau), pool_),
          whole_(learners_) {}

    LeastEnergy run() {
        LeastEnergy found;
        if (learners_.begin()) {
            found.value_j = infinity;
            take_known(found);
            for (const WattSearch way : ways()) {
                if (closed(found, proved) || stop_.requested()) break;
                settle(found, prices(way), rounds());
            }
            decide_takers(found);
            finish(found);
            divide(found);
        }
        found.passes = learners_.passes();
        found.stopped = stop_.requested();
        return found;
    }

  private:
    std::function<bool()> poll(const Settings& settings) {
        if (!settings.should_stop) return {};
        return [this, &settings] {
            return settings.should_stop({0, 0, learners_.passes(), stop_.elapsed_s()});
        };
    }

    bool many() const { return problem_.size() > many_learners; }
    // At given speeds other rounds help few.
    int rounds() const { return learners_.slows() || !many() ? most_rounds : 1; }
    std::vector<WattSearch> ways() const {
        // At given speeds of few learners who takes part says more than a worth more precisely.
        const bool once = learners_.slows() ? !learners_.receives() : !many();
        if (once) return {WattSearch::together};
        return {WattSearch::together, WattSearch::around};
    }
    JoulePrices prices(WattSearch way) {
        const bool given = !learners_.slows();
        if (!given || way == WattSearch::together) {
            real_ = learners_.receives() ? find_prices_with_watts(learners_, way)
                                         : find_joule_prices(learners_);
        }
        // What tangents found is good for the bound; a split needs the worth of a sample more
        // precisely.
        if (given && way == WattSearch::around) find_worth(learners_, real_);
        return real_;
    }

    // At given speeds others' sending costs no learner anything: where samples cost all alike, or
    // those are taken who cost least, what is known spends the least already, and what is shared
    // has next to no price.
    void take_known(LeastEnergy& found) {
        if (learners_.slows() || !learners_.receives() || !begin_at_known()) return;
        learners_.price_watts(problem_.bandwidth_hz() / problem_.power_w());
        const double lambda = spend(found, {learners_.typical_price(), 0});
        if (!(found.value_j < infinity)) return;
        JoulePrices p{nothing * lambda, 0};
        p.nu = dearest_sample(p.of_hertz());
        raise_bound(found, p);
    }

    // Where a gap is left and some may rest: the split among those who gain by taking part, and
    // among a few more or less of them. What they spend is no bound.
    void decide_takers(LeastEnergy& found) {
        if (problem_.size() > most_decided || !problem_.excused() || stop_.requested() ||
            closed(found, proved))
            return;
        if (!(found.bound_j > 0) || !(found.lambda > 0)) return;
        const JoulePrices p{found.lambda, found.nu};
        const double watt_hz = found.mu / found.lambda;
        learners_.price_watts(watt_hz);
        const ByGain all = by_gain(learners_, p);
        const std::int64_t last = 4 * learners_.passes();
        for (const int more : {0, 1, -1, 2}) {
            if (more < 0 && problem_.size() > searched_learners) break;
            const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(all.gaining) + more;
            if (count < 0 || count > std::ssize(all.order) || stop_.requested()) continue;
            const std::span takers(all.order.data(), static_cast<std::size_t>(count));
            if (!learners_.decide(takers)) continue;
            LeastEnergy among;
            among.value_j = found.value_j;
            settle(among, prices(learners_.slows() ? WattSearch::around : WattSearch::together));
            if (among.value_j < found.value_j) take_plan(found, std::move(among));
            if (closed(found, proved) || learners_.passes() > last) break;
        }
        learners_.widen();
        learners_.price_watts(watt_hz);
    }

    // What a sample of the split at hand costs whom it costs most.
    double dearest_sample(HertzPrice price) {
        double most = 0;
        for (std::size_t k = 0; k < problem_.size(); ++k) {
            const double d = whole_.samples()[k];
            if (d > 0) most = std::max(most, learners_.cost(k, price, d).slope);
        }
        return most;
    }

    static void take_plan(LeastEnergy& found, LeastEnergy&& plan) {
        found.value_j = plan.value_j;
        found.samples = std::move(plan.samples);
        found.bandwidth_hz = std::move(plan.bandwidth_hz);
        found.power_w = std::move(plan.power_w);
        found.speed = std::move(plan.speed);
    }

    // Whole samples and the prices that follow from them in turns, as long as that helps.
    void settle(LeastEnergy& found, JoulePrices real, int rounds = most_rounds) {
        if (!(found.bound_j > 0)) write(found, real);
        if (!(real.lambda < highest)) return;
        // Where everybody must hold all that the cycle allows no worth of a sample is enough.
        const bool all = !(real.nu < highest);
        if (all) real.nu = highest;
        bool looked = false;
        JoulePrices p = real;
        const double real_watt_hz = learners_.watt_hz();
        for (int round = 0; round < rounds && !stop_.requested(); ++round) {
            learners_.plan_for(problem_.cycle_s() * (1 - reserve));
            const bool whole = whole_.make(p);
            learners_.plan_for(problem_.cycle_s());
            if (!whole) break;
            if (all) real.nu = p.nu = dearest_sample(p.of_hertz());
            const double before = found.value_j;
            const double lambda = spend(found, p);
            if (stop_.requested()) break;
            raise_bound(found, {lambda, p.nu, p.taking});
            // With few learners a sample is a large step: the prices of real samples prove more.
            const double watt_hz = learners_.watt_hz();
            learners_.price_watts(real_watt_hz);
            if (round == 0 && !closed(found, near)) raise_bound(found, real);
            looked = true;
            learners_.price_watts(watt_hz);
            if (!(found.value_j < infinity) || closed(found, learners_.slows() ? near : proved))
                break;
            if (round > 1 && !(found.value_j < before)) break;
            p.lambda = lambda;
        }
        learners_.price_watts(real_watt_hz);
        last_ = {p.lambda, p.nu, p.taking};
        if (!stop_.requested() && !looked) raise_bound(found, real);
    }

    // Boxes of splits with prices of their own, where one pair for all leaves a gap.
    void divide(LeastEnergy& found) {
        if (found.samples.empty() || closed(found, proved) || problem_.size() > most_divided)
            return;
        const EnergyNode all = box_of(found);
        EnergyTree tree(learners_, all, found.bound_j);
        const std::int64_t last =
            learners_.passes() + most_looks / static_cast<std::int64_t>(problem_.size());
        const auto closed_by = [&](double bound) {
            return bound >= found.value_j * (1 - 0.5 * proved);
        };
        while (!closed_by(tree.bound()) && learners_.passes() < last && !stop_.requested()) {
            const std::size_t weakest = tree.weakest();
            // At given speeds it is taking part that costs.
            EnergyTree::Halves halves;
            if (!learners_.slows() && problem_.excused()) {
                halves = tree.divide_takers(weakest, count_takers(found.samples));
            }
            if (!halves.some) halves = tree.divide(weakest);
            const auto [some, below] = halves;
            if (!some) break;
            for (const std::size_t box : {below, below + 1}) {
                if (!tree.enter(box)) continue;
                const LeastEnergy among = look_into(tree.prices(box), found, closed_by);
                if (!stop_.requested()) tree.prove(box, among.bound_j, box_of(among));
            }
        }
        learners_.widen();
        if (!(tree.bound() > found.bound_j)) return;
        found.bound_j = std::min(tree.bound(), found.value_j);
        found.tree = tree.in_order();
    }

    static EnergyNode box_of(const LeastEnergy& by) {
        return {EnergyNode::box, 0, by.lambda, by.mu, by.nu, by.taking};
    }

    // What is proved of the box at hand; a plan in it that spends less is taken.
    template <class Closed>
    LeastEnergy look_into(const EnergyNode& known, LeastEnergy& found, Closed closed_by) {
        LeastEnergy among;
        among.value_j = found.value_j;
        const double watt_hz = known.lambda > 0 ? known.mu / known.lambda : learners_.watt_hz();
        learners_.price_watts(watt_hz);
        JoulePrices p{known.lambda, known.nu, known.taking};
        raise_bound(among, p);
        if (closed_by(among.bound_j) || stop_.requested()) return among;
        learners_.enough(found.value_j);
        find_worth(learners_, p);
        raise_bound(among, p);
        if (!closed_by(among.bound_j) && !stop_.requested()) {
            // At given speeds what is shared costs hardly more than elsewhere, but for another
            // number of learners.
            const bool anew = learners_.slows() || (learners_.limits_takers() && known.taking == 0);
            settle(among, anew ? prices(ways().front()) : p, few_rounds);
        }
        learners_.enough(infinity);
        if (among.value_j < found.value_j) take_plan(found, std::move(among));
        return among;
    }

    // What is known already where nothing was found, and single samples where few hold many.
    void finish(LeastEnergy& found) {
        if (found.samples.empty() && begin_at_known()) spend(found, last_);
        if (!found.samples.empty() && has_few_splits(learners_)) {
            try_splits(found);
        } else if (!found.samples.empty() && problem_.size() <= few_learners) {
            for (int move = 0; move < most_moves && move_sample(found);) ++move;
        }
        if (found.samples.empty()) found.value_j = 0;
    }

    static bool closed(const LeastEnergy& found, double gap) {
        return found.value_j < infinity && found.value_j - found.bound_j <= gap * found.value_j;
    }

    // What the split at hand spends at the price at which it takes the bandwidth; written down
    // where that is less than before. That price, looked for from one near it.
    double spend(LeastEnergy& found, JoulePrices from) {
        learners_.plan_for(problem_.cycle_s() * (1 - reserve));
        costs_.resize(problem_.size());
        EnergySums s;
        const double lambda = whole_.price(from, costs_, s);
        learners_.plan_for(problem_.cycle_s());
        if (stop_.requested()) return lambda;  // sums of a pass that was cut short are void
        if (!learners_.fits(s) || !(s.energy.value() < found.value_j)) return lambda;
        write(found, s);
        written_ = {lambda};
        written_watt_hz_ = learners_.watt_hz();
        return lambda;
    }

    void raise_bound(LeastEnergy& found, JoulePrices p) {
        const double bound = energy_bound(learners_, p, whole_.samples());
        if (stop_.requested() || !(bound > found.bound_j)) return;
        found.bound_j = bound;
        write(found, p);
    }

    // The samples of a plan that is known; false without one.
    bool begin_at_known() {
        if (known_.empty() || stop_.requested()) return false;
        whole_.take(known_);
        learners_.forget_speeds();
        return true;
    }

    // Every split that may spend less, as far as there are not too many.
    void try_splits(LeastEnergy& found) {
        if (closed(found, near)) return;
        const JoulePrices from{written_.joules, found.nu};
        const double watt_hz = written_watt_hz_;
        learners_.price_watts(watt_hz);
        CheapestSplits splits(learners_, from.of_hertz());
        std::vector<double> samples;
        std::size_t tries = most_evaluations / problem_.size();
        while (splits.next(samples) < found.value_j * (1 - less) && tries-- > 0) {
            if (stop_.requested()) return;
            whole_.take(samples);
            learners_.forget_speeds();
            learners_.price_watts(watt_hz);
            spend(found, from);
        }
    }

    // Where a sample is a large step: one from one learner to another, if less is then spent.
    bool move_sample(LeastEnergy& found) {
        if (closed(found, proved)) return false;
        whole_.take(found.samples);
        for (std::size_t k = 0; k < problem_.size(); ++k) learners_.remember(k, found.speed[k]);
        const HertzPrice price = written_;
        learners_.price_watts(written_watt_hz_);
        for (const SampleMove& move : sample_moves(learners_, whole_.samples(), price)) {
            if (stop_.requested()) return false;
            whole_.move(move.from, move.to);
            const double before = found.value_j;
            spend(found, {price.joules, found.nu});
            if (found.value_j < before * (1 - less)) return true;
            whole_.move(move.to, move.from);
        }
        return false;
    }

    void write(LeastEnergy& found, JoulePrices p) const {
        found.lambda = p.lambda;
        found.mu = p.lambda * learners_.watt_hz();
        found.nu = p.nu;
        found.taking = p.taking;
    }
    void write(LeastEnergy& found, const EnergySums& s) {
        const std::size_t size = problem_.size();
        found.value_j = s.energy.value();
        found.samples.resize(size);
        found.bandwidth_hz.resize(size);
        found.power_w.resize(size);
        found.speed.resize(size);
        for (std::size_t k = 0; k < size; ++k) {
            const double d = whole_.samples()[k];
            found.samples[k] = static_cast<std::int64_t>(d);
            found.bandwidth_hz[k] = costs_[k].bandwidth_hz;
            found.power_w[k] = costs_[k].power_w;
            found.speed[k] = d > 0 ? costs_[k].speed : 1;
        }
    }

    const Problem& problem_;
    std::span<const std::int64_t> known_;
    Stop stop_;
    Pool pool_;
    EnergyLearners learners_;
    WholeEnergy whole_;
    JoulePrices real_{0, 0};         // the last of real samples
    JoulePrices last_{0, 0};         // that whole samples were made at
    std::vector<EnergyCost> costs_;  // of the split that was looked at last
    HertzPrice written_{0};          // the prices at which the best split takes what there is
    double written_watt_hz_ = 0;
};

}  // namespace

LeastEnergy least_energy(const Problem& problem, std::int64_t tau, const Settings& settings,
                         std::span<const std::int64_t> known) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    return EnergySearch(problem, tau, settings, known).run();
}

}  // namespace mel
