// Answers from the equations alone, in long double and by enumeration: for instances of a few
// learners and samples.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "instances.hpp"
#include "mel/solve.hpp"

namespace brute {

using real = long double;

struct Learner {
    real compute_s, back_s_per_bit, noise;
};

struct View {
    const mel::ProblemStatement s;
    std::size_t size() const { return s.flops_per_s.size(); }
    bool density() const { return s.law == mel::LinkLaw::density; }

    Learner learner(std::size_t k) const {
        const real band = s.return_bandwidth_hz[k];
        const real snr =
            static_cast<real>(s.return_power_w[k]) * s.gain[k] /
            (density() ? static_cast<real>(s.noise) * band : static_cast<real>(s.noise));
        return {static_cast<real>(s.flops_per_sample[k]) / s.flops_per_s[k],
                std::log(2.0L) / (band * std::log1p(snr)), static_cast<real>(s.noise) / s.gain[k]};
    }
    bool rests(real d) const { return s.idle == mel::Idle::excused && d == 0; }
    real slack(std::size_t k, real tau, real d) const {
        const Learner l = learner(k);
        return s.cycle_s - tau * d * l.compute_s -
               (s.return_bits_per_sample[k] * d + s.return_bits[k]) * l.back_s_per_bit;
    }
    real bits(std::size_t k, real d) const {
        return rests(d) ? 0 : s.send_bits_per_sample[k] * d + s.send_bits[k];
    }
    bool allowed(std::size_t k, real tau, real d) const {
        if (rests(d)) return true;
        const real left = slack(k, tau, d);
        return bits(k, d) > 0 ? left > 0 : left >= 0;
    }
    // Power that gives the rate over the bandwidth.
    real power(std::size_t k, real rate, real band) const {
        const real grown = std::expm1(rate / band * std::log(2.0L));
        return learner(k).noise * (density() ? band : 1) * grown;
    }
    // Cheapest lambda B + mu P that buys the rate: golden section in ln B, unimodal.
    real cost(std::size_t k, real rate, real lambda, real mu) const {
        if (!(rate > 0)) return 0;
        real low = std::log(rate) - 12, high = std::log(rate) + 60;
        const auto at = [&](real z) {
            const real band = std::exp(z);
            return lambda * band + mu * power(k, rate, band);
        };
        const real golden = 0.6180339887498948482L;
        real a = high - golden * (high - low), b = low + golden * (high - low);
        real fa = at(a), fb = at(b);
        for (int step = 0; step < 130; ++step) {
            if (fa < fb || !std::isfinite(fb)) {
                if (!std::isfinite(fa) && !std::isfinite(fb)) {
                    low = a, a = b, fa = fb, b = low + golden * (high - low), fb = at(b);
                    continue;
                }
                high = b, b = a, fb = fa, a = high - golden * (high - low), fa = at(a);
            } else {
                low = a, a = b, fa = fb, b = low + golden * (high - low), fb = at(b);
            }
        }
        return std::min(fa, fb);
    }
    // Least power in total that serves the rates within the bandwidth: equal -dP/dB, by halves.
    real least_power(const std::vector<real>& rates) const {
        std::vector<std::size_t> who;
        for (std::size_t k = 0; k < rates.size(); ++k) {
            if (rates[k] > 0) who.push_back(k);
        }
        if (who.empty()) return 0;
        const auto gain_of = [&](std::size_t k, real band) {  // -dP/dB, falling in band
            const real u = rates[k] / band * std::log(2.0L);
            const real n = learner(k).noise;
            return density() ? n * (u * std::exp(u) - std::expm1(u)) : n * std::exp(u) * u / band;
        };
        const auto band_at = [&](std::size_t k, real log_gain) {
            real low = std::log(rates[k] / 8000), high = std::log(rates[k]) + 40;
            for (int step = 0; step < 90; ++step) {
                const real middle = (low + high) / 2;
                (std::log(gain_of(k, std::exp(middle))) > log_gain ? low : high) = middle;
            }
            return std::exp(high);
        };
        real low = -200, high = 200;  // ln of the common -dP/dB
        for (int step = 0; step < 90; ++step) {
            const real middle = (low + high) / 2;
            real sum = 0;
            for (const std::size_t k : who) sum += band_at(k, middle);
            (sum > s.bandwidth_hz ? low : high) = middle;
        }
        real total = 0;
        for (const std::size_t k : who) total += power(k, rates[k], band_at(k, high));
        return total;
    }
    bool fits(real tau, const std::vector<std::int64_t>& d) const {
        std::vector<real> rates;
        for (std::size_t k = 0; k < size(); ++k) {
            const real dk = static_cast<real>(d[k]);
            if (!allowed(k, tau, dk)) return false;
            rates.push_back(bits(k, dk) > 0 ? bits(k, dk) / slack(k, tau, dk) : 0);
        }
        return least_power(rates) <= s.power_w;
    }
};

// Calls visit(d) for every split of the samples within [low, high]; stops once it says true.
inline bool any_split(std::size_t size, std::int64_t samples, std::int64_t low, std::int64_t high,
                      const std::function<bool(const std::vector<std::int64_t>&)>& visit) {
    std::vector<std::int64_t> d(size);
    const std::function<bool(std::size_t, std::int64_t)> from = [&](std::size_t k,
                                                                    std::int64_t left) {
        if (k + 1 == size) {
            if (left < low || left > high) return false;
            d[k] = left;
            return visit(d);
        }
        for (std::int64_t x = low; x <= std::min(high, left); ++x) {
            d[k] = x;
            if (from(k + 1, left - x)) return true;
        }
        return false;
    };
    return from(0, samples);
}

// What is wrong with a plan, in words; empty if nothing is.
inline std::string violation(const mel::ProblemStatement& s, const mel::Result& r) {
    const View view{s};
    real band = 0, power = 0;
    std::int64_t samples = 0;
    if (r.samples.size() != view.size()) return "no plan";
    for (std::size_t k = 0; k < view.size(); ++k) {
        const real d = static_cast<real>(r.samples[k]);
        const real b = r.bandwidth_hz[k], p = r.power_w[k];
        if (d < 0 || b < 0 || p < 0) return "negative";
        samples += r.samples[k];
        band += b;
        power += p;
        if (view.rests(d)) continue;
        real send = 0;
        if (view.bits(k, d) > 0) {
            if (!(b > 0 && p > 0)) return "bits over no rate";
            const real noise = view.learner(k).noise * (view.density() ? b : 1);
            send = view.bits(k, d) / (b * std::log1p(p / noise) / std::log(2.0L));
        }
        if (!(send <= view.slack(k, static_cast<real>(r.tau), d))) {
            return "learner " + std::to_string(k) + " is late";
        }
    }
    if (samples != s.samples) return "samples " + std::to_string(samples);
    if (band > s.bandwidth_hz) return "bandwidth";
    if (power > s.power_w) return "power";
    return "";
}

}  // namespace brute
