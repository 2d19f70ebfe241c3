// What is asked of a shard, and how it is written down as numbers.
#pragma once

#include <cstring>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "base/sums.hpp"
#include "kernels/kernels.hpp"
#include "mel/shards.hpp"

namespace mel {

enum class Ask : int {
    facts,             // Facts
    real,              // nodes of PassSums, at a point
    impossible_cycle,  // one number, at a tau
    capacity,          // nodes of SplitSums, at a tau
    whole,             // nodes of SplitSums, at a point
    takers,            // numbers in the shard of takers() at a point, then which of them must
    unsent,            // Unsent, at a tau
    // Of the split that the steps make:
    reals,        // sums of chunks
    clamped,      // whether anything moved, then what is free and what stays, by chunk
    total,        // a CompensatedSum
    every,        // samples of every so-many-th of all learners, or runs of them
    outside,      // how many learners are outside their box at a tau
    least_cycle,  // one number, at a tau
    fill,         // nodes of FillSums; point.prices.mu is the ratio
    allocate,     // nodes of AllocationSums, with `scale`
    plan,         // samples, bandwidth and power of every learner
    count
};

// How a split is made, from the first step on. Each a column of numbers that begins with its kind.
enum class Step : int {
    draw,   // tau, cycle_s, lambda, mu
    deal,   // tau, cycle_s, then lambda, mu and weight of every part
    clamp,  // tau, factor
    carry,  // tau, cycle_s, aim_s, factor; then starts and wholes of the shard's chunks
    move,   // learners and their new samples by turns
    fill,   // where nothing is sent: tau, and the samples that are left to give out from here on
    given,  // a plan of a few: learner, samples, bandwidth and power by turns; all others rest
    count
};

struct Question {
    Ask ask = Ask::facts;
    PassPoint point{};
    double scale[3] =
        {};  // of Ask::allocate: bandwidth, power, deadline_s; of Ask::every: the step, the run
    std::vector<Message> steps;
    Roots roots = Roots::exact;  // of Ask::fill, allocate and plan
};

Message written(const Question& question);
Question read_question(std::span<const double> message);

// What a shard says of its learners before anything is asked of them.
struct Facts {
    double limited = 0;
    double capped = 0;
    double contradicts = 0;  // a learner whose bounds exclude each other
    CompensatedSum least, most;
    double largest_tau = 0;
    double fastest_compute_s = 0;
    double fastest_flops_per_s = 0;
    double fewest_bits_sent = 0;
    double slowest_return = 0;  // number among all
    double slowest_s = 0;
    double conceivable_tau = 0;
};

// Where nothing is sent: what a shard's learners must hold, and how much more they can.
struct Unsent {
    double least = 0;
    double room = 0;     // up to D
    double too_few = 0;  // learners who cannot hold what they must
};

// Columns of doubles and nothing else, as they lie in memory.
template <class Sums>
void append(Message& to, const Sums& sums) {
    static_assert(std::is_trivially_copyable_v<Sums> && sizeof(Sums) % sizeof(double) == 0);
    const std::size_t at = to.size();
    to.resize(at + sizeof(Sums) / sizeof(double));
    std::memcpy(to.data() + at, &sums, sizeof(Sums));
}
template <class Sums>
Sums taken(std::span<const double> from, std::size_t& at) {
    constexpr std::size_t length = sizeof(Sums) / sizeof(double);
    if (from.size() < at + length) throw std::invalid_argument("a shard's answer is too short");
    Sums sums;
    std::memcpy(static_cast<void*>(&sums), from.data() + at, sizeof(Sums));
    at += length;
    return sums;
}

}  // namespace mel
