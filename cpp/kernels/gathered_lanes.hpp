// Some learners of a chunk, brought together: what only they need is then done in full lanes.
#pragma once

#include "kernels/learner_lanes.hpp"

namespace mel::MEL_ISA {

// Whether a group is among those that are looked at.
MEL_INLINE bool picked(const KernelInput& in, Stretch learners, std::size_t k) {
    return !in.turns || in.turns[(k - learners.first) / group] == in.turn;
}

// For problems without limits. Learners come in the order of their numbers, so that nothing
// depends on the width of the lanes.
class Gathered {
  public:
    static constexpr std::size_t most = 512;  // learners

    explicit Gathered(const KernelInput& in) : all_(in) {}

    void add(Mask m, std::size_t at) {
        std::int64_t chosen[width];
        std::memcpy(chosen, &m, sizeof chosen);
        for (int i = 0; i < width; ++i) {
            from_[count_] = at + static_cast<std::size_t>(i);
            count_ += chosen[i] != 0;
        }
    }
    bool full() const { return count_ + group > most; }
    void clear() { count_ = 0; }

    // The columns of those gathered.
    const KernelInput& columns() {
        some_ = all_;
        some_.stride = 1;
        some_.turns = nullptr;
        some_.size = count_;
        double* to = columns_;
        some_.each_column([&](const double*& column) {
            if (!column) return;
            gather(column, to);
            to += most;
        });
        return some_;
    }
    // The same of a column beside them, where there is one: it becomes `to`.
    void gather(const double*& column, double* to) const {
        if (!column) return;
        for (std::size_t i = 0; i < count_; ++i) to[i] = column[from_[i]];
        for (std::size_t i = count_; i % group != 0; ++i) to[i] = 1;
        column = to;
    }

    // Each of a group's samples where it belongs.
    void put(const double* samples, std::size_t first, std::span<double> out) const {
        for (std::size_t i = first; i < count_ && i < first + group; ++i) {
            out[from_[i]] = samples[i - first];
        }
    }

    // All of them.
    void put(const double* values, std::span<double> out) const {
        for (std::size_t i = 0; i < count_; ++i) out[from_[i]] = values[i];
    }

  private:
    static constexpr std::size_t most_columns = 7;  // three, and four of payloads
    const KernelInput& all_;
    KernelInput some_;
    std::size_t count_ = 0;
    std::size_t from_[most + 1];
    alignas(64) double columns_[most_columns * most];
};

}  // namespace mel::MEL_ISA
