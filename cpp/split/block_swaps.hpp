// Splits for fewer blocks than learners: who takes part is then what matters, and single samples
// moved between learners never change it, as the first one costs a whole block. Here learners
// change their samples and blocks together, one or two learners at a time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/parallel.hpp"
#include "learner/boxes.hpp"
#include "learner/resource_blocks.hpp"

namespace mel {

class BlockSwaps {
  public:
    BlockSwaps(const Problem& problem, Pool& pool) : problem_(problem), pool_(pool) {}

    // Whether it is worth while: learners may rest, and some have to.
    bool of_use() const;

    // Moves a split within the box towards D samples in the blocks that there are, at the least
    // power; prices tell what a block and a watt are worth at first. True where it gets there
    // within the budgets, as far as plain sums can tell: then at most a few samples too many are
    // left to take away.
    bool improve(double tau, const Box& box, Prices prices, std::vector<double>& samples);

  private:
    struct Held {
        double samples;
        double blocks;
        double power_w;
        template <class Other>
        void add(const Other& o) {
            samples += o.samples;
            blocks += o.blocks;
            power_w += o.power_w;
        }
    };
    // Of one learner, to other samples and blocks; `loss` is at the prices, in samples.
    struct Move {
        std::uint32_t learner;
        double samples, blocks, power_w;  // more than before
        double loss;
    };
    struct Kind {
        double samples, blocks;  // more than before, the samples in units
        std::vector<Move> moves;
        std::size_t next;  // the first move of a learner that has not moved in this round
    };

    double merit(const Held& all) const;
    std::array<Held, 3> wishes(std::size_t k, double tau, const Box& box) const;
    void gather(double tau, const Box& box);
    void offer(std::size_t k, const Demand& demand, const BlockLink& link, InBlocks to);
    bool round();
    void take(const Move& move);

    const Problem& problem_;
    Pool& pool_;
    Prices prices_{};
    double block_price_ = 0;
    double penalty_ = 0;  // a sample too few, or what a block too many is worth in samples
    double unit_ = 1;
    Held total_{};
    std::vector<Held> held_;
    std::vector<std::array<Held, 3>> wishes_;  // of those who may rest
    std::vector<char> moved_;
    std::vector<Move> moves_;
    std::vector<Kind> kinds_;
};

}  // namespace mel
