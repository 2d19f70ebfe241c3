#include "energy/energy_learners.hpp"

#include <algorithm>
#include <cmath>

#include "learner/boxes.hpp"
#include "learner/capped.hpp"

namespace mel {

void EnergySums::add(double d, const EnergyCost& c) {
    samples.add(d);
    bandwidth.add(c.bandwidth_hz);
    cost.add(c.cost);
    energy.add(c.energy_j);
    if (c.cost > 0 && c.slack_s > 0) condition += c.cost / c.slack_s;
    if (!(c.cost < no_limit)) impossible += 1;
}

void EnergySums::add(const EnergySums& o) {
    samples.add(o.samples);
    bandwidth.add(o.bandwidth);
    cost.add(o.cost);
    energy.add(o.energy);
    condition += o.condition;
    impossible += o.impossible;
    slopes.add(o.slopes);
}

EnergyLearners::EnergyLearners(const Problem& problem, double tau, Pool& pool)
    : problem_(problem), tau_(tau), pool_(pool), cycle_s_(problem.cycle_s()) {}

Battery EnergyLearners::battery(std::size_t k) const {
    Battery b = battery_of(problem_, k, tau_);
    b.energy_j = no_limit;
    return b;
}

bool EnergyLearners::begin() {
    low_.resize(size());
    high_.resize(size());
    rests_.resize(size());
    ln_time_.assign(size(), std::numeric_limits<double>::quiet_NaN());
    speed_.assign(size(), 1);
    Boxes boxes(problem_, pool_, scheme_box(problem_, Scheme::joint));
    if (boxes.contradicts()) return false;
    const Box box = boxes.root();
    for_each_learner(pool_, size(), [&](std::size_t k) {
        rests_[k] = problem_.excused() && box.low(k) <= 0;
        low_[k] = rests_[k] ? 1 : box.low(k);
        const double rate = problem_.limits()->max_rate[k] * (1 - 1e-9);
        high_[k] = largest_within(demand(k), box.high(k), rate);
        if (high_[k] < low_[k] && rests_[k]) high_[k] = 0;
    });
    double most = 0;
    for (std::size_t k = 0; k < size(); ++k) {
        if (!takes_part(k) && !rests_[k]) return false;
        most += std::max(high_[k], 0.0);
    }
    return most >= problem_.samples_real();
}

double EnergyLearners::best(std::size_t k, JoulePrices p, EnergyCost& cost, EnergySlopes* slopes) {
    cost = {};
    if (!takes_part(k)) return 0;
    double d = low_[k];
    EnergySlopes own;
    cost = best_at_worth(battery(k), demand(k), p.lambda, p.nu, low_[k], high_[k], ln_time_[k], d,
                         slopes ? &own : nullptr);
    if (rests_[k] && !(p.nu * d > cost.cost)) {
        cost = {};
        return 0;
    }
    if (slopes) slopes->add(own);
    return d;
}

EnergyCost EnergyLearners::cost(std::size_t k, double lambda, double d) {
    return energy_cost(battery(k), demand(k), lambda, d, speed_[k]);
}

EnergySums EnergyLearners::at(JoulePrices p, std::size_t stride) {
    return sums(stride, [&](std::size_t k, EnergySums& here) {
        EnergyCost c;
        const double d = best(k, p, c, &here.slopes);
        here.add(d, c);
    });
}

EnergySums EnergyLearners::of_split(std::span<const double> whole, double lambda,
                                    std::vector<EnergyCost>* keep) {
    return sums(1, [&](std::size_t k, EnergySums& here) {
        const double d = whole[k];
        EnergyCost c{};
        if (d > 0 || !problem_.excused()) {
            c = cost(k, lambda, d);
            remember(k, c.speed);
        }
        here.add(d, c);
        if (keep) (*keep)[k] = c;
    });
}

}  // namespace mel
