#include "energy/energy_learners.hpp"

#include <algorithm>
#include <cmath>

#include "learner/boxes.hpp"
#include "learner/capped.hpp"

namespace mel {

void EnergySums::add(double d, const EnergyCost& c) {
    samples.add(d);
    takers += d > 0 ? 1 : 0;
    bandwidth.add(c.bandwidth_hz);
    power.add(c.power_w);
    cost.add(c.cost);
    energy.add(c.energy_j);
    if (c.cost > 0 && c.slack_s > 0) condition += c.cost / c.slack_s;
    if (!(c.cost < no_limit)) impossible += 1;
}

void EnergySums::add(const EnergySums& o) {
    samples.add(o.samples);
    bandwidth.add(o.bandwidth);
    power.add(o.power);
    cost.add(o.cost);
    energy.add(o.energy);
    condition += o.condition;
    takers += o.takers;
    impossible += o.impossible;
    slopes.add(o.slopes);
}

void EnergySums::mix(const EnergySums& o, double share) {
    for (const auto sum : {&EnergySums::samples, &EnergySums::bandwidth, &EnergySums::power}) {
        const double here = (this->*sum).value();
        (this->*sum).add(share * ((o.*sum).value() - here));
    }
}

EnergySums EnergySums::times(double factor) const {
    EnergySums all;
    all.samples.add(factor * samples.value());
    all.bandwidth.add(factor * bandwidth.value());
    all.power.add(factor * power.value());
    return all;
}

EnergyLearners::EnergyLearners(const Problem& problem, double tau, Pool& pool)
    : problem_(problem),
      tau_(tau),
      pool_(pool),
      receives_(!problem.limits()->battery()),
      cycle_s_(problem.cycle_s()) {}

Spender EnergyLearners::spender(std::size_t k) const {
    Spender s;
    if (!receives_) {
        static_cast<Battery&>(s) = battery_of(problem_, k, tau_);
        s.energy_j = no_limit;
        return s;
    }
    const LearnerLimits& limits = *problem_.limits();
    static_cast<Link&>(s) = link_of(problem_, k);
    s.bandwidth_hz = limits.caps() ? limits.max_bandwidth_hz[k] : no_limit;
    s.power_w = limits.caps() ? limits.max_power_w[k] : no_limit;
    s.max_rate = limits.caps() ? limits.max_rate[k] : no_limit;
    s.energy_j = no_limit;
    s.each_j = tau_ * limits.spent_j[k];
    s.slowest = limits.slowest[k];
    s.work_s = tau_ * problem_.compute_s()[k];
    s.receives = true;
    s.watt_hz = watt_hz_;
    if (!limits.caps() && s.law == LinkLaw::density) s.unit = density_unit(s.noise, {1, watt_hz_});
    s.return_j = limits.return_j_per_bit[k] * problem_.return_bits(k);
    s.return_each = limits.return_j_per_bit[k] * problem_.return_bits_per_sample(k);
    return s;
}

std::size_t EnergyLearners::typical_learner() const {
    const std::size_t middle = size() / 2;
    for (std::size_t step = 0; step < size(); ++step) {
        const std::size_t k = (middle + step) % size();
        if (takes_part(k) && spender(k).each_j > 0) return k;
    }
    return middle;
}

double EnergyLearners::typical_price() const {
    const double size = static_cast<double>(problem_.size());
    const Spender s = spender(typical_learner());
    const double t = problem_.cycle_s() / 3;
    const double speed = std::min(s.work_s * problem_.samples_real() / size / t, 1.0);
    const double saved = 2 * s.each_j / s.work_s * speed * speed * speed;
    return std::max(saved * t * size / budget(), 1e-300);
}

bool EnergyLearners::begin() {
    low_.resize(size());
    high_.resize(size());
    rests_.resize(size());
    last_.assign(size(), LastLook{});
    speed_.assign(size(), 1);
    Boxes boxes(problem_, pool_, scheme_box(problem_, Scheme::joint));
    if (boxes.contradicts()) return false;
    const Box box = boxes.root();
    for_each_learner(pool_, size(), [&](std::size_t k) {
        rests_[k] = problem_.excused() && box.low(k) <= 0;
        low_[k] = rests_[k] ? 1 : box.low(k);
        const double rate =
            problem_.limits()->caps() ? problem_.limits()->max_rate[k] * (1 - 1e-9) : no_limit;
        high_[k] = largest_within(demand(k), {.samples = box.high(k), .rate = rate});
        if (high_[k] < low_[k] && rests_[k]) high_[k] = 0;
    });
    double most = 0;
    for (std::size_t k = 0; k < size(); ++k) {
        if (!slows_) {
            const Spender s = spender(k);
            slows_ = s.slowest < 1 && s.each_j > 0;
        }
        if (!takes_part(k) && !rests_[k]) return false;
        most += std::max(high_[k], 0.0);
    }
    return most >= problem_.samples_real();
}

double EnergyLearners::best(std::size_t k, JoulePrices p, EnergyCost& cost, EnergySlopes* slopes) {
    cost = {};
    if (!takes_part(k)) return 0;
    double d = 0;
    EnergySlopes own;
    cost = taking_part(k, p, d, slopes ? &own : nullptr);
    if (rests_[k] && !(p.nu * d > cost.cost + p.taking)) {
        cost = {};
        return 0;
    }
    if (slopes) slopes->add(own);
    return d;
}

double EnergyLearners::gain(std::size_t k, JoulePrices p) {
    double d = 0;
    const EnergyCost c = taking_part(k, p, d);
    return p.nu * d - c.cost;
}

EnergyCost EnergyLearners::taking_part(std::size_t k, JoulePrices p, double& d,
                                       EnergySlopes* slopes) {
    return best_at_worth(spender(k), demand(k), p.of_hertz(), p.nu, {low_[k], high_[k]}, last_[k],
                         d, slopes);
}

bool EnergyLearners::confine(std::span<const double> fewest, std::span<const double> most) {
    if (all_low_.empty()) {
        all_low_ = low_;
        all_high_ = high_;
        all_rests_ = rests_;
    }
    double least = 0, all = 0;
    bool some = true;
    for (std::size_t k = 0; k < size(); ++k) {
        rests_[k] = all_rests_[k] && fewest[k] <= 0;
        low_[k] = std::max(all_low_[k], fewest[k]);
        high_[k] = std::min(all_high_[k], most[k]);
        if (high_[k] >= low_[k]) {
            least += rests_[k] ? 0 : low_[k];
            all += high_[k];
        } else if (rests_[k]) {
            high_[k] = 0;  // below 1
        } else {
            some = false;
        }
    }
    const double samples = problem_.samples_real();
    return some && least <= samples && samples <= all;
}

bool EnergyLearners::decide(std::span<const std::size_t> takers) {
    widen();
    std::vector<double> fewest(size(), 0.0), most = high_;
    for (std::size_t k = 0; k < size(); ++k) {
        if (rests_[k]) most[k] = 0;
    }
    for (const std::size_t k : takers) {
        fewest[k] = low_[k];
        most[k] = high_[k];
    }
    return confine(fewest, most);
}

TakerRange EnergyLearners::possible_takers() const {
    double surely = 0, perhaps = 0;
    for (std::size_t k = 0; k < size(); ++k) {
        if (takes_part(k)) (rests(k) ? perhaps : surely) += 1;
    }
    return {surely, surely + perhaps};
}

void EnergyLearners::widen() {
    takers_ = {};
    if (all_low_.empty()) return;
    low_.swap(all_low_);
    high_.swap(all_high_);
    rests_.swap(all_rests_);
    all_low_.clear();
}

EnergyCost EnergyLearners::cost(std::size_t k, HertzPrice price, double d) {
    if (d == 0 && problem_.excused()) return {};
    return energy_cost(spender(k), demand(k), price, {.samples = d, .speed = speed_[k]});
}

EnergySums EnergyLearners::at(JoulePrices p, std::size_t stride) {
    return sums(stride, [&](std::size_t k, EnergySums& here) {
        EnergyCost c;
        const double d = best(k, p, c);
        here.add(d, c);
    });
}

EnergySums EnergyLearners::with_slopes(JoulePrices p, std::size_t stride) {
    return sums(stride, [&](std::size_t k, EnergySums& here) {
        EnergyCost c;
        const double d = best(k, p, c, &here.slopes);
        here.add(d, c);
    });
}

EnergySums EnergyLearners::of_split(std::span<const double> whole, HertzPrice price,
                                    std::vector<EnergyCost>& costs) {
    return sums(1, [&](std::size_t k, EnergySums& here) {
        const EnergyCost c = costs[k] = cost(k, price, whole[k]);
        if (c.speed > 0) remember(k, c.speed);
        here.add(whole[k], c);
    });
}

}  // namespace mel
