#include "mel/mixture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "mel/kernels.hpp"
#include "mel/sums.hpp"

namespace mel {
namespace {

// The share of a in a mixture with b that makes the smallest of the three slacks largest.
double best_share(const Cut& a, const Cut& b, double& least) {
    const std::array<double, 3> x{a.samples, a.bandwidth, a.power};
    const std::array<double, 3> y{b.samples, b.bandwidth, b.power};
    const auto slack = [&](double t) {
        double s = t * x[0] + (1 - t) * y[0];
        for (int i = 1; i < 3; ++i) s = std::min(s, t * x[i] + (1 - t) * y[i]);
        return s;
    };
    double best = 0;
    least = slack(0);
    const auto consider = [&](double t) {
        if (!(t > 0 && t <= 1)) return;
        const double s = slack(t);
        if (s > least) {
            least = s;
            best = t;
        }
    };
    consider(1);
    for (int i = 0; i < 3; ++i) {
        for (int j = i + 1; j < 3; ++j) {
            consider((y[j] - y[i]) / ((x[i] - y[i]) - (x[j] - y[j])));
        }
    }
    return best;
}

// Weights of three cuts whose slacks are then all equal; false if one weight is negative.
bool equal_slacks(const Cut& a, const Cut& b, const Cut& c, std::array<double, 3>& w,
                  double& slack) {
    // Solve M w = 1 with the cuts as columns, then scale the weights to sum to one.
    const double det = a.samples * (b.bandwidth * c.power - c.bandwidth * b.power) -
                       b.samples * (a.bandwidth * c.power - c.bandwidth * a.power) +
                       c.samples * (a.bandwidth * b.power - b.bandwidth * a.power);
    const auto solved = [&](const Cut& p, const Cut& q) {
        // Cramer's rule with the column of ones in place of the third cut.
        return (p.bandwidth * q.power - q.bandwidth * p.power) -
               (p.samples * q.power - q.samples * p.power) +
               (p.samples * q.bandwidth - q.samples * p.bandwidth);
    };
    w = {solved(b, c) / det, solved(c, a) / det, solved(a, b) / det};
    const double sum = w[0] + w[1] + w[2];
    if (!std::isfinite(sum) || sum == 0) return false;
    for (double& one : w) one /= sum;
    slack = 1 / sum;
    return w[0] >= 0 && w[1] >= 0 && w[2] >= 0;
}

}  // namespace

MixtureSearch::Outcome MixtureSearch::run(double tau, const std::vector<Prices>& starts,
                                          int max_passes, std::size_t stride) {
    polygon_.reset();
    cuts_.clear();
    at_.clear();
    parts_.clear();
    const double scale = static_cast<double>(problem_.size()) /
                         static_cast<double>(learners_seen(problem_.size(), stride));
    std::size_t started = 0;
    for (int step = 0; step < max_passes; ++step) {
        if (pool_.stop().check()) return Outcome::stopped;
        Prices prices;
        if (started < starts.size()) {
            prices = starts[started++];
        } else if (!polygon_.centre(prices)) {
            return mix() ? Outcome::mixture : Outcome::open;
        }
        const PassPoint point{tau, problem_.cycle_s(), prices};
        PassSums sums = real_pass(problem_, box_, point, pool_, blocks_, stride);
        ++passes_;
        if (pool_.stop().requested()) return Outcome::stopped;
        if (sums.impossible > 0) return Outcome::open;
        sums.scale(scale);
        const double budget =
            prices.lambda * problem_.bandwidth_hz() + prices.mu * problem_.power_w();
        if (budget + sums.value + proof_error(problem_, point, sums) < problem_.samples_real()) {
            proof_ = prices;
            return Outcome::infeasible;
        }
        cuts_.push_back({sums.samples / problem_.samples_real() - 1,
                         1 - sums.bandwidth / problem_.bandwidth_hz(),
                         1 - sums.power / problem_.power_w()});
        at_.push_back(prices);
        polygon_.clip(cuts_.back());
    }
    return Outcome::open;
}

bool MixtureSearch::mix() {
    double best = -1;
    const std::size_t n = cuts_.size();
    const auto take = [&](double slack, std::initializer_list<Part> parts) {
        if (slack > best) {
            best = slack;
            parts_ = parts;
        }
    };
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = i + 1; j < n; ++j) {
            double slack = 0;
            const double t = best_share(cuts_[i], cuts_[j], slack);
            take(slack, {{at_[i], t}, {at_[j], 1 - t}});
            for (std::size_t k = j + 1; k < n; ++k) {
                std::array<double, 3> w;
                if (equal_slacks(cuts_[i], cuts_[j], cuts_[k], w, slack)) {
                    take(slack, {{at_[i], w[0]}, {at_[j], w[1]}, {at_[k], w[2]}});
                }
            }
        }
    }
    return best > -1e-6;
}

void MixtureSearch::deal(double tau, double* samples, double* scratch,
                         std::vector<double>& block_totals) {
    const std::size_t size = problem_.size();
    double below = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const PassPoint point{tau, problem_.cycle_s(), parts_[i].prices};
        real_samples(problem_, box_, point, pool_, i == 0 ? samples : scratch, block_totals);
        const double above = below + parts_[i].weight;
        if (i > 0) {
            pool_.run(block_count(size), [&](std::size_t b) {
                const std::size_t last = std::min(size, (b + 1) * block_size);
                for (std::size_t k = b * block_size; k < last; ++k) {
                    // Multiples of the golden section fall evenly, whatever order the learners come
                    // in.
                    const double turn = static_cast<double>(k) * 0.61803398874989485;
                    const double place = turn - std::floor(turn);
                    if (place >= below && (place < above || i + 1 == parts_.size()))
                        samples[k] = scratch[k];
                }
            });
        }
        below = above;
    }
    block_totals.assign(block_count(size), 0);
    pool_.run(block_count(size), [&](std::size_t b) {
        double total = 0;
        const std::size_t last = std::min(size, (b + 1) * block_size);
        for (std::size_t k = b * block_size; k < last; ++k) total += samples[k];
        block_totals[b] = total;
    });
}

}  // namespace mel
