// What a statement says of each learner's limits, checked and put in columns.
#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "base/rounding.hpp"
#include "mel/problem.hpp"

namespace mel {
namespace {

constexpr double smallest = 1e-60;
constexpr double largest = 1e60;
constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_count(double x) { return x >= 0 && x <= largest_count && x == std::floor(x); }
bool is_cap(double x) { return x == 0 || x == infinity || (x >= smallest && x <= largest); }
bool is_price(double x) { return x == 0 || (x >= smallest && x <= largest); }

[[noreturn]] void refuse(const std::string& field, double value, const std::string& range) {
    std::ostringstream text;
    text.precision(17);
    text << field << " = " << value << ": must be " << range;
    throw std::invalid_argument(text.str());
}

std::string element(const char* field, std::size_t k) {
    return std::string(field) + "[" + std::to_string(k) + "]";
}

// The column, padded with `harmless`; empty stays empty.
std::vector<double> checked(const char* field, std::span<const double> column, std::size_t size,
                            bool (*right)(double), const char* range, double harmless) {
    if (column.empty()) return {};
    if (column.size() != size) {
        throw std::invalid_argument(std::string(field) + " has " + std::to_string(column.size()) +
                                    " learners: must have " + std::to_string(size) +
                                    " as flops_per_s");
    }
    for (std::size_t k = 0; k < size; ++k) {
        if (!right(column[k])) refuse(element(field, k), column[k], range);
    }
    std::vector<double> padded((size + 15) / 16 * 16, harmless);
    std::copy(column.begin(), column.end(), padded.begin());
    return padded;
}

// What a learner at both caps receives. Without a cap on bandwidth the density law's rate still has
// a limit, which no bandwidth reaches.
double largest_rate(LinkLaw law, double noise, double bandwidth_hz, double power_w) {
    constexpr double per_ln2 = 1.4426950408889634074;
    if (bandwidth_hz < infinity) {
        if (power_w == infinity) return infinity;
        const double whole = law == LinkLaw::density ? noise * bandwidth_hz : noise;
        return bandwidth_hz * std::log1p(power_w / whole) * per_ln2;
    }
    return law == LinkLaw::density ? power_w / noise * per_ln2 : infinity;
}

}  // namespace

void Problem::take_limits(const ProblemStatement& s) {
    if (s.block_hz != 0) {
        if (!(s.block_hz >= smallest && s.block_hz <= largest)) {
            refuse("block_hz", s.block_hz, "0 (none) or in [1e-60, 1e+60]");
        }
        block_hz_ = s.block_hz;
    }
    if (s.energy_j.empty() != s.energy_per_flop_j.empty()) {
        throw std::invalid_argument("energy_j and energy_per_flop_j must be given together");
    }
    const bool outage = std::find(s.gain.begin(), s.gain.end(), 0.0) != s.gain.end();
    if (s.min_samples.empty() && s.max_samples.empty() && s.max_bandwidth_hz.empty() &&
        s.max_power_w.empty() && s.energy_j.empty() && !outage) {
        return;
    }
    constexpr const char* count = "an integer in [0, 2^53]";
    constexpr const char* cap = "in [1e-60, 1e+60], 0 or infinity";
    LearnerLimits limits;
    limits.min_samples = checked("min_samples", s.min_samples, size_, is_count, count, 0);
    limits.max_samples = checked("max_samples", s.max_samples, size_, is_count, count, 0);
    if (!limits.min_samples.empty() && !limits.max_samples.empty()) {
        for (std::size_t k = 0; k < size_; ++k) {
            if (limits.max_samples[k] < limits.min_samples[k]) {
                std::ostringstream least;
                least.precision(17);
                least << "at least min_samples[" << k << "] = " << limits.min_samples[k];
                refuse(element("max_samples", k), limits.max_samples[k], least.str());
            }
        }
    }
    limits.max_bandwidth_hz =
        checked("max_bandwidth_hz", s.max_bandwidth_hz, size_, is_cap, cap, infinity);
    limits.max_power_w = checked("max_power_w", s.max_power_w, size_, is_cap, cap, infinity);
    limits.energy_j = checked("energy_j", s.energy_j, size_, is_cap, cap, infinity);
    limits.energy_per_flop_j = checked("energy_per_flop_j", s.energy_per_flop_j, size_, is_price,
                                       "0 or in [1e-60, 1e+60]", 0);
    const std::size_t padded = this->padded();
    if (!limits.max_bandwidth_hz.empty() || !limits.max_power_w.empty()) {
        limits.max_bandwidth_hz.resize(padded, infinity);
        limits.max_power_w.resize(padded, infinity);
        limits.max_rate.assign(padded, infinity);
        for (std::size_t k = 0; k < size_; ++k) {
            limits.max_rate[k] = largest_rate(law_, noise_over_gain()[k],
                                              limits.max_bandwidth_hz[k], limits.max_power_w[k]);
        }
    }
    if (!limits.energy_j.empty()) {
        limits.return_j_per_bit.assign(padded, 0);
        for (std::size_t k = 0; k < size_; ++k) {
            limits.return_j_per_bit[k] = s.return_power_w[k] * return_s_per_bit()[k];
        }
    }
    if (!sends_nothing_ || !returns_nothing_) keep_from_unreachable(s, limits);
    limits_ = std::make_shared<const LearnerLimits>(std::move(limits));
}

// Without a channel, or with a cap of zero, a learner neither receives nor returns a bit: it can
// hold no samples, and one that must be served the model makes a plan impossible. As bounds on its
// samples that is exact, and nothing else has to know of rates of zero.
void Problem::keep_from_unreachable(const ProblemStatement& s, LearnerLimits& limits) const {
    const auto zero = [](std::span<const double> column, std::size_t k) {
        return !column.empty() && column[k] == 0;
    };
    for (std::size_t k = 0; k < size_; ++k) {
        const bool deaf = s.gain[k] == 0 || zero(s.max_bandwidth_hz, k) || zero(s.max_power_w, k);
        if (!deaf) continue;
        if (limits.caps()) limits.max_rate[k] = infinity;
        const bool mute = s.gain[k] == 0;
        const bool model = s.send_bits[k] > 0 || (mute && s.return_bits[k] > 0);
        const bool samples =
            s.send_bits_per_sample[k] > 0 || (mute && s.return_bits_per_sample[k] > 0);
        if (!model && !samples) continue;
        if (limits.max_samples.empty()) {
            limits.max_samples.assign(padded(), samples_real());
        }
        limits.max_samples[k] = 0;
        if (!excused() && model) {
            if (limits.min_samples.empty()) limits.min_samples.assign(padded(), 0);
            limits.min_samples[k] = 1;
        }
    }
}

}  // namespace mel
