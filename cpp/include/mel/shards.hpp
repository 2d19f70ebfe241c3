// One problem whose learners are in many places, each of which is asked in turn. What travels are
// short columns of numbers: questions, and sums that add up to those of the whole to the bit.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "mel/among.hpp"
#include "mel/result.hpp"

namespace mel {

class Problem;

using Message = std::vector<double>;

// Learners come in chunks of so many; a shard begins with one, and ends with one or with the last
// learner of all.
inline constexpr std::size_t shard_grain = 1024;

// The learners of one place. Every answer is a pure function of them and of the question: a shard
// made again answers the same, and what it keeps from one question to the next only saves time.
class Shard {
  public:
    // `problem` states the task and the budgets of the whole.
    Shard(const Problem& problem, const Among& among, int threads);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // Throws std::invalid_argument where the question is none.
    Message answer(std::span<const double> question);

  private:
    class Desk;
    std::unique_ptr<Desk> desk_;
};

// Where the learners are, and how they are reached.
struct Places {
    std::vector<std::size_t> first;  // learner of every place, in order; the last ends with `size`
    std::size_t size = 0;
    // Asks every place its own question; as many answers, or none to end the search.
    std::function<std::vector<Message>(const std::vector<Message>&)> ask;
    // The problem of some learners alone, with all the samples and budgets; their numbers rise.
    std::function<Problem(std::span<const std::size_t>)> some;
};

// The learners that a search among so many asks Places::some() for first, in order: to be brought
// at one go.
std::vector<std::size_t> sampled_learners(std::size_t size);

// The question whose answer is every learner's samples, bandwidth and power, column after column.
struct ShardedResult {
    Result result;
    std::vector<Message> plan;  // one a place; empty where there is no plan
};

// What solve() would say of the whole, bit for bit, as far as prices, rounding and mixtures
// decide; where it would go through boxes of integers, or leave learners out, this leaves tau open.
// Bandwidth divisible at will; nobody optional. A part's problem says of its payloads what is so of
// all (Problem::among).
ShardedResult solve_sharded(const Places& places, const Settings& settings);

}  // namespace mel
