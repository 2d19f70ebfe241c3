#include "learner/link_law.hpp"

#include <cmath>

namespace mel {

double density_left_side(double l) {
    if (l > 0.35) return std::exp(l) * (l - 1) + 1;
    double sum = 0;  // sum over j >= 2 of (j - 1) l^j / j!, smallest term first
    double term = 1;
    double terms[18];
    for (int j = 1; j < 18; ++j) {
        term *= l / j;
        terms[j] = term * (j - 1);
    }
    for (int j = 17; j >= 2; --j) sum += terms[j];
    return sum;
}

double density_log_gain(double y) {
    if (y > 1e290) {  // e^l itself nears the end of the range: l + ln(l - 1) = ln y
        const double w = std::log(y);
        double l = w - std::log(w);
        for (int step = 0; step < 8; ++step) l -= (l + std::log(l - 1) - w) * (l - 1) / l;
        return l;
    }
    const double p = std::sqrt(2 * y);
    double l;
    if (p < 1.5) {
        l = p *
            (1 - p * (1.0 / 3 - p * (11.0 / 72 - p * 0.06)));  // Lambert series at its branch point
        if (p > 0.9) l = p / (1 + p / 3);
    } else {
        const double w = std::log(y);
        l = w > 2 ? w - std::log(w - 1) + 0.4 : 0.35 + 0.72 * p / (1 + 0.18 * p);
    }
    for (int step = 0; step < 8; ++step) {
        const double e = std::exp(l);
        const double f = density_left_side(l) - y;
        const double slope = l * e;
        const double delta = f / (slope - 0.5 * f * (1 + l) / l);
        double next = l - delta;
        if (!(next > 0)) next = 0.5 * l;
        const bool done =
            std::fabs(delta) <= 1e-9 * l;  // a cubic step from here reaches the last bits
        l = next;
        if (done) break;
    }
    return l;
}

double fixed_log_gain(double w) {
    double u;
    if (w < 1) {
        const double z = std::exp(0.5 * w);
        u = z / (1 + 0.5 * z * (1 - 0.1 * z));
    } else {
        u = w > 3 ? w - 2 * std::log(w) * (1 - 1 / w) : 0.55 + 0.45 * w;
    }
    for (int step = 0; step < 8; ++step) {
        const double rest = w - u - 2 * std::log(u);
        const double slope = 1 + 2 / u;
        const double delta = rest / (slope - rest / (u * u * slope));
        double next = u + delta;
        if (!(next > 0)) next = 0.5 * u;
        const bool done = std::fabs(delta) <= 1e-9 * u;
        u = next;
        if (done) break;
    }
    return u;
}

UnitRate density_unit(double noise, Prices prices) {
    const double watt_per_hz = prices.mu * noise;
    const double l = density_log_gain(prices.lambda / watt_per_hz);
    const double x = std::expm1(l);
    const double b = ln2 / l;
    return {b, x * noise * b, (prices.lambda + watt_per_hz * x) * b, l, x};
}

Purchase buy_density(double noise, Prices prices, double rate) {
    const UnitRate unit = density_unit(noise, prices);
    return {rate * unit.bandwidth_hz, rate * unit.power_w, rate * unit.cost};
}

Purchase buy_fixed(double noise, Prices prices, double rate) {
    if (!(rate > 0)) return {0, 0, 0};
    const double u =
        fixed_log_gain(std::log(prices.lambda * ln2 / (prices.mu * noise)) + std::log(rate));
    const double bandwidth = rate * ln2 / u;
    const double power = noise * std::expm1(u);
    return {bandwidth, power, prices.lambda * bandwidth + prices.mu * power};
}

}  // namespace mel
