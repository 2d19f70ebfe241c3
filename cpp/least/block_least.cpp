// What a split needs at least of one resource where bandwidth comes in whole blocks.
#include <cmath>
#include <limits>

#include "least/least_parts.hpp"
#include "split/block_filling.hpp"

namespace mel {
namespace {

constexpr double finest = 1e-12;             // relative: how closely the need in time is found
constexpr double roomy = 1.01;               // times what blocks nearly need: surely enough
constexpr std::size_t many_learners = 4096;  // of whom one block more or less is no great matter

class BlockNeed {
  public:
    BlockNeed(const Problem& problem, Pool& pool, double tau, std::span<const double> samples,
              double ratio)
        : problem_(problem), pool_(pool), tau_(tau), samples_(samples), ratio_(ratio) {}

    // The best blocks for a cycle shorten it, until they are the best for what they reach.
    double cycle(double within, std::vector<double>& counts) {
        BlockFilling filling(problem_, pool_);
        double shortest = within;
        for (int round = 0; round < 40; ++round) {
            double ratio = ratio_;
            if (!filling.give_out({tau_, shortest, samples_}, ratio)) break;
            const double reached =
                filling.shortest_cycle({tau_, shortest, samples_}, shortest, {finest});
            if (!(reached <= shortest)) break;
            counts = filling.blocks();
            const bool done = reached > shortest * (1 - finest);
            shortest = reached;
            if (done) break;
        }
        return shortest;
    }

    double power(double within, std::vector<double>& counts) {
        BlockFilling filling(problem_, pool_);
        double ratio = ratio_;
        if (!filling.give_out({tau_, within, samples_}, ratio)) return 0;
        counts = filling.blocks();
        return filling.power();
    }

    // More blocks never need more power. Those at the price at which power just suffices are the
    // fewest but for what ties there; the rest by halves, from there downwards.
    double bandwidth(double within, std::vector<double>& counts) {
        if (problem_.size() >= many_learners) {
            BlockFilling filling(problem_, pool_);
            double ratio = ratio_;
            if (!filling.give_out_fewest({tau_, within, samples_}, ratio)) return 0;
            counts = filling.blocks();
            CompensatedSum sum;
            for (const double n : counts) sum.add(n);
            return BlockWidth{problem_.block_hz()}.bandwidth_holding(sum.value());
        }
        double fits = problem_.block_budget();
        double fails = 0;
        while (fits - fails > 1 && !pool_.stop().check()) {
            const double middle = fails + std::floor(0.5 * (fits - fails));
            (fits_in(middle, {tau_, within, samples_}, counts) ? fits : fails) = middle;
        }
        if (!fits_in(fits, {tau_, within, samples_}, counts)) return 0;
        return BlockWidth{problem_.block_hz()}.bandwidth_holding(fits);
    }

  private:
    bool fits_in(double blocks, const TimedSplit& split, std::vector<double>& counts) const {
        const Problem less = problem_.with_blocks(blocks);
        BlockFilling filling(less, pool_);
        double ratio = ratio_;
        if (filling.fill(split, ratio) != BlockFilling::Outcome::fits) return false;
        counts = filling.blocks();
        return true;
    }

    const Problem& problem_;
    Pool& pool_;
    double tau_;
    std::span<const double> samples_;
    double ratio_;
};

// An allocation of these blocks with hardly more than the amount that they need.
SplitNeed allocated(const Problem& problem, const TimedSplit& split,
                    const std::vector<double>& counts, Resource resource, double amount,
                    Pool& pool) {
    if (counts.empty() || pool.stop().requested()) return {};
    SplitNeed found;
    found.blocks.resize(problem.size());
    found.bandwidth_hz.resize(problem.size());
    found.power_w.resize(problem.size());
    // The room that the allocation's own margins need; widened until it can be vouched for.
    for (const double room : {4e-12, 4e-11, 4e-10}) {
        const bool whole = resource == Resource::bandwidth;
        const double enough =
            whole ? amount : std::min(amount * (1 + room), amount_of(problem, resource));
        const Problem less = with_amount(problem, resource, enough);
        BlockFilling exact(less, pool);
        exact.take(counts);
        const double finish = resource == Resource::cycle ? amount : split.cycle_s;
        if (exact.allocate(split.within(finish), found.blocks,
                           {found.bandwidth_hz, found.power_w})) {
            found.amount = enough;
            return found;
        }
        if (whole) break;
    }
    return {};
}

}  // namespace

SplitNeed least_of_split_in_blocks(const Problem& problem, double tau,
                                   std::span<const double> samples, Resource resource, double ratio,
                                   Pool& pool) {
    const double within =
        problem.cycle_s() * (resource == Resource::cycle ? 1 : 1 - rounding::other_budget);
    BlockFilling filling(problem, pool);
    double start = ratio;
    if (filling.fill({tau, within, samples}, start) != BlockFilling::Outcome::fits ||
        !(filling.power() > 0)) {
        return {};
    }
    std::vector<double> counts;
    BlockNeed need(problem, pool, tau, samples, start);
    const double amount = resource == Resource::cycle       ? need.cycle(within, counts)
                          : resource == Resource::bandwidth ? need.bandwidth(within, counts)
                                                            : need.power(within, counts);
    return allocated(problem, {tau, within, samples}, counts, resource, amount, pool);
}

SplitNeed least_of_blocks(const Problem& problem, double tau, std::span<const double> samples,
                          const std::vector<double>& blocks, Resource resource, double amount,
                          Pool& pool) {
    BlockFilling filling(problem, pool);
    filling.take(blocks);
    if (resource == Resource::cycle) {
        const double longest = amount * roomy;
        const double cycle =
            filling.shortest_cycle({tau, longest, samples}, std::min(amount, longest), {finest});
        if (!(cycle <= longest)) return {};
        const Problem longer = with_amount(problem, resource, longest);
        return allocated(longer, {tau, cycle, samples}, blocks, resource, cycle, pool);
    }
    const double within = problem.cycle_s() * (1 - rounding::other_budget);
    double need = filling.power_at({tau, within, samples});
    if (resource == Resource::bandwidth) {
        CompensatedSum sum;
        for (const double n : blocks) sum.add(n);
        need = BlockWidth{problem.block_hz()}.bandwidth_holding(sum.value());
    }
    const Problem more = with_amount(problem, resource, need * roomy);
    return allocated(more, {tau, within, samples}, blocks, resource, need, pool);
}

}  // namespace mel
