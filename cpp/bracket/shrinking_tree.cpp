#include "bracket/shrinking_tree.hpp"

#include <algorithm>
#include <limits>

namespace mel {
namespace {
// Learner responses: then decisions about amounts further below narrow the ends sooner.
constexpr double most_work = 2e8;
constexpr double longer = 8;
}  // namespace

ShrinkingTree::ShrinkingTree(const Problem& problem, double tau, Resource resource, Boxes& boxes,
                             Pool& pool, bool part)
    : problem_(problem),
      tau_(tau),
      resource_(resource),
      pool_(pool),
      here_(problem),
      rounding_(here_, pool),
      filling_(here_, pool),
      block_filling_(here_, pool),
      tree_({here_, pool, rounding_, filling_, block_filling_, part}, boxes) {}

bool ShrinkingTree::close(Bracket& known, Prices start, double width) {
    width_ = width;
    step_ = 1;
    goal_ = known.need.amount * (1 - width);
    ask(goal_);
    const BranchAndBound::Shrinking shrinking{[&] { return fits(known); }, [&] { return back(); }};
    const auto outcome =
        tree_.decide(tau_, start, most_work, std::numeric_limits<std::int64_t>::max(), &shrinking);
    if (outcome != BranchAndBound::Outcome::infeasible || !(goal_ > known.lower)) return false;
    known.lower = goal_;
    known.tree = tree_.refutation().tree();
    return true;
}

void ShrinkingTree::ask(double amount) { here_ = with_amount(problem_, resource_, amount); }

// A better split, and what it says of the amounts to ask about; false where there is nothing left
// to ask, or the split is no better in truth.
bool ShrinkingTree::fits(Bracket& known) {
    const std::vector<double>& samples = tree_.samples();
    SplitNeed need =
        least_of_split_near(here_, tau_, samples, resource_,
                            {.amount = amount_of(here_, resource_), .ratio = tree_.ratio()}, pool_);
    if (need.bandwidth_hz.empty() || !(need.amount < known.need.amount)) return false;
    known.need = std::move(need);
    known.samples.resize(samples.size());
    std::copy(samples.begin(), samples.end(), known.samples.begin());
    const double upper = known.need.amount;
    goal_ = upper * (1 - width_);
    if (!(goal_ > known.lower)) return false;
    ask(std::clamp(upper * (1 - step_ * width_), 0.5 * (known.lower + upper), goal_));
    step_ *= longer;
    return true;
}

// After a hope for far less: true if that is all that was answered.
bool ShrinkingTree::back() {
    step_ = 1;
    if (!(amount_of(here_, resource_) < goal_)) return false;
    ask(goal_);
    return true;
}

}  // namespace mel
