// The search of block_bracket.hpp: prices from ever more learners, then everybody's near answers,
// proofs and splits.
#pragma once

#include <optional>
#include <vector>

#include "blocks/block_answers.hpp"
#include "blocks/block_bracket.hpp"

namespace mel {

class BlockBracket {
  public:
    BlockBracket(const Problem& problem, double tau, Resource resource, const Settings& settings,
                 Interval box)
        : problem_(problem),
          resource_(resource),
          settings_(settings),
          uniform_(box),
          shop_(problem, settings, box),
          tau_(tau),
          box_(shop_.boxes.whole(tau)) {}
    Bracket run(const BlockPoint& from, bool decided);
    // Where few of them look first.
    BlockPoint roughly();
    // The same from prices that are nearly right, for an amount that is.
    Bracket run_near(Prices prices, double amount);
    // The same for the least power, unless that is clearly more than `enough`.
    Bracket run_within(double enough);
    // Those of the split that was found.
    std::vector<double>& blocks() { return counts_; }

  private:
    bool stopped() { return shop_.pool.stop().check(); }
    bool counts_blocks() const { return resource_ == Resource::bandwidth; }
    Bracket found();
    // The amount as BlockPoint has it.
    double stated() const;
    // Prices of the continuous problem.
    bool begin();
    // Ever more learners, until steps with everybody are all that is left.
    struct Approach {
        double enough;  // of the amount
        double reach;   // of prices, to begin with
    };
    bool approach(Approach to);
    bool among(const std::vector<BlockPart>& parts, CutsWithin within, BlockCurve* curve);
    PassPoint pass_point() const;
    // The best prices among everybody's near answers, a proof there, and a split.
    void enclose();
    // Few learners may have too few near answers to make up for what is left.
    void look_wider(BlockAnswers& answers, BlockAnswers::Near near, double goal);
    bool closed() const;
    // Whether so much more, many times over, rules out no further block.
    bool same_blocks(double more) const;
    // A split among the near answers, and boxes where a single one's choice keeps the ends apart.
    void close_in(const BlockAnswers& answers, const BlockPoint& at, BlockAnswers::Near near,
                  double goal);
    // A split in so many blocks by prices alone, where near answers make up for none.
    void fill(double blocks);
    // The amount that the bracket states for so much.
    double amount_stated(double amount) const;
    // The most that the best prices prove too little; of blocks all that are short of it.
    bool refute();
    struct Split {
        const std::vector<double>&samples, &blocks;
    };
    void take(const Split& split);
    // Where everybody is sent something each takes a block at least. If so many suffice, none
    // fewer do, by a price of a block above all that its power could be worth.
    bool close_at_fewest();
    template <class Run>
    Bracket least_power(double blocks, Run&& run);
    // Whether so many blocks suffice is a question of the least power with them; and where that is
    // more than there is, they do not.
    void close_blocks(double goal, bool dear);
    std::vector<BlockPart> everybody() const;

    const Problem& problem_;
    Resource resource_;
    Settings settings_;
    Interval uniform_;
    Workshop shop_;
    double tau_;
    Box box_;
    std::vector<BlockPart> all_ = everybody();
    BlockPoint point_;
    double moved_ = 0;
    double left_out_ = 0;
    bool decided_ = false;  // whether a number of blocks suffices, by others
    double enough_ = 0;     // power with which any split will do
    std::vector<double> counts_;
    Bracket bracket_;
};

}  // namespace mel
