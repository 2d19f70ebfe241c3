#include "scalar_pass.hpp"

#include <algorithm>
#include <cmath>

#include "learner/response.hpp"

namespace oracle {
namespace {

using namespace mel;

// Response in real samples with the derivatives that Newton's method wants.
struct RealResponse {
    double samples, rate, bandwidth, power, cost, slack;
    double unit_cost;                // d cost / d rate
    double band_slope, power_slope;  // d B / d rate, d P / d rate
    double interior;                 // (rate')^2 / cost''  where d is free, else 0
    double curvature;                // - d B / d lambda at fixed rate
};

RealResponse density_response(const Demand& q, double noise, Prices p, double low, double high) {
    const UnitRate unit = density_unit(noise, p);
    const double wish = std::sqrt(unit.cost * q.shape);
    double d = (q.budget_s - wish) / q.per_sample_s;
    bool free = true;
    if (!(d > low)) {
        d = low;
        free = false;
    } else if (d > high) {
        d = high;
        free = false;
    }
    RealResponse r{};
    r.samples = d;
    r.slack = free ? wish : q.slack(d);
    const double bits = q.alpha * d + q.beta;
    r.rate = bits > 0 ? bits / r.slack : 0;
    r.unit_cost = unit.cost;
    r.bandwidth = r.rate * unit.bandwidth_hz;
    r.power = r.rate * unit.power_w;
    r.cost = r.rate * unit.cost;
    r.band_slope = unit.bandwidth_hz;
    r.power_slope = unit.power_w;
    r.interior = free ? r.slack / (2 * unit.cost * unit.cost * q.per_sample_s) : 0;
    const double theta = p.mu * noise / p.lambda;
    const double l = unit.log_gain;
    r.curvature = r.rate * ln2 / ((1 + unit.gain) * l * l * l * theta * p.lambda);
    return r;
}

RealResponse fixed_at(const Demand& q, double noise, Prices p, double d, bool free) {
    RealResponse r{};
    r.samples = d;
    r.slack = q.slack(d);
    r.rate = q.rate(d);
    if (!(r.rate > 0)) return r;
    const double u = fixed_log_gain(std::log(p.lambda * ln2 / (p.mu * noise)) + std::log(r.rate));
    r.bandwidth = r.rate * ln2 / u;
    r.power = noise * std::expm1(u);
    r.cost = p.lambda * r.bandwidth + p.mu * r.power;
    r.unit_cost = p.lambda * ln2 / u;
    r.band_slope = ln2 / u * (1 + u) / (2 + u);
    r.power_slope = noise * std::exp(u) * u / (r.rate * (2 + u));
    const double slope = q.shape / (r.slack * r.slack);
    const double second =
        r.unit_cost * (2 * q.per_sample_s * slope / r.slack - slope * slope / (r.rate * (2 + u)));
    r.interior = free && second > 0 ? slope * slope / second : 0;
    r.curvature = r.bandwidth / (p.lambda * (2 + u));
    return r;
}

RealResponse fixed_response(const Demand& q, double noise, Prices p, double low, double high) {
    const double slack = stationary_slack_fixed(q, noise, p);
    RealResponse best = fixed_at(q, noise, p, low, false);
    if (slack > 0) {
        const double d = (q.budget_s - slack) / q.per_sample_s;
        if (d > low) {
            const RealResponse r =
                d < high ? fixed_at(q, noise, p, d, true) : fixed_at(q, noise, p, high, false);
            if (r.samples - r.cost >= best.samples - best.cost) best = r;
        }
    }
    return best;
}

struct View {
    const Problem& problem;
    Interval box;
    const PassPoint& point;

    // False where the learner rests; `impossible` where it may not rest and can not come home
    // either.
    bool response(std::size_t k, Demand& demand, RealResponse& r, bool& impossible) const {
        demand = demand_of(problem, k, point);
        const bool may_rest = problem.excused() && box.lower <= 0;
        const double low = may_rest ? 1 : box.lower;
        const double floor_slack = demand.budget_s * 1e-12;
        const double capacity = (demand.budget_s - floor_slack) / demand.per_sample_s;
        const double high = std::min(box.upper, capacity);
        if (!(demand.budget_s > 0) || high < low) {
            impossible = !may_rest;
            return false;
        }
        const double noise = problem.noise_over_gain()[k];
        r = problem.law() == LinkLaw::density
                ? density_response(demand, noise, point.prices, low, high)
                : fixed_response(demand, noise, point.prices, low, high);
        return !(may_rest && r.samples <= r.cost);
    }
};

}  // namespace

mel::PassSums real_pass(const mel::Problem& problem, mel::Interval box,
                        const mel::PassPoint& point) {
    const View view{problem, box, point};
    PassSums sums;
    const double ratio = view.point.prices.lambda / view.point.prices.mu;
    for (std::size_t k = 0; k < problem.size(); ++k) {
        Demand demand;
        RealResponse r;
        bool impossible = false;
        if (!view.response(k, demand, r, impossible)) {
            if (impossible) sums.impossible += 1;
            continue;
        }
        sums.value += r.samples - r.cost;
        sums.samples += r.samples;
        sums.bandwidth += r.bandwidth;
        sums.power += r.power;
        sums.cost += r.cost;
        sums.h_ll += r.interior * r.band_slope * r.band_slope + r.curvature;
        sums.h_lm += r.interior * r.band_slope * r.power_slope - r.curvature * ratio;
        sums.h_mm += r.interior * r.power_slope * r.power_slope + r.curvature * ratio * ratio;
        const double push = r.unit_cost * r.rate / r.slack;
        sums.value_tau -= push * view.problem.compute_s()[k] * r.samples;
        sums.value_time += push;
        sums.condition += r.cost / r.slack;
    }
    return sums;
}

}  // namespace oracle
