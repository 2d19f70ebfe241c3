// Prices at which a box holds no split of D samples with as many participants as there must be, or
// none that is worth so much: cutting planes in the plane of prices, as the tree of `solve` has
// them. What a participant is
// worth is no price to search for: at any prices the bound is lowest where just as many take part
// as must, those who gain most or lose least by it, and that says what the last of them is worth.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "prices/price_polygon.hpp"
#include "select/choices.hpp"

namespace mel {

class Refuting {
  public:
    Refuting(Choices& choices, Pool& pool, const SelectionGoal& goal)
        : choices_(choices), pool_(pool), goal_(goal), polygon_(choices.problem()) {}

    enum class Outcome { refuted, open, stopped };
    // No split is worth `least` or more. `starts` are tried first, as far as they are usable.
    // Refuted: bid() says at what. Open: the last splits are in recent(), the one whose bound is
    // lowest in best().
    struct Wanted {
        double least;
        int most_passes;
    };
    Outcome run(const Cell& cell, std::span<const Bid> starts, const Wanted& wanted);
    const Bid& bid() const { return bid_; }

    // What all do at a bid, as many participants as there must be among them.
    struct Split {
        Bid bid{};
        Numbers samples;
        Numbers margins;  // of taking part, at a participant's worth of nothing
        ChoiceSums sums;
        Choices::Bound bound{};  // less what so many participants are worth
        Cut cut{};
    };
    // i = 0 is the newest; only the first found() are valid.
    const Split& recent(std::size_t i) const {
        return ring_[(newest_ + ring_.size() - i) % ring_.size()];
    }
    std::size_t found() const { return found_; }
    const Split& best() const { return best_; }
    Mixture mixture() const;
    // Between which the bound is lowest: where to begin in a box that differs little.
    std::vector<Bid> best_bids() const;

  private:
    enum class Look { refutes, open, nobody };
    double needed() const { return goal_.whole ? static_cast<double>(goal_.at_least) : 0; }
    bool counts() const { return goal_.whole && goal_.at_least > 0; }
    double typical_worth() const;
    Look look(Split& split, const Cell& cell);
    Look look_at(Split& split, const Cell& cell);
    std::optional<double> worth_of_the_last(const Split& split);
    void leave_as_many(Split& split, const Cell& cell);

    Choices& choices_;
    Pool& pool_;
    const SelectionGoal& goal_;
    std::array<Split, 16> ring_;
    std::size_t newest_ = 0, found_ = 0;
    Split best_;
    Bid bid_{};
    double target_ = 0;
    PricePolygon polygon_;
    std::vector<Cut> cuts_;
    std::vector<double> order_;
};

}  // namespace mel
