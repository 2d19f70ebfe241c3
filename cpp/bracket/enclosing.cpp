#include "bracket/enclosing.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bracket/bracket_search.hpp"
#include "split/whole_samples.hpp"

namespace mel {
namespace {

constexpr double near = 3e-11;     // relative: how far the lower end stays below
constexpr double blurred = 1e-10;  // relative: what rounding may cost the lower end
constexpr double roomy = 1.01;     // times the lower end: surely enough
constexpr double roomy_in_blocks = 1.1;
constexpr int rounds = 6;
constexpr double narrow = 1e-4;  // relative: about the prices found
constexpr int most_attempts = 8;
constexpr double few_samples = 256;    // that single steps make up for in no time
constexpr double many_samples = 1000;  // a learner
constexpr double finer = 4;            // a plan need not be as near as the ends are
constexpr std::size_t most_leaves = 256;

}  // namespace

Enclosing::Enclosing(const Problem& problem, std::int64_t tau, Resource resource,
                     const Settings& settings, Interval box, double too_short)
    : problem_(problem),
      resource_(resource),
      settings_(counting(settings)),
      too_short_(too_short),
      shop_(problem, settings_, box),
      point_(shop_.begin(problem, static_cast<double>(tau), settings)),
      amount_(amount_of(problem, resource)),
      prices_(problem, shop_.boxes.real(point_.tau), shop_.boxes.whole(point_.tau), resource,
              shop_.pool, too_short) {
    counts_ = true;
}

// Whoever may stop it is told of the passes so far.
Settings Enclosing::counting(Settings settings) const {
    if (!settings.should_stop) return settings;
    settings.should_stop = [this, tell = settings.should_stop](Progress at) {
        if (counts_) at.passes += passes_so_far();
        return tell(at);
    };
    return settings;
}

std::int64_t Enclosing::passes_so_far() const {
    return shop_.switching_point.passes() + prices_.passes() + passes_ +
           (growing_ ? growing_->passes() : 0);
}

bool Enclosing::closed(const Bracket& found) {
    const double upper = found.need.amount;
    return !found.samples.empty() && upper - found.lower <= ends_apart * upper;
}

void Enclosing::enclose_there() {
    radius_ = prices_.widen(point_, narrow);
    const bool linear = resource_ != Resource::cycle && !in_blocks();
    if (linear) prices_.sharpen(point_, amount_, blurred);
    if (refute() && !shop_.pool.stop().check() && split()) close_gap();
}

// The most that the best prices prove too little. Only where costs change with the amount
// does that take another look, and where bandwidth comes in blocks, of which nobody takes more
// than there are.
bool Enclosing::refute() {
    LeastPrices::Look seen = prices_.best();
    for (int round = 0; round < rounds; ++round) {
        amount_ *= 1 - 0.5 * near;
        if (resource_ == Resource::cycle || in_blocks()) {
            seen = prices_.look(point_, amount_);
        } else {
            prices_.judge(point_, amount_, seen);
        }
        if (shop_.pool.stop().requested() || seen.sums.impossible > 0) return false;
        if (seen.excess.proves_infeasible()) {
            if (amount_ > bracket_.lower) {
                bracket_.lower = amount_;
                bracket_.tree = {TreeNode{-1, 0, point_.prices}};
            }
            return true;
        }
        amount_ = std::min(amount_, seen.rules_out);
        if (!(amount_ > 0)) return false;
    }
    return false;
}

// What the best look found, some learners flipped to the other answer: as it is, or at the
// prices that make up for what is then too much or too little.
bool Enclosing::split() {
    const std::vector<std::size_t> flips = prices_.model().best_flips();
    const double over = prices_.best().sums.samples.value() - problem_.samples_real();
    const bool as_it_is = flips.empty() && (!in_lanes() || std::fabs(over) <= few_samples);
    if (!as_it_is && split_at(JumpTree::fixing(prices_.model(), flips))) return true;
    whole_ = prices_.samples();
    return complete_split(point_.prices);
}

// Makes whole_ D in all: whether that needs less than any split before. Where everybody takes
// many samples, those that a part of the learners makes up for lose next to nothing.
bool Enclosing::complete_split(Prices prices) {
    bool better = false;
    const double many = many_samples * static_cast<double>(problem_.size());
    if (!in_blocks() && problem_.samples_real() >= many && asks_some()) {
        const std::vector<double> begun = whole_;
        better = complete_split(prices, false);
        if (closed() || shop_.pool.stop().requested()) return better;
        whole_ = begun;
    }
    return complete_split(prices, true) || better;
}

// Whether few enough of whole_ are too many or missing.
bool Enclosing::asks_some() const {
    CompensatedSum sum;
    for (const double d : whole_) sum.add(d);
    return repair_step(whole_.size(), {above(sum, problem_.samples_real()), finer}) > 1;
}

bool Enclosing::complete_split(Prices prices, bool thorough) {
    const double enough = bracket_.lower * (in_blocks() ? roomy_in_blocks : roomy);
    const Problem here = with_amount(problem_, resource_, enough);
    const Box sure = shop_.boxes.sure(point_.tau);
    if (!sure.upper.empty()) {
        for (std::size_t k = 0; k < whole_.size(); ++k) {
            if (sure.high(k) < sure.low(k)) return false;
            whole_[k] = std::min(whole_[k], sure.high(k));
        }
    }
    WholeSamples rounding(problem_, shop_.pool);
    rounding.count_blocks();
    const WholeSamples::Effort effort{.thorough = thorough, .finer = finer};
    if (!rounding.repair(sure, {point_.tau, point_.cycle_s, prices}, whole_, effort)) return false;
    SplitNeed need = least_of_split_near(
        here, point_.tau, whole_, resource_,
        {.amount = bracket_.lower, .ratio = prices.mu / prices.lambda}, shop_.pool);
    if (need.bandwidth_hz.empty()) return false;
    if (!bracket_.samples.empty() && !(need.amount < bracket_.need.amount)) {
        return false;
    }
    bracket_.need = std::move(need);
    bracket_.samples.resize(whole_.size());
    std::copy(whole_.begin(), whole_.end(), bracket_.samples.begin());
    return true;
}

// Where one learner more or less leaves the ends apart: better splits, and boxes in which
// switching learners are fixed to one answer, each with its own prices.
void Enclosing::close_gap() {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const double upper = bracket_.need.amount;
        if (closed() || shop_.pool.stop().check()) return;
        const double target = upper * (1 - aim);
        const double share = resource_ == Resource::cycle ? radius_ : 0.5;
        JumpTree tree(prices_.model(), {.radius = radius_, .amount = share * prices_.amount()});
        const double goal = target * (1 + near) - prices_.amount();
        const JumpTree::Outcome outcome = tree.grow(goal, most_leaves);
        if (outcome == JumpTree::Outcome::better && split_at(tree.found())) continue;
        // A split that is no better in truth leaves a box that its own looks may yet close.
        if (outcome != JumpTree::Outcome::too_large) refute_boxes(tree, target);
        return;
    }
}

FixedChoices Enclosing::fixed_choices() {
    return {problem_, prices_, point_, shop_.boxes.whole(point_.tau), radius_, shop_.pool};
}

// At prices near by, with some learners fixed to one answer.
bool Enclosing::split_at(const JumpTree::Found& fixed) {
    const Problem here = with_amount(problem_, resource_, prices_.amount());
    FixedChoices boxes = fixed_choices();
    const Prices prices = boxes.best_samples(fixed, here, whole_);
    passes_ += boxes.passes();
    return prices.usable() && complete_split(prices);
}

void Enclosing::refute_boxes(const JumpTree& tree, double target) {
    FixedChoices boxes = fixed_choices();
    if (target > bracket_.lower && boxes.refute(tree, with_amount(problem_, resource_, target))) {
        bracket_.lower = target;
        bracket_.tree = boxes.proof();
    }
    passes_ += boxes.passes();
}

}  // namespace mel
