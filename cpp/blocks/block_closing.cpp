// What closes a bracket in whole blocks: proofs, splits, boxes, and the least power for a number of
// blocks (blocks/block_search.hpp).
#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "blocks/block_search.hpp"
#include "blocks/block_tree.hpp"
#include "passes/proof.hpp"
#include "split/block_fill.hpp"

namespace mel {
namespace {

constexpr double most_radius = 0.3;
constexpr double below = 3e-11;     // relative: how far the lower end stays
constexpr double many_times = 100;  // what one gathering gains
constexpr int most_refutations = 6;
constexpr std::size_t few_answer = 16384;  // learners
constexpr int most_wider = 3;
constexpr double wider_answers = 8;
constexpr double aim = 9e-10;  // relative: of the ends, by boxes
constexpr int most_goals = 4;  // numbers of blocks that are tried

}  // namespace

void BlockBracket::look_wider(BlockAnswers& answers, BlockAnswers::Near near, double goal) {
    const BlockPoint at = point_;
    if (counts_blocks() || problem_.size() > few_answer) return;
    for (int more = 0; more < most_wider; ++more) {
        if (closed() || stopped()) return;
        near.radius = std::min(wider_answers * near.radius, most_radius);
        near.margin = std::min(wider_answers * near.margin, 1.0);
        ++bracket_.passes;
        if (!answers.gather(pass_point(), near) || stopped()) return;
        close_in(answers, at, near, goal);
    }
}

bool BlockBracket::closed() const {
    if (bracket_.samples.empty()) return false;
    const double upper = bracket_.need.amount;
    return upper - bracket_.lower <= aim * upper;
}

bool BlockBracket::same_blocks(double more) const {
    return counts_blocks() && more >= 0 &&
           std::ceil(point_.amount + many_times * more) <= std::ceil(point_.amount);
}

void BlockBracket::close_in(const BlockAnswers& answers, const BlockPoint& at,
                            BlockAnswers::Near near, double goal) {
    BlockTree tree(problem_, box_, tau_, resource_, at, near.radius, answers, shop_.pool);
    tree.grow(goal, counts_blocks());
    if (!(tree.amount() < infinity) || stopped()) return;
    take({tree.samples(), tree.blocks()});
    const double target = bracket_.need.amount * (1 - aim);
    const bool closed = counts_blocks() || !(target > bracket_.lower);
    if (bracket_.samples.empty() || tree.leaves() < 2 || closed) return;
    if (tree.refute(with_amount(problem_, resource_, target))) {
        bracket_.lower = target;
        bracket_.tree = tree.proof();
    }
    bracket_.passes += tree.passes();
}

void BlockBracket::fill(double blocks) {
    BlockFill filled(problem_, box_, pass_point(), shop_.pool);
    const bool found =
        filled.find({.blocks = blocks, .power_w = counts_blocks() ? problem_.power_w() : 0});
    bracket_.passes += filled.passes();
    if (found && !stopped()) take({filled.samples(), filled.blocks()});
}

double BlockBracket::amount_stated(double amount) const {
    return counts_blocks() ? BlockWidth{problem_.block_hz()}.bandwidth_holding(amount) : amount;
}

bool BlockBracket::refute() {
    double amount = point_.amount;
    std::vector<SplitSums> chunks;
    std::vector<double> samples(problem_.size());
    for (int round = 0; round < most_refutations; ++round) {
        amount *= 1 - 0.5 * below;
        const double asked = counts_blocks() ? std::ceil(amount) - 1 : amount;
        if (counts_blocks() && asked < 1) return true;
        const Problem here = with_amount(problem_, resource_, amount_stated(asked));
        const PassPoint at{tau_, here.cycle_s(), point_.prices};
        const SplitSums sums = exact_pass(here, box_, at, shop_.pool, chunks, samples);
        ++bracket_.passes;
        if (stopped() || sums.impossible > 0) return false;
        const Excess excess = excess_of(here, at, sums);
        if (round == 0) left_out_ = excess.value;
        if (excess.proves_infeasible()) {
            if (amount_stated(asked) > bracket_.lower) {
                bracket_.lower = amount_stated(asked);
                bracket_.tree = {TreeNode{-1, 0, point_.prices}};
            }
            point_.amount = amount;
            return true;
        }
        const double unit = counts_blocks() ? point_.prices.lambda * problem_.block_hz()
                            : resource_ == Resource::power ? point_.prices.mu
                                                           : problem_.samples_real() / amount;
        amount = (counts_blocks() ? asked : amount) - (excess.value + 2 * excess.error) / unit;
        if (!(amount > 0)) return false;
    }
    return false;
}

void BlockBracket::take(const Split& split) {
    const auto& [samples, blocks] = split;
    SplitNeed need =
        least_of_blocks(problem_, tau_, samples, blocks, resource_, point_.amount, shop_.pool);
    if (need.bandwidth_hz.empty()) return;
    if (!bracket_.samples.empty() && !(need.amount < bracket_.need.amount)) return;
    bracket_.need = std::move(need);
    bracket_.samples.resize(samples.size());
    std::copy(samples.begin(), samples.end(), bracket_.samples.begin());
    counts_ = blocks;
}

bool BlockBracket::close_at_fewest() {
    if (problem_.excused()) return false;
    double fewest = 0;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const Demand demand = demand_of(problem_, k, tau_);
        if (demand.beta > 0 || (demand.alpha > 0 && box_.low(k) > 0)) ++fewest;
    }
    if (fewest < 1 || fewest > problem_.block_budget()) return false;
    const double watt = problem_.power_w();
    const Bracket least =
        least_power(fewest, [&](BlockBracket& inner) { return inner.run_within(watt); });
    if (least.samples.empty() || !least.prices.usable()) return false;
    point_ = {least.prices, fewest};
    point_.prices.lambda += 2 * point_.prices.mu * watt / problem_.block_hz();
    return refute();
}

template <class Run>
Bracket BlockBracket::least_power(double blocks, Run&& run) {
    const Problem here = problem_.with_blocks(blocks);
    Settings settings = settings_;
    settings.time_limit_s = settings_.time_limit_s - shop_.stop.elapsed_s();
    BlockBracket inner(here, tau_, Resource::power, settings, uniform_);
    Bracket least = run(inner);
    bracket_.passes += least.passes;
    if (!least.samples.empty() && least.need.amount <= problem_.power_w()) {
        const std::vector<double> samples(least.samples.begin(), least.samples.end());
        take({samples, inner.blocks()});
    }
    return least;
}

void BlockBracket::close_blocks(double goal, bool dear) {
    for (int round = 0; round < most_goals && !stopped(); ++round) {
        const double watt = problem_.power_w();
        // Where power is plenty its price says little.
        const Bracket least = least_power(goal, [&](BlockBracket& inner) {
            return dear ? inner.run_near(point_.prices, watt) : inner.run_within(watt);
        });
        if (!bracket_.samples.empty()) return;
        if (!(least.lower >= watt)) return;
        bracket_.lower = amount_stated(goal);
        bracket_.tree = least.tree;
        point_.prices = least.prices;
        ++goal;
        fill(goal);
        if (!bracket_.samples.empty()) return;
    }
}

}  // namespace mel
