// Many learners, few samples: who can matter at given prices, and who surely does not.
//
// A learner that may rest adds max(0, v) to the dual bound, v being the best value of taking part.
// Where v <= 0 at the prices of every leaf of a proof, it adds nothing to any of them, and what
// proves the problem of the others proves the whole one. Costs rise with both prices, so one look
// at the lowest lambda and the lowest mu of all leaves does for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/chunks.hpp"
#include "passes/sweeps.hpp"
#include "tree/branch_and_bound.hpp"

namespace mel {

// The learners that must take part or would at these prices, and any of whom rounding can not
// tell: all others are worth nothing, in exact arithmetic, at these prices or any that are higher.
std::vector<std::size_t> takers(const Problem& problem, const Box& box, const PassPoint& point,
                                Pool& pool);

// The learners to look at first: who takes part at a multiple of the prices at which a few times D
// are drawn; where most are alike, no more of them than that takes. Empty where no such multiple
// is in reach.
std::vector<std::size_t> first_takers(const Problem& problem, const Box& box, Sweeps& sweeps,
                                      const PassPoint& point, Pool& pool);

// The same when `back` turned out to be worth something at prices, and others soon would be.
std::vector<std::size_t> more_takers(const Problem& problem, const Box& box, const PassPoint& point,
                                     std::span<const std::size_t> part,
                                     std::vector<std::size_t> back, Pool& pool);

// What these go by, where the learners are elsewhere: how many samples are to be drawn for each of
// D at first, how many of learners who are worth the same are looked at, and at what share of the
// prices others would soon be worth something.
inline constexpr double drawn_at_first = 3;
inline constexpr double most_worth_the_same = 16384;
inline constexpr double soon_worth = 0.9;
// Learners from whom the prices that draw so much are found.
inline constexpr std::size_t drawing_learners = 2 * searched_learners;

// Prices times the largest multiple at which so many samples are taken, from a sample of the
// learners; not usable where no such multiple is in reach.
struct Draw {
    Prices prices{};
    double samples = 0;
};
Draw prices_that_draw(const Problem& problem, Sweeps& sweeps, const PassPoint& point,
                      double samples, Pool& pool);

// Whether so few take part at these prices, or would do, that it is worth while to leave the
// others out.
bool few_take_part(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool);
// The same of every step-th whole group, of learners who have `share` samples each to take.
bool few_take_part(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                   std::size_t step, double share);
std::size_t asked_stride(std::size_t learners);
// Whether the problem is one of which learners may be left out at all.
bool may_leave_out(const Problem& problem);

// A leaf of a proof for a part, and what the part's learners add up to there.
struct ProvedLeaf {
    Prices prices;
    SplitSums sums;
};

// A proof for a part of the learners, its leaves' prices moved up as far as they still prove: the
// higher they are, the fewer others could matter.
class RaisedTree {
  public:
    // `tree` proves that the part has no plan at tau; only its leaves' prices change.
    RaisedTree(const Problem& part, Boxes& boxes, double tau, std::vector<TreeNode>& tree,
               Pool& pool);

    // The lowest prices of any leaf that counts on them; not usable where none does: then the
    // learners' own bounds prove all.
    Prices lowest() const { return lowest_; }
    bool counts_on_prices() const { return lowest_.lambda > 0; }
    // Those that count on their prices, where bandwidth comes in blocks.
    std::span<const ProvedLeaf> leaves() const { return leaves_; }
    std::int64_t passes() const { return passes_; }

  private:
    void raise(TreeNode& leaf, const Box& box);
    void raise_bandwidth(TreeNode& leaf, const Box& box);
    void count(Prices prices);
    bool closes(const Box& box, Prices prices, bool& impossible);

    const Problem& part_;
    double tau_;
    Pool& pool_;
    bool worth_raising_;
    Prices lowest_{};
    std::vector<ProvedLeaf> leaves_;
    SplitSums newest_;
    std::vector<SplitSums> chunks_;
    std::vector<double> samples_;
    std::int64_t passes_ = 0;
};

// Sorted, as are the next two.
std::vector<std::size_t> joined(std::span<const std::size_t> a, std::span<const std::size_t> b);
std::vector<std::size_t> missing_from(std::span<const std::size_t> part,
                                      std::span<const std::size_t> wanted);

// The tree of a part in the whole problem's numbers of learners.
void renumber(std::vector<TreeNode>& tree, std::span<const std::size_t> part);

}  // namespace mel
