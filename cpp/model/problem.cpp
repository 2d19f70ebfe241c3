#include "mel/problem.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "base/guiding.hpp"
#include "base/infinity.hpp"
#include "base/logarithm.hpp"
#include "mel/buffer.hpp"
#include "model/checks.hpp"
#include "model/computing.hpp"

namespace mel {
namespace {

// The columns that are no limits, which come first; and the last of them, the amounts.
#define MEL_ONE(...) +1
#define MEL_NONE(...)
constexpr std::size_t stated_columns = 0 MEL_LEARNER_COLUMNS(MEL_ONE, MEL_ONE, MEL_NONE);
#undef MEL_ONE
#undef MEL_NONE

std::span<const LearnerColumn> amount_lines() {
    return learner_columns().subspan(stated_columns - amount_columns, amount_columns);
}

constexpr double per_ln2 = 1.4426950408889634074;

double log2_1p(double x) { return std::log1p(x) * per_ln2; }

// ln(1 + x) of each number, of zero or more.
void take_logarithms(std::span<double> x) {
    std::size_t far = 0;
    for (const double number : x) far += static_cast<std::size_t>(!(number < 1e300));
    if (far > 0) {
        for (double& number : x) number = std::log1p(number);
    } else {
        for (double& number : x) number = log_1p(number);
    }
}

}  // namespace

Problem::Problem(const ProblemStatement& s)
    : size_(s.flops_per_s.size()),
      samples_(s.samples),
      stated_bandwidth_hz_(s.bandwidth_hz),
      bandwidth_hz_(s.bandwidth_hz),
      power_w_(s.power_w),
      cycle_s_(s.cycle_s),
      law_(s.law),
      idle_(s.idle) {
    const std::size_t size = size_;
    if (size == 0) throw std::invalid_argument("learners = 0: must be at least 1");
    require_samples(samples_);
    require_positive("bandwidth_hz", bandwidth_hz_);
    require_positive("power_w", power_w_);
    require_positive("noise", s.noise);
    require_positive("cycle_s", cycle_s_);
    std::uint32_t bit = 1;
    for (const LearnerColumn& column : learner_columns().first(stated_columns)) {
        if (!(s.accepted & bit)) require_column(column, column.of(s), size);
        bit <<= 1;
    }

    take_payload(s);
    const std::shared_ptr<double[]> columns = shared_column(columns_count_ * padded());
    double* const return_s_per_bit = columns.get() + padded();
    double* const noise_over_gain = return_s_per_bit + padded();
    write_payload(s, columns.get());
    std::fill(return_s_per_bit + size, return_s_per_bit + padded(), 0.0);
    std::fill(noise_over_gain + size, noise_over_gain + padded(), 1.0);
    for (std::size_t k = 0; k < size; ++k) {
        fastest_flops_per_s_ = std::max(fastest_flops_per_s_, s.flops_per_s[k]);
        noise_over_gain[k] = s.noise / s.gain[k];
        const double band = s.return_bandwidth_hz[k];
        const double noise = law_ == LinkLaw::density ? s.noise * band : s.noise;
        return_s_per_bit[k] = s.return_power_w[k] * s.gain[k] / noise;
    }
    take_logarithms({return_s_per_bit, size});
    for (std::size_t k = 0; k < size; ++k) {
        if (s.gain[k] == 0) {  // no bit ever arrives: take_limits() keeps samples away
            return_s_per_bit[k] = never_s_per_bit;
            noise_over_gain[k] = s.noise;
            continue;
        }
        const double rate = s.return_bandwidth_hz[k] * (return_s_per_bit[k] * per_ln2);
        if (!(rate >= 1e-200 && rate <= 1e200)) {
            refuse("return rate of learner " + std::to_string(k), rate,
                   "in [1e-200, 1e+200] bit/s (from its gain, return power and bandwidth)");
        }
        return_s_per_bit[k] = 1.0 / rate;
    }
    columns_ = columns;
    find_slowest_return();
    refuse_countless();
    take_limits(s);
    cut_blocks();
    find_twins(s);
    find_typical();
}

void Problem::take_payload(const ProblemStatement& s) {
    double* amount = amounts_;
    bool some[amount_columns] = {};     // not zero for all
    bool differs[amount_columns] = {};  // from learner to learner
    for (const LearnerColumn& line : amount_lines()) {
        const Amount& given = s.*line.amount;
        if (given.column.empty()) {
            some[amount - amounts_] = given.value != 0;
            *amount++ = given.value;
            continue;
        }
        const auto any = [&](double than) {
            const auto other = [than](double entry) { return entry != than; };
            return std::any_of(given.column.begin(), given.column.end(), other);
        };
        *amount = given[0];
        differs[amount - amounts_] = any(*amount);
        differs_ = differs_ || differs[amount - amounts_];
        some[amount - amounts_] = *amount != 0 || any(0);
        ++amount;
    }
    sends_nothing_ = !some[0] && !some[1];
    returns_nothing_ = !some[2] && !some[3];
    grows_ = some[1];
    place_amounts(differs);
    fewest_bits_sent_ = amounts_[0] + amounts_[1];
    const bool alike = s.send_bits.column.empty() && s.send_bits_per_sample.column.empty();
    for (std::size_t k = 1; differs_ && !alike && k < size_; ++k) {
        fewest_bits_sent_ = std::min(fewest_bits_sent_, s.send_bits[k] + s.send_bits_per_sample[k]);
    }
}

void Problem::place_amounts(const bool (&in_column)[amount_columns]) {
    columns_count_ = stated_after();
    for (std::size_t which = 0; which < amount_columns; ++which) {
        place_[which] = in_column[which] ? columns_count_++ : 0;
    }
}

// Of those in time for the bare model's return the last, for words and for a quick yes.
void Problem::find_slowest_return() {
    double slowest = 0;
    const std::span<const double> back = return_s_per_bit();
    for (std::size_t k = 0; k < size_; ++k) {
        if (back[k] == never_s_per_bit) continue;
        const double seconds = differs_ ? return_bits(k) * back[k] : back[k];
        if (seconds > slowest) {
            slowest = seconds;
            slowest_return_ = k;
        }
    }
    every_return_in_time_ = (differs_ ? slowest : amounts_[2] * slowest) < cycle_s_;
}

// What a sample takes in the columns `to`, and the quickest of it.
void Problem::write_payload(const ProblemStatement& s, double* to) {
    fastest_compute_s_ = infinity;
    for (std::size_t k = 0; k < size_; ++k) {
        to[k] = s.flops_per_sample[k] / s.flops_per_s[k];
        fastest_compute_s_ = std::min(fastest_compute_s_, to[k]);
    }
    std::fill(to + size_, to + padded(), 1.0);
    to += 3 * padded();
    if (returns_nothing()) {
        std::copy(s.flops_per_s.begin(), s.flops_per_s.end(), to);
        std::fill(to + size_, to + padded(), 1.0);
        to += padded();
    }
    const std::size_t* place = place_;
    for (const LearnerColumn& line : amount_lines()) {
        if (*place++ == 0) continue;
        const std::span<const double> column = (s.*line.amount).column;
        to = std::copy_n(column.begin(), size_, to);
        to = std::fill_n(to, padded() - size_, column[size_ - 1]);
    }
}

void Problem::refuse_countless() const {
    if (counts_cycles_of(cycle_s_)) return;
    refuse("cycle_s * max(flops_per_s) / flops_per_sample", cycle_s_ / fastest_compute_s_,
           "at most 2^53 local cycles");
}

// Whether no learner could work a sample through more often than a double counts, exactly.
bool Problem::counts_cycles_of(double cycle_s) const {
    const auto counts = [&](double speed, double each) {
        const double flops = cycle_s * speed;
        const double rest = std::fma(cycle_s, speed, -flops);
        return flops - each * largest_count + rest <= 0;
    };
    if (!differs_) return counts(fastest_flops_per_s_, amounts_[4]);
    // Rounded up: nobody is faster.
    return cycle_s * (1 + rounding::quotient) <= largest_count * fastest_compute_s_;
}

// What is left of the bandwidth beyond its whole blocks serves nobody.
void Problem::cut_blocks() {
    if (block_hz_ == 0) return;
    if (block_hz_ > stated_bandwidth_hz_) refuse("block_hz", block_hz_, "at most bandwidth_hz");
    block_budget_ = BlockWidth{block_hz_}.blocks_in(stated_bandwidth_hz_);
    if (block_budget_ > largest_count) {
        refuse("bandwidth_hz / block_hz", block_budget_, "at most 2^53 blocks");
    }
    bandwidth_hz_ = block_budget_ * block_hz_;
}

double BlockWidth::blocks_in(double bandwidth_hz) const {
    double count = std::floor(bandwidth_hz / hz);
    if (!std::isfinite(count)) return count;
    if (std::fma(-count, hz, bandwidth_hz) < 0) --count;
    if (std::fma(-(count + 1), hz, bandwidth_hz) >= 0) ++count;
    return count;
}

double BlockWidth::bandwidth_holding(double blocks) const {
    const double nearest = blocks * hz;
    return std::fma(blocks, hz, -nearest) > 0 ? std::nextafter(nearest, infinity) : nearest;
}

void Problem::find_typical() {
    const std::size_t size = size_;
    const std::size_t step = typical_step(size);
    double speeds = 0;
    double count = 0;
    double all = 0, by_speed = 0, squares = 0;  // of logarithms, from the first
    const double first = nearly_log(noise_over_gain()[0]);
    for (std::size_t k = 0; k < size; k += step) {
        const double speed = 1 / compute_s()[k];
        const double off = nearly_log(noise_over_gain()[k]) - first;
        all += off;
        by_speed += speed * off;
        squares += off * off;
        speeds += speed;
        count += 1;
    }
    typical_compute_s_ = count / speeds;
    const double middle = all / count;
    typical_noise_ = std::exp(first + middle);
    typical_noise_of_samples_ = typical_noise_ * guiding_exp(by_speed / speeds - middle);
    noise_spread_ = std::max(squares / count - middle * middle, 0.0);
    for (std::size_t which = 0; which < amount_columns; ++which) {
        const std::span<const double> column = payload_column(which);
        if (column.empty()) continue;
        bool same = true;
        double mean = 0;
        for (std::size_t k = 0; k < size; k += step) {
            same = same && column[k] == column[0];
            mean += column[k] / count;
        }
        amounts_[which] = same ? column[0] : mean;
    }
}

LearnerTimes evaluate_learner(const Problem& problem, std::size_t k, double tau,
                              const LearnerShare& share) {
    const auto [samples, bandwidth_hz, power_w] = share;
    const double d = static_cast<double>(samples);
    const double bits = problem.send_bits_per_sample(k) * d + problem.send_bits(k);
    const double back = problem.return_bits_per_sample(k) * d + problem.return_bits(k);
    const double compute_s = problem.returns_nothing()
                                 ? computing_s(problem, k, {.tau = tau, .samples = d})
                                 : tau * d * problem.compute_s()[k];
    if (problem.return_s_per_bit()[k] == never_s_per_bit) {
        return {bits > 0 ? infinity : 0, compute_s, back > 0 ? infinity : 0};
    }
    double send_s = 0;
    if (bits > 0) {
        const double noise = problem.law() == LinkLaw::density
                                 ? problem.noise_over_gain()[k] * bandwidth_hz
                                 : problem.noise_over_gain()[k];
        const double rate =
            bandwidth_hz > 0 && power_w > 0 ? bandwidth_hz * log2_1p(power_w / noise) : 0.0;
        send_s = rate > 0 ? bits / rate : infinity;
    }
    return {send_s, compute_s, back * problem.return_s_per_bit()[k]};
}

}  // namespace mel
