// The search for the largest tau, from the guess to the result, wherever the learners are: which
// tau to ask about, and the ladder of questions about one. What touches single learners is asked
// of whoever derives from this: Solver, whose learners are here, and ShardedSolver.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/chunks.hpp"
#include "mel/solve.hpp"
#include "prices/mixture.hpp"
#include "prices/switching_point.hpp"
#include "split/water_filling.hpp"
#include "split/whole_samples.hpp"
#include "tree/decision.hpp"

namespace mel {

class TauSearch {
  public:
    virtual ~TauSearch() = default;
    TauSearch(const TauSearch&) = delete;
    TauSearch& operator=(const TauSearch&) = delete;

    Result run();
    Result decide_one(std::int64_t tau);
    // The same of a part, where no more than `upper` is possible for the whole.
    Result run_part(std::int64_t upper);
    Result decide_part(std::int64_t tau, std::int64_t upper);
    // Of the only leaf of the result's tree, where parts of samples count. It is of the whole
    // problem then, also where a part of the learners was asked.
    LeafParts parts() const { return parts_; }

  protected:
    // `problem` is asked for what it says of all learners together, never for one of them. `part`:
    // of a problem whose other learners may rest, and no bound may rest on their absence.
    TauSearch(const Problem& problem, const Settings& settings, bool part, Sweeps& sweeps,
              Fills* fills, Stop::Clock::time_point begin = Stop::Clock::now());

    static constexpr std::int64_t nodes_for_a_plan = 64;
    static constexpr double work_for_a_plan = 5e4;  // learner responses
    static constexpr double work_for_a_bound = 5e5;
    static constexpr std::int64_t any_number_of_nodes = std::numeric_limits<std::int64_t>::max();
    enum class Answer { feasible, infeasible, unresolved, stopped };
    using Plan = std::optional<Allocation>;
    using Part = std::function<Result(TauSearch&)>;

    // Whether learners have limits of their own, which of these are caps, whether they leave no
    // split at all, and a tau above which some learner can not hold its fewest samples.
    virtual bool limited() const = 0;
    virtual bool capped() const = 0;
    virtual bool contradicts() const = 0;
    virtual double largest_tau() = 0;
    // A tau above which computing alone forbids a plan.
    virtual std::int64_t conceivable_tau() const = 0;

    // Whether learners are so many for what there is to do that a part of them can be asked, and
    // what they answered; false where the whole problem may as well be asked.
    virtual bool few_take_part(double tau) = 0;
    virtual bool ask_takers(double tau, const Part& ask) = 0;
    // What a search among a part is told of limits, and where the next one begins after it.
    void tell_part(Settings& settings) const;
    void hear_part(const Result& found, Settings& settings);

    // Rungs of the ladder.
    virtual Decision by_capacity(double tau) = 0;
    virtual Decision by_computing_alone(double tau) = 0;
    virtual Decision by_tree(double tau, Prices start) = 0;
    // Prices of whole samples alone, where real ones said too much: of many learners few looks.
    virtual Decision by_wholes(double, Prices) { return {}; }
    // Whether prices that come from a question next to this one refute whole samples, too.
    virtual Decision by_known_prices(double, Prices) { return {}; }

    // Real samples: drawn at prices, or dealt out of a mixture; their sum. Not a number where that
    // was stopped. Then whole ones next to them; their sum, as carry() says. Then exactly D of
    // them, at the prices that cost least. Each goes on from what the one before it left.
    virtual double draw(const PassPoint& point) = 0;
    virtual double deal(double tau, std::span<const MixturePart> parts) = 0;
    virtual double carry(const WholeSamples::Times& times) = 0;
    virtual bool repair(const PassPoint& at) = 0;
    // Whether everybody's are within what it may have, surely; and what they are given.
    virtual bool within_box(double tau) = 0;
    virtual TimedSplit split(double tau) = 0;
    virtual Shares shares() = 0;
    virtual Plan written() = 0;
    // Where the sharing of a split begins: the ratio of the prices, and when it may be finished.
    struct Begin {
        double ratio;
        double finish_s;
        WaterFilling::Guess guess = WaterFilling::Guess::near;
    };
    virtual Plan allocate_blocks(double tau, Begin begin) = 0;

    virtual void learnt(Allocation& plan);  // of the largest tau so far

    virtual std::int64_t more_passes() const = 0;  // beside those counted here
    virtual std::int64_t nodes() const = 0;

    Plan allocate(double tau, Begin begin);
    Decision decided(Plan plan) const;
    // About how many whole samples fit at a tau; 0: not told.
    struct Room {
        double tau = 0;
        double samples = 0;
    };
    void tell(const Room& room);
    std::int64_t passes() const;
    std::size_t stride_of(std::size_t learners) const {
        return sample_stride(problem_.size(), learners);
    }

    const Problem& problem_;
    const Settings& settings_;
    bool part_;
    Result result_;
    std::int64_t upper_ = 0;
    Blame blame_ = Blame::none;
    LeafParts parts_{};
    std::int64_t capacity_passes_ = 0;
    std::int64_t taker_passes_ = 0;  // over all learners and over parts
    std::int64_t taker_nodes_ = 0;
    Stop stop_;
    Pool pool_;
    SwitchingPoint switching_point_;
    WaterFilling filling_;
    MixtureSearch mixture_;
    Prices prices_{};
    bool halted_ = false;                            // a part's search was stopped
    std::int64_t node_limit_ = any_number_of_nodes;  // of branch and bound on one tau
    double most_work_;                               // of a tree,
    double work_limit_;                              // of it, while no plan is known
    bool put_off_ = false;                           // some tau, for that limit
    bool wholes_first_ = false;  // real samples said of a tau what whole ones did not
    double end_tau_ = 0;

  private:
    PassPoint begin() const;
    // Whether the guess of tau says where the prices for this one are.
    bool near_guess(double tau) const;
    void find_largest();
    bool find_among_takers(double guess);
    PassPoint guess_tau();
    std::function<bool()> poll();
    std::int64_t whole_guess(double guess, std::int64_t least) const;

    void search(std::int64_t guess, bool hopeful = false);
    std::int64_t also_refuted(std::int64_t tau, std::int64_t low);
    struct Left {  // fits, or is none; the largest that nothing refutes
        std::int64_t low;
        std::int64_t ceiling;
    };
    std::optional<std::int64_t> foretold(const Left& left);
    void search_plan_first(std::int64_t guess);
    void search_in_blocks(std::int64_t guess);
    void tighten();
    Answer decide(std::int64_t tau);
    Answer learn(std::int64_t tau, Decision decision);
    Result finish();

    Decision climb(double tau);
    Decision by_rounding(double tau);
    Decision by_prices(PassPoint& point);
    Decision by_mixture(double tau, Prices start);
    bool round_reals(double tau, Prices prices, double aim_s);
    double tau_by_mixture(double guess);
    Plan plan_from_mixture(double tau);

    bool smooth_ = true;
    double expected_ = 0;  // up to here the search expects plans
    std::optional<PassPoint> guess_;
    Room fits_, over_;   // the last where D samples fit, and where they do not
    bool told_ = false;  // since tau was last chosen
    int followed_ = 0;   // how often what they foretold was asked next
};

}  // namespace mel
