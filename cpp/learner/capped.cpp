#include "learner/capped.hpp"

#include <algorithm>
#include <cmath>

#include "base/bracketed.hpp"
#include "base/infinity.hpp"
#include "base/sums.hpp"

namespace mel {

double log_rest(double l) {
    if (l > 0.35) return l + std::expm1(-l);
    double sum = 0;
    double terms[16];
    double term = 1;
    for (int j = 1; j < 16; ++j) {
        term *= -l / j;
        terms[j] = term;
    }
    for (int j = 15; j >= 2; --j) sum += terms[j];
    return sum;
}

namespace {

// ln((e^l - 1) / l) and its derivative.
struct LogMean {
    double value;
    double slope;
};
LogMean log_mean(double l) {
    if (l < 0.5) {
        // l/2 + ln(sinh(l/2) / (l/2))
        const double q = l * l;
        const double value =
            l / 2 + q * (1.0 / 24 - q * (1.0 / 2880 - q * (1.0 / 181440 -
                                                           q * (1.0 / 9676800 - q / 479001600.0))));
        const double slope =
            0.5 + l * (1.0 / 12 -
                       q * (1.0 / 720 - q * (1.0 / 30240 - q * (1.0 / 1209600 - q / 47900160.0))));
        return {value, slope};
    }
    const double less = -std::expm1(-l);  // 1 - e^-l
    return {l + std::log(less / l), 1 / less - 1 / l};
}

// Where the power grows by e^(rate ln2 / Bc) - 1.
double scale_at_bandwidth_cap(Link link, const Caps& caps) {
    return link.law == LinkLaw::density ? link.noise * caps.bandwidth_hz : link.noise;
}

CappedPurchase at_bandwidth_cap(Link link, Prices p, const Caps& caps, double rate) {
    const double whole = scale_at_bandwidth_cap(link, caps);
    const double per_rate = ln2 / caps.bandwidth_hz;
    const double gain = std::expm1(rate * per_rate);
    const double power = std::min(whole * gain, caps.power_w);
    const double slope = whole * per_rate * (gain + 1);
    return {{caps.bandwidth_hz, power, p.lambda * caps.bandwidth_hz + p.mu * power},
            p.mu * slope,
            0,
            slope,
            p.mu * slope * per_rate,
            0};
}

CappedPurchase at_power_cap(Link link, Prices p, const Caps& caps, double rate) {
    double band_slope = 0;
    double bend = 0;
    double band = 0;
    if (link.law == LinkLaw::fixed) {
        band_slope = ln2 / std::log1p(caps.power_w / link.noise);
        band = rate * band_slope;
    } else {
        const double full = link.noise * rate * ln2 / caps.power_w;  // G
        const double l = full < 1 ? power_capped_log_gain(-std::log(full)) : 0;
        if (!(l > 0)) {
            if (caps.bandwidth_hz == infinity) {
                return {{infinity, caps.power_w, infinity}, infinity, infinity, 0, infinity, 0};
            }
            return at_bandwidth_cap(link, p, caps, rate);
        }
        const double rest = log_rest(l);
        band = rate * ln2 / l;
        band_slope = ln2 / rest;
        const double less = -std::expm1(-l);
        // d rate / d l = - rate (1/(1 - e^-l) - 1/l)
        bend = p.lambda * band_slope / rest * less / (rate * log_mean(l).slope);
    }
    band = std::min(band, caps.bandwidth_hz);
    return {{band, caps.power_w, p.lambda * band + p.mu * caps.power_w},
            p.lambda * band_slope,
            band_slope,
            0,
            bend,
            0};
}

// The root l of (g rate(l) + alpha)^2 d cost/d rate = A on the power-capped piece of the density
// law, rate(l) = Pc l / (n ln2 (e^l - 1)); l falls from where the cap begins to `least`.
double power_capped_slack(const Demand& q, double noise, Prices p, const Caps& caps, double most) {
    const double scale = caps.power_w / (noise * ln2);  // the largest rate there is
    const double constant = std::log(p.lambda * ln2 / q.shape);
    // In ln l the left side falls.
    double low = std::log(most) - 90;
    double high = std::log(most);
    double t = high;
    double weight = 0;
    for (int step = 0; step < 200; ++step) {
        const double l = std::exp(t);
        const LogMean mean = log_mean(l);
        const double rate = scale * std::exp(-mean.value);
        weight = q.per_sample_s * rate + q.alpha;
        const double rest = log_rest(l);
        const double value = 2 * std::log(weight) + constant - std::log(rest);
        (value > 0 ? low : high) = t;
        const double slope =
            -2 * q.per_sample_s * rate / weight * mean.slope * l + std::expm1(-l) * l / rest;
        const double next = step_between({low, high}, t - value / slope, step);
        const bool done = std::fabs(next - t) <= 1e-13 || high - low <= 1e-13;
        t = next;
        if (done) break;
    }
    return q.shape / weight;
}

}  // namespace

double power_capped_log_gain(double y) {
    if (!(y > 0)) return 0;
    // ln((e^l - 1)/l) is increasing and convex: Newton from the right stays there.
    double l = y < 1 ? 2 * y : y + std::log(y + 1) + 1;
    for (int step = 0; step < 60; ++step) {
        const LogMean mean = log_mean(l);
        const double next = l - (mean.value - y) / mean.slope;
        if (!(next > 0)) {
            l *= 0.5;
            continue;
        }
        const bool done = std::fabs(next - l) <= 1e-9 * l;  // squared: the last bits
        l = next;
        if (done) break;
    }
    return l;
}

double mean_log_gain(double y) {
    if (!(y > 1e-4 && y < 200)) return power_capped_log_gain(y);
    const double above =
        1.9999893351818285 +
        y * (0.714408248945134 +
             y * (0.09935476034071772 + y * (0.005043736806348479 + y * 3.822477455611199e-05)));
    const double below =
        1 + y * (0.5238704976797783 + y * (0.08131486089955327 +
                                           y * (0.004808948610698364 + y * 3.816244962453386e-05)));
    double w = y * above / below;
    if (w < 0.01) return power_capped_log_gain(y);
    // One step that cubes the error.
    const double grown = std::expm1(w);
    const double value = std::log(grown / w) - y;
    const double slope = 1 + 1 / grown - 1 / w;
    const double bend = 1 / (w * w) - (1 + 1 / grown) / grown;
    return w - value * slope / (slope * slope - 0.5 * value * bend);
}

CappedPurchase buy_capped(Link link, Prices p, const Caps& caps, double rate) {
    if (!(rate > 0)) return {};
    const double noise = link.noise;
    if (link.law == LinkLaw::density) {
        const UnitRate unit = density_unit(noise, p);
        const double band = rate * unit.bandwidth_hz;
        const double power = rate * unit.power_w;
        if (band > caps.bandwidth_hz || power > caps.power_w) {
            const bool band_first =
                band * caps.power_w > power * caps.bandwidth_hz || caps.power_w == infinity;
            const CappedPurchase capped = band_first && caps.bandwidth_hz < infinity
                                              ? at_bandwidth_cap(link, p, caps, rate)
                                              : at_power_cap(link, p, caps, rate);
            return capped;
        }
        const double l = unit.log_gain;
        return {{band, power, rate * unit.cost},
                unit.cost,
                unit.bandwidth_hz,
                unit.power_w,
                0,
                band * p.lambda / (p.mu * noise * (1 + unit.gain) * l * l)};
    }
    const double u = fixed_log_gain(std::log(p.lambda * ln2 / (p.mu * noise)) + std::log(rate));
    const double band = rate * ln2 / u;
    const double power = noise * std::expm1(u);
    if (band > caps.bandwidth_hz || power > caps.power_w) {
        // At the power cap's join the bandwidth is mu n u e^u / lambda.
        const double top = std::log1p(caps.power_w / noise);
        const bool power_first = power > caps.power_w && p.mu * (noise + caps.power_w) * top <=
                                                             p.lambda * caps.bandwidth_hz;
        return power_first ? at_power_cap(link, p, caps, rate)
                           : at_bandwidth_cap(link, p, caps, rate);
    }
    const double stretch = 1 / (2 + u);
    return {{band, power, p.lambda * band + p.mu * power},
            p.lambda * ln2 / u,
            ln2 / u * (1 + u) * stretch,
            (power + noise) * u * stretch / rate,
            -p.lambda * ln2 / u * stretch / rate,
            band * stretch};
}

double capped_stationary_slack(Link link, const Demand& q, Prices p, const Caps& caps) {
    if (!(q.shape > 0)) return 0;
    const double noise = link.noise;
    double slack = 0;
    bool band_first = false;
    double join = 0;  // density: l where nothing is capped yet
    double band = 0;
    double power = 0;
    if (link.law == LinkLaw::density) {
        const UnitRate unit = density_unit(noise, p);
        slack = std::sqrt(unit.cost * q.shape);
        const double rate = (q.shape / slack - q.alpha) / q.per_sample_s;
        band = rate * unit.bandwidth_hz;
        power = rate * unit.power_w;
        band_first = band * caps.power_w > power * caps.bandwidth_hz || caps.power_w == infinity;
        band_first = band_first && caps.bandwidth_hz < infinity;
        join = unit.log_gain;
    } else {
        slack = stationary_slack_fixed(q, noise, p);
        if (!(slack > 0)) return slack;
        const double rate = (q.shape / slack - q.alpha) / q.per_sample_s;
        const Purchase wish = buy_fixed(noise, p, rate);
        band = wish.bandwidth_hz;
        power = wish.power_w;
        const double top = std::log1p(caps.power_w / noise);
        band_first = !(power > caps.power_w &&
                       p.mu * (noise + caps.power_w) * top <= p.lambda * caps.bandwidth_hz);
    }
    if (!(band > caps.bandwidth_hz || power > caps.power_w)) return slack;
    if (band_first) {
        const double whole = scale_at_bandwidth_cap(link, caps);
        const double scale = ln2 / (q.per_sample_s * caps.bandwidth_hz);
        // 2 ln w + w with w = scale (g rate + alpha).
        const double w =
            fixed_log_gain(std::log(q.shape * caps.bandwidth_hz / ln2) - std::log(p.mu * whole) +
                           2 * std::log(scale) + q.alpha * scale);
        return q.shape * scale / w;
    }
    if (link.law == LinkLaw::fixed) {
        return std::sqrt(p.lambda * ln2 * q.shape / std::log1p(caps.power_w / noise));
    }
    return power_capped_slack(q, noise, p, caps, join);
}

double largest_within(const Demand& q, AtMost most) {
    const double rate = most.rate;
    const double high = largest_allowed(q, most.samples);
    if (high < 0 || q.rate(high) <= rate) return high;
    const double slack = q.shape / (q.per_sample_s * rate + q.alpha);
    double d = std::clamp(std::floor((q.budget_s - slack) / q.per_sample_s), -1.0, high);
    while (d >= 0 && q.rate(d) > rate) --d;
    while (d + 1 <= high && q.rate(d + 1) <= rate) ++d;
    return d;
}

namespace {

// A purchase that overflows costs more than this, and so much may be counted of it: whoever must
// make it is one whom no budget serves, and not one who may rest.
constexpr double beyond_any_budget = 1e200;

Purchase within_range(const Purchase& p) {
    if (p.cost < beyond_any_budget) return p;
    return {std::fmin(p.bandwidth_hz, beyond_any_budget), std::fmin(p.power_w, beyond_any_budget),
            beyond_any_budget};
}

}  // namespace

Response respond_capped(Link link, const Demand& stated, bool excused, Interval box, Prices prices,
                        const Caps& caps, double guard_s) {
    Demand q = stated;
    q.budget_s += guard_s;
    q.shape += q.alpha * guard_s;
    const bool may_rest = excused && box.lower <= 0;
    const Response rest{0, 0, 0, 0, q.budget_s, may_rest};
    const double low = may_rest ? 1 : box.lower;
    const double high =
        largest_within(q, {.samples = box.upper, .rate = caps.rate * (1 + rounding::rate)});
    if (high < low) return rest;

    double candidates[3] = {low, low, low};
    int count = 1;
    const double slack = capped_stationary_slack(link, q, prices, caps);
    if (slack >= 0) {
        const double d = std::floor((q.budget_s - slack) / q.per_sample_s);
        const double below = std::clamp(d, low, high);
        const double above = std::clamp(d + 1, low, high);
        if (below > low) candidates[count++] = below;
        if (above > below) candidates[count++] = above;
    }
    Response best = rest;
    best.possible = true;
    double best_value = may_rest ? 0 : -infinity;
    for (int i = 0; i < count; ++i) {
        const double d = candidates[i];
        const Purchase p =
            within_range(buy_capped(link, prices, caps, q.rate(d) * (1 - rounding::rate)).purchase);
        if (d - p.cost > best_value) {
            best_value = d - p.cost;
            best = {d, p.bandwidth_hz, p.power_w, p.cost, q.slack(d), true};
        }
    }
    return best;
}

}  // namespace mel
