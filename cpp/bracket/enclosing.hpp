// Both ends at the best prices that a search found: what they prove too little, a split, and what
// closes the gap between the two where one learner more or less leaves them apart.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "bracket/fixed_choices.hpp"
#include "bracket/least_prices.hpp"
#include "bracket/shrinking_tree.hpp"

namespace mel {

class Enclosing {
  public:
    Enclosing(const Problem& problem, std::int64_t tau, Resource resource, const Settings& settings,
              Interval box, double too_short);
    Enclosing(const Enclosing&) = delete;

  protected:
    static constexpr double aim = 8e-10;  // relative: what is wide is brought nearer, to this

    static bool closed(const Bracket& found);
    bool closed() const { return closed(bracket_); }
    bool in_lanes() const { return whole_in_lanes(problem_); }
    bool in_blocks() const { return problem_.block_hz() > 0; }
    bool usable() const { return point_.prices.usable() && std::isfinite(amount_) && amount_ > 0; }
    std::int64_t passes_so_far() const;

    void enclose_there();

    const Problem& problem_;
    Resource resource_;
    bool counts_ = false;  // all that counts passes is there
    Settings settings_;
    double too_short_;
    Workshop shop_;
    PassPoint point_;
    double amount_;
    LeastPrices prices_;
    std::int64_t passes_ = 0;  // beside those of the shop, the prices and the tree that grows
    const ShrinkingTree* growing_ = nullptr;
    Bracket bracket_;

  private:
    Settings counting(Settings settings) const;
    bool refute();
    bool split();
    bool complete_split(Prices prices);
    bool complete_split(Prices prices, bool thorough);
    bool asks_some() const;
    void close_gap();
    FixedChoices fixed_choices();
    bool split_at(const JumpTree::Found& fixed);
    void refute_boxes(const JumpTree& tree, double target);

    double radius_ = 0;
    std::vector<double> whole_;
};

}  // namespace mel
