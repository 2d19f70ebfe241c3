// One selection: the bound, the plan, and where they do not meet the tree.
#pragma once

#include <optional>
#include <vector>

#include "mel/selection.hpp"
#include "select/fitting.hpp"
#include "select/lowest.hpp"
#include "select/refuting.hpp"
#include "split/whole_samples.hpp"

namespace mel {

class Selector {
  public:
    Selector(const Problem& problem, std::int64_t tau, const SelectionGoal& goal,
             const Settings& settings);
    Selection run();

  private:
    struct Open {
        std::size_t node;
        Cell cell;
        Bid bid;
        double bound;
        std::vector<Bid> starts = {};  // where its prices may be
    };
    struct Built {
        SelectionNode node;
        std::size_t below = 0;
        std::size_t above = 0;
    };

    double target() const;
    double rounded_down(double worth) const;
    double tolerance() const;
    void nobody();
    Cell whole_cell() const;
    void alone();
    void many();
    void few();
    bool only_choice();
    double least_of_all() const;
    bool least_is_too_much(double chosen = 0);
    bool just_the_least();
    bool still_too_much(const Bid& bid) const;
    bool refutes(double total);
    bool nobody_has_time();
    bool refuted_roughly(const Bid& bid);
    void bound_at(const Bid& bid);
    bool within_limits(const Numbers& samples) const;
    void bound_by_capacity();
    void look_above();
    void look_closer(Bid bid);
    bool single_samples_do() const;
    bool refine(const Bid& bid, const Cell* cell);
    struct Part;
    Selection ask(Part& part);
    void among_those_who_can();
    enum class Among { many, open, closed };
    Among among_those_who_matter(const Bid& bid, const Numbers& margins, const Choices::Bound& at);
    struct Lift;
    bool lift(Part& part, const Bid& root, Selection& found);
    bool look_for_plan(const Bid& bid, const Cell* cell);
    bool hold_just_enough(Bid bid, const Chosen& chosen);
    enum class Sums { none, open, held };
    Sums hold_a_sum(Bid bid);
    struct Subsets;
    bool close_by_subsets(const Bid& bid);
    bool offer(const Numbers& samples, bool fits = false);
    bool no_split(const Cell* cell, Bid& bid) const;
    bool no_split_of_all(Bid& bid) const;
    double needed() const { return static_cast<double>(goal_.at_least); }
    bool close(Open& open);
    std::optional<bool> refuted(Open& open);
    bool looks_for_plans() const;  // at this node
    bool close_whole(Open& open);
    bool close_worth(Open& open);
    bool close_nearly(Open& open);
    bool choose_switching(const Open& open, std::size_t& learner, double& at) const;
    bool close_the_last(Open& open);
    bool try_splits(const Cell& cell);
    std::size_t among_twins(const Cell& cell, const Mixture& mixture, std::size_t learner) const;
    Among close_among_some(const Bid& bid);
    bool choose(const Open& open, std::size_t& learner, double& at) const;
    bool choose_widest(const Cell& cell, std::size_t& learner, double& at) const;
    void branch(Open& open, std::size_t learner, double at, std::vector<Open>& stack);
    void one_leaf(const Bid& bid);
    static void divide(const Choices& choices, std::size_t learner, double at, Cell& less,
                       Cell& more);
    void write_tree();
    Selection finish();

    const Problem& problem_;
    SelectionGoal goal_;
    const Settings& settings_;
    Stop stop_;
    Pool pool_;
    Choices choices_;
    Fitting fitting_;
    Lowest lowest_;
    Refuting refuting_;
    WholeSamples rounding_;
    Selection found_;
    Numbers best_;   // the best plan's samples
    Numbers known_;  // those of a plan that is known before, or nothing
    Fitting::Fit best_fit_;
    std::vector<Built> built_;
    bool near_ = false;       // the first box's bound is nearly the best plan's worth
    bool closer_ = false;     // what is left of a gap is looked at
    double least_worth_ = 0;  // of a plan with any samples
    double most_work_ = 4e8;  // choices looked at, of a tree
};

}  // namespace mel
