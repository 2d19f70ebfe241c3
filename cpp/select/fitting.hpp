// From the choices at the best prices to a plan: what is too much is taken away where that costs
// least, what is left is used up, and water-filling decides whether the split fits.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "select/choices.hpp"
#include "split/block_filling.hpp"
#include "split/water_filling.hpp"
#include "tree/decision.hpp"

namespace mel {

// The choices at a bid, and who of them hardly takes part or rests.
struct Chosen {
    const Numbers& picks;
    const Numbers& margins;
};

class Fitting {
  public:
    Fitting(Choices& choices, Pool& pool, const SelectionGoal& goal)
        : choices_(choices), pool_(pool), goal_(goal) {}

    enum class Ask { now, later };  // whether a split fits; later: what it would take is foretold
    struct Wanted {
        double least;  // it is worth more
        Ask asked = Ask::now;
    };
    // From the choices at `bid`, which sum to that, to a split within the cell that fits and is
    // worth as much as can be; its worth, or a negative number. The split is in samples().
    // Margins, where there are any, say who hardly takes part or rests. Asked later: it may not
    // fit, which is for the caller to find out.
    double raise(const Bid& bid, const Cell* cell, const Chosen& chosen, const ChoiceSums& sums,
                 const Wanted& wanted);
    const Numbers& samples() const { return samples_; }
    // What single samples lose from the next `picks` on, and what answers do that are far from
    // them, as a look told (Picks), or nothing.
    struct Losses {
        const Numbers &steps, &switching;
    };
    void know(const Losses& told) {
        steps_ = &told.steps;
        switching_ = &told.switching;
    }
    // From now on single samples of everybody are moved.
    void look_at_all() { all_near_ = true; }
    // From what `raise` found to the best of all subsets of a few learners that join or leave;
    // false where none is worth more. `others`: half of these
    // few are further ones, block after block.
    bool refine(const Bid& bid, const Cell* cell, std::size_t others = 0);

    // From the choices themselves, with as many participants as there must be, to just D samples by
    // taking a part of everybody's away. The split is in samples(); whether it fits is not asked.
    bool just_these(const Bid& bid, const Chosen& chosen, double cost);
    // From the choices alone: those who pay least for what they are worth, and just D samples by a
    // few changes. The split is in samples(); whether it fits is not asked.
    bool just_enough(const Bid& bid, const Chosen& chosen, std::size_t changes);
    // Who pays how much at the bid, before that; false where all together hold too little.
    bool ask_offers(const Bid& bid, const Chosen& chosen);
    // Of the prices, at which the last question ended, and what the split took of the budgets
    // there.
    double ratio() const { return ratio_; }
    // Where that of the next question is sought from.
    void begin_at(const Prices& prices) { ratio_ = prices.mu / prices.lambda; }
    double load() const { return load_; }

    // Takes samples and participants away until they sum to D, with as many participants as there
    // must be. False if that is not found.
    bool make_whole(const Bid& bid, const Cell* cell, Numbers& samples) const;

    // What a split that fits takes, and at which ratio of the prices: its allocation begins there.
    struct Fit {
        double ratio = 1;
        std::optional<FillSums> sums = {};
        bool foreseen = false;  // by a look at another ratio, which an allocation has to bear out
    };
    bool fits(const Numbers& samples);
    const Fit& fit() const { return fit_; }  // of the last split that fitted
    // Where nothing is sent: the most samples of a learner that are surely in time; negative where
    // not even none are.
    double most_alone(std::size_t k) const;
    std::optional<Allocation> allocate(const Numbers& samples, const Fit& fit, Spare spare,
                                       Pool& pool);

    double worth(const Numbers& samples) const;
    double takers(const Numbers& samples) const;

  private:
    struct Move {
        std::size_t learner;
        double from, to;
        double worth;  // gained, in the bid's measure
        double cost;   // added
        double loss() const { return cost - worth; }
    };
    // By minima, of equal ones the earlier learner last.
    struct Holder {
        double low;
        std::size_t learner;
        bool operator<(const Holder& o) const {
            return low < o.low || (low == o.low && learner > o.learner);
        }
    };
    double low(const Cell* cell, std::size_t k) const;
    double high(const Cell* cell, std::size_t k) const;
    bool may_rest(const Cell* cell, std::size_t k) const;
    double value(const Bid& bid, std::size_t k, double d) const;
    std::optional<Move> step(const Bid& bid, const Cell* cell, std::size_t k, double by) const;
    std::optional<Move> drop(const Bid& bid, const Cell* cell, std::size_t k) const;
    std::optional<Move> join(const Bid& bid, const Cell* cell, std::size_t k) const;
    void take(const Move& move, double& spent);
    void foretell_ratio(const Bid& bid, const std::vector<Move>& moves, std::uint32_t taken);
    void foretell_fit(const Bid& bid, const ChoiceSums& sums);
    bool begin(const Bid& bid, const Cell* cell, const Chosen& chosen, double& spent);
    void top_up(const Bid& bid, const Cell* cell, const Numbers& margins, double& spent);
    void shrink(const Bid& bid, const Numbers& margins, double& spent);
    // Samples, what they cost, how many take part, and how much they hold.
    struct Lowered {
        Numbers samples;
        double cost, takers, held;
    };
    struct Most {
        double cost, samples;
    };
    Lowered dearer(const Bid& bid, const Cell* cell, double times) const;
    double samples_above(const Bid& bid, const Lowered& at, const Most& most) const;
    bool lower_together(const Bid& bid, const Cell* cell, double& spent, const Most& most);
    void lower(const Bid& bid, const Cell* cell, double& spent, double budget);
    void use_up(const Bid& bid, const Cell* cell, double& spent, double budget);
    // What a split costs and may cost, and by how much that was lowered last.
    struct Spending {
        double spent, budget, step;
    };
    void use_up_again(const Bid& bid, const Cell* cell, Spending at);
    void exchange(const Bid& bid, const Cell* cell, double& spent, double budget);
    std::vector<Move> nearest_moves(const Bid& bid, const Cell* cell, std::size_t others) const;
    bool enough_takers() const;
    // Of a split: what it holds, what that is at least, and how many take part.
    struct Held {
        double total, least, count;
    };
    void exchange_whole(const Bid& bid, const Cell* cell, const std::vector<Holder>& order,
                        double target, Numbers& samples, Held& held) const;
    void add_up(const Bid& bid, const Cell* cell, double target, Numbers& samples,
                Held& held) const;
    // What everybody who may take part would hold, and pays for a sample of it.
    struct Offers {
        Numbers samples, each;
    };
    Offers offers_of(Prices prices, const Chosen& chosen) const;
    struct Enough {
        double samples, spare;
    };
    double price_of(const Offers& offers, const Enough& enough) const;
    double price_of_some(const Offers& offers, double target) const;
    Offers offers_;
    double dear_ = -1;  // the price of a sample up to which they hold enough
    bool spread(const Cell* cell, double target, Numbers& samples, Held held) const;
    std::vector<std::size_t> present(const Numbers& samples) const;
    const Problem& part_of(std::vector<std::size_t> who);
    bool told(const Cell* cell) const;
    bool knows_steps(const Cell* cell) const;
    bool has_tops(const Cell* cell, std::size_t k) const;
    std::size_t enough_for(const Bid& bid, const Cell* cell, double budget) const;
    void choose_near(const Bid& bid, const Cell* cell, double spare, const Numbers& margins);
    void choose_steps(double spare);
    bool look_at_more(const Bid& bid, const Cell* cell, double spare, const Numbers& margins);
    bool fits_alone(const Numbers& samples) const;
    bool all_served(const Numbers& samples) const;
    bool whole(const Numbers& samples) const;
    // Whether all who have no samples take no part.
    bool idle_rest() const { return choices_.problem().excused() || choices_.everybody_rests(); }
    const Numbers& padded(const Numbers& samples);

    Choices& choices_;
    Pool& pool_;
    const SelectionGoal& goal_;
    Numbers samples_;
    Numbers padded_;                 // the same to whole groups, of the last question
    std::vector<std::size_t> near_;  // learners looked at for single samples,
    std::vector<std::size_t> torn_;  // and for whether they take part
    std::size_t torn_times_ = 1;     // as many of them as at first
    double takers_ = 0;
    const Numbers* margins_ = nullptr;    // that `raise` was told
    const Numbers* picks_ = nullptr;      // the choices that they are of,
    const Numbers* steps_ = nullptr;      // and what a sample more or less loses,
    const Numbers* switching_ = nullptr;  // or an answer far from that
    bool all_near_ = false;
    std::vector<std::size_t> who_;  // takes part in `part_`, the last split's problem
    std::unique_ptr<Problem> part_;
    bool shrunk_ = false;            // to hardly more than D
    double spent_ = 0, budget_ = 0;  // of the split that `raise` found
    double bent_ = 0;                // what it takes beyond that at its own ratio of the prices
    double ratio_ = 1;               // where the next question begins
    double load_ = 1;
    Fit fit_;
};

}  // namespace mel
