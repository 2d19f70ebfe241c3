// Boxes in which switching learners are fixed to one answer each, until the model says that prices
// rule out enough in every box.
#pragma once

#include <cstddef>
#include <vector>

#include "bracket/jump_model.hpp"

namespace mel {

class JumpTree {
  public:
    JumpTree(const JumpModel& model, JumpModel::Within within);

    // A box that is split by a jump, or a leaf with its prices. Jumps are those of the root model.
    struct Node {
        std::size_t jump = 0;
        std::size_t taken = 0;  // the box with the answer taken; 0: a leaf
        std::size_t other = 0;
        JumpModel::Place place;
    };

    // Splits until every leaf rules out a change of the amount of `goal`, or holds a single split
    // that needs less: the best of those is then found(). Too large also where it is stopped.
    enum class Outcome { closed, better, too_large };
    Outcome grow(double goal, std::size_t most_leaves);

    const std::vector<Node>& nodes() const { return nodes_; }

    struct Choice {
        std::size_t jump;
        bool other;  // not the answer taken
    };
    struct Found {
        std::vector<Choice> fixed;
        JumpModel::Place place;  // the prices at which all others choose as they should
    };
    const Found& found() const { return found_; }

    // The same for jumps that are to be made, no others: at the prices at which the rest then fits.
    static Found fixing(const JumpModel& model, const std::vector<std::size_t>& flips);

  private:
    struct Open {
        std::size_t node;
        JumpModel model;
        std::vector<std::size_t> jumps;  // of the model, as the root numbers them
        std::vector<Choice> fixed;
    };
    Open below(const Open& open, std::size_t jump, bool other, std::size_t node) const;

    JumpModel::Within within_;
    std::vector<Node> nodes_;
    std::vector<Open> open_;
    Found found_;
};

}  // namespace mel
