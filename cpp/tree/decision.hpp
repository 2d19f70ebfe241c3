// What is known of one tau: that it is impossible, with the proof; a plan; or nothing yet. Guesses
// (prices, real samples, splits that nobody has allocated) are of other types and do not convert.
#pragma once

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "mel/buffer.hpp"
#include "mel/result.hpp"
#include "passes/proof.hpp"

namespace mel {

// A proof that no plan exists: one pair of proving prices, a capacity too small, or a tree of boxes
// of which each is closed by one of them.
class Refutation {
  public:
    explicit Refutation(const ProvingPrices& proof)
        : tree_{TreeNode{-1, 0, proof.prices()}}, blame_(Blame::radio) {}
    explicit Refutation(const ProvingParts& proof)
        : tree_{TreeNode{-1, 0, proof.prices()}}, parts_(proof.parts()), blame_(Blame::radio) {}
    // Prices of zero: the learners can not compute and return D samples whatever the radio.
    explicit Refutation(const ProvedCapacity& capacity)
        : tree_{TreeNode{}},
          blame_(capacity.impossible() ? Blame::slow_return : Blame::computing) {}

    const std::vector<TreeNode>& tree() const { return tree_; }
    std::vector<TreeNode> take_tree() { return std::move(tree_); }
    LeafParts parts() const { return parts_; }  // of its only leaf, if any count
    Blame blame() const { return blame_; }

  private:
    friend class BranchAndBound;  // which closes every leaf
    explicit Refutation(std::vector<TreeNode> tree)
        : tree_(std::move(tree)), blame_(Blame::radio) {}

    std::vector<TreeNode> tree_;
    LeafParts parts_{};
    Blame blame_;
};

// A plan: samples that sum to D and what every learner gets, looked at as a proof looks.
struct Allocation {
    Buffer<std::int64_t> samples;
    Buffer<double> bandwidth_hz;
    Buffer<double> power_w;
    Buffer<std::int64_t> blocks;  // empty where bandwidth is divisible at will
};

class Decision {
  public:
    struct Open {};     // nobody knows yet
    struct Stopped {};  // and nobody is to look any longer

    Decision() = default;
    Decision(Stopped stopped) : what_(stopped) {}
    Decision(Refutation refutation) : what_(std::move(refutation)) {}
    Decision(Allocation plan) : what_(std::move(plan)) {}

    bool open() const { return std::holds_alternative<Open>(what_); }
    bool stopped() const { return std::holds_alternative<Stopped>(what_); }
    const Refutation* refutation() const { return std::get_if<Refutation>(&what_); }
    Refutation* refutation() { return std::get_if<Refutation>(&what_); }
    Allocation* plan() { return std::get_if<Allocation>(&what_); }

  private:
    std::variant<Open, Stopped, Refutation, Allocation> what_;
};

}  // namespace mel
