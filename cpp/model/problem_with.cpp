#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "mel/buffer.hpp"
#include "mel/problem.hpp"
#include "model/checks.hpp"

namespace mel {
double Problem::largest_cycle_s() const {
    double cycle_s = std::min(largest_count * fastest_compute_s_, 1e60);
    while (!counts_cycles_of(cycle_s)) cycle_s = std::nextafter(cycle_s, 0.0);
    return cycle_s;
}

Problem Problem::with(const Budgets& budgets) const {
    const auto [cycle_s, bandwidth_hz, power_w] = budgets;
    require_in("cycle_s", cycle_s);
    require_in("bandwidth_hz", bandwidth_hz);
    require_in("power_w", power_w);
    Problem changed = *this;
    changed.cycle_s_ = cycle_s;
    changed.refuse_countless();
    if (block_hz_ > bandwidth_hz) {
        require_in("bandwidth_hz", bandwidth_hz, {.low = block_hz_});  // at least one block
    }
    changed.stated_bandwidth_hz_ = changed.bandwidth_hz_ = bandwidth_hz;
    changed.cut_blocks();
    changed.power_w_ = power_w;
    changed.every_return_in_time_ =
        return_bits(slowest_return_) * return_s_per_bit()[slowest_return_] < cycle_s;
    return changed;
}

Problem Problem::with_blocks(double blocks) const {
    return with({cycle_s_, BlockWidth{block_hz_}.bandwidth_holding(blocks), power_w_});
}

Problem Problem::with_samples(std::int64_t samples) const {
    require_samples(samples);
    Problem changed = *this;
    changed.samples_ = samples;
    return changed;
}

Problem Problem::with_bounds(const Bounds& samples) const {
    const auto least = static_cast<double>(samples.least), most = static_cast<double>(samples.most);
    require_count("min_samples", least);
    require_count("max_samples", most);
    if (most < least) refuse("max_samples", most, "at least min_samples = " + written(least));
    Problem changed = *this;
    LearnerLimits limits;
    if (limits_) {
        LearnerLimits::each([&](auto column) {
            if (column == &LearnerLimits::min_samples || column == &LearnerLimits::max_samples)
                return;
            limits.*column = (*limits_).*column;
        });
    }
    const auto all = [this](double same) {
        LimitColumn column(padded(), same);
        std::fill(column.begin() + static_cast<std::ptrdiff_t>(size_), column.end(), 0.0);
        return column;
    };
    limits.min_samples = all(least);
    limits.max_samples = all(most);
    limits.same_bounds = true;
    changed.limits_ = std::make_shared<const LearnerLimits>(std::move(limits));
    return changed;
}

Problem Problem::with_payload(const ProblemStatement& s) const {
    for (const LearnerColumn& column : learner_columns()) {
        if (column.amount) require_column(column, column.of(s), size_);
    }
    Problem changed = *this;
    changed.differs_ = false;
    changed.take_payload(s);
    const std::shared_ptr<double[]> columns = shared_column(changed.columns_count_ * padded());
    changed.write_payload(s, columns.get());
    std::copy_n(columns_.get() + padded(), 2 * padded(), columns.get() + padded());
    changed.columns_ = columns;
    changed.find_slowest_return();
    changed.refuse_countless();
    changed.find_typical();
    return changed;
}

Problem Problem::sampled(std::size_t stride) const {
    Problem part = *this;
    part.size_ = learners_seen(size_, stride);
    const std::shared_ptr<double[]> columns = shared_column(part.columns_count_ * part.padded());
    double* to = columns.get();
    for (std::size_t column = 0; column < part.columns_count_; ++column) {
        const double* from = columns_.get() + column * padded();
        for (std::size_t k = 0; k < size_; k += stride * group) {
            to = std::copy_n(from + k, group, to);  // the last group is padded already
        }
    }
    part.columns_ = columns;
    if (limits_) {
        LearnerLimits limits = {};
        LearnerLimits::each([&](auto column) {
            const LimitColumn& all = (*limits_).*column;
            for (std::size_t k = 0; k < all.size(); k += stride * group) {
                (limits.*column)
                    .insert((limits.*column).end(), all.begin() + static_cast<std::ptrdiff_t>(k),
                            all.begin() + static_cast<std::ptrdiff_t>(k + group));
            }
        });
        limits.same_bounds = limits_->same_bounds;
        part.limits_ = std::make_shared<const LearnerLimits>(std::move(limits));
    }
    part.twins_ = nullptr;
    part.find_slowest_return();
    const double share = static_cast<double>(part.size_) / static_cast<double>(size_);
    part.samples_ = std::max<std::int64_t>(std::llround(share * samples_real()), 1);
    return part.with({cycle_s_, share * stated_bandwidth_hz_, share * power_w_});
}

Problem Problem::taken(std::span<const std::size_t> learners) const {
    Problem part = *this;
    part.size_ = learners.size();
    const auto gather = [&](const double* from, double* to) {
        for (const std::size_t k : learners) *to++ = from[k];
        std::fill_n(to, part.padded() - part.size_, from[learners.back()]);
    };
    const std::shared_ptr<double[]> columns = shared_column(part.columns_count_ * part.padded());
    for (std::size_t column = 0; column < part.columns_count_; ++column) {
        gather(columns_.get() + column * padded(), columns.get() + column * part.padded());
    }
    part.columns_ = columns;
    if (limits_) {
        LearnerLimits limits = {};
        LearnerLimits::each([&](auto column) {
            const LimitColumn& from = (*limits_).*column;
            if (from.empty()) return;
            (limits.*column).resize(part.padded());
            const bool bounds =
                column == &LearnerLimits::min_samples || column == &LearnerLimits::max_samples;
            if (bounds && limits_->same_bounds) {
                std::fill((limits.*column).begin(), (limits.*column).end(), from.front());
            } else {
                gather(from.data(), (limits.*column).data());
            }
        });
        limits.same_bounds = limits_->same_bounds;
        part.limits_ = std::make_shared<const LearnerLimits>(std::move(limits));
    }
    if (twins_) {
        std::vector<std::uint32_t> twins;
        for (const std::size_t k : learners) twins.push_back((*twins_)[k]);
        part.twins_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(twins));
    }
    part.find_slowest_return();
    part.find_typical();
    return part;
}

Problem Problem::without_twins() const {
    Problem other = *this;
    other.twins_ = nullptr;
    return other;
}

Problem Problem::among(const Payloads& all) const {
    Problem part = *this;
    part.differs_ = differs_ || all.differ;
    part.sends_nothing_ = sends_nothing_ && !all.send;
    part.returns_nothing_ = returns_nothing_ && !all.give_back;
    part.grows_ = grows_ || all.grow;
    bool in_column[amount_columns];
    std::fill_n(in_column, amount_columns, part.differs_);
    part.place_amounts(in_column);
    if (part.stated_after() != stated_after() ||
        !std::equal(part.place_, part.place_ + amount_columns, place_)) {
        const std::shared_ptr<double[]> columns = shared_column(part.columns_count_ * padded());
        double* to = std::copy_n(columns_.get(), part.stated_after() * padded(), columns.get());
        for (std::size_t which = 0; part.differs_ && which < amount_columns; ++which) {
            const std::span<const double> own = payload_column(which);
            to = own.empty() ? std::fill_n(to, padded(), amounts_[which])
                             : std::copy_n(own.data(), padded(), to);
        }
        part.columns_ = columns;
    }
    part.find_slowest_return();
    return part;
}

Problem Problem::elsewhere(const Elsewhere& all) const {
    Problem whole = *this;
    whole.size_ = all.learners;
    whole.columns_ = nullptr;
    whole.twins_ = nullptr;
    whole.limits_ = nullptr;
    whole.fastest_compute_s_ = all.fastest_compute_s;
    whole.fastest_flops_per_s_ = all.fastest_flops_per_s;
    whole.fewest_bits_sent_ = all.fewest_bits_sent;
    whole.slowest_return_ = all.slowest_return;
    whole.every_return_in_time_ = (differs_ ? 1.0 : amounts_[2]) * all.slowest_s < cycle_s_;
    return whole;
}

Problem::Elsewhere Problem::extremes() const {
    const double back = return_s_per_bit()[slowest_return_];
    const double bits = differs_ ? return_bits(slowest_return_) : 1;
    return {size_,
            fastest_compute_s_,
            fastest_flops_per_s_,
            fewest_bits_sent_,
            slowest_return_,
            back == never_s_per_bit ? 0 : bits * back};
}

}  // namespace mel
