// Where one pair of prices leaves a gap: boxes of splits that together are all of them, each with
// prices of its own. A learner that may rest costs something before its first sample, and whole
// samples and the price of what is shared decide each other: what a pair of prices can not say of
// all splits it can say of those in which somebody takes part, or holds no more than so many.
#pragma once

#include <cstdint>
#include <vector>

#include "energy/energy_learners.hpp"
#include "mel/energy.hpp"

namespace mel {

class EnergyTree {
  public:
    // One box: all splits, and what is proved of them.
    EnergyTree(EnergyLearners& learners, const EnergyNode& prices, double bound);

    // The box of which least is proved, and that: what the whole tree proves.
    std::size_t weakest() const;
    double bound() const { return boxes_[weakest()].bound; }

    // Two boxes in place of one, `below` and `below` + 1, with its prices and its bound: at the
    // learner that is nearest to another choice. None where the box is a single split.
    struct Halves {
        bool some = false;
        std::size_t below = 0;
    };
    Halves divide(std::size_t box);
    // The same at how many learners take part, so many as in a plan, fewer or more: what a whole
    // number of those who pay for taking part leaves open no box of single learners closes. None
    // where the box says that.
    Halves divide_takers(std::size_t box, double planned);

    // Confines the learners to a box; false, and nothing is left to prove there, where it is empty.
    bool enter(std::size_t box);
    const EnergyNode& prices(std::size_t box) const { return boxes_[box].node; }
    // Of a box, where that is more than is known.
    void prove(std::size_t box, double bound, const EnergyNode& prices);

    // In preorder: a division, all of what is below it, all of what is above.
    std::vector<EnergyNode> in_order() const;

  private:
    struct EnergyBox {
        EnergyNode node;
        double bound;
        std::vector<double> fewest, most;
        TakerRange takers;
        std::size_t below = 0;  // 0: not divided
    };
    struct Choice {
        std::size_t learner;
        double at;      // samples, from below or from above
        double regret;  // joules that the other side costs more at the prices
    };
    Choice choose(std::size_t box);

    EnergyLearners& learners_;
    std::vector<EnergyBox> boxes_;
};

}  // namespace mel
