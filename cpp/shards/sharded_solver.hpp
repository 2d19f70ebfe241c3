// A solve whose learners are in shards: every look at all of them is a question to each place, and
// the answers add up to what one look at one column would have said.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/nodes.hpp"
#include "passes/exact_pass.hpp"
#include "shards/questions.hpp"
#include "solve/tau_search.hpp"

namespace mel {

// The learners in every stride-th group.
std::vector<std::size_t> of_groups(std::size_t size, std::size_t stride);

// What all shards together say before the search.
struct AllFacts {
    bool limited = false;
    bool capped = false;
    bool contradicts = false;
    double largest_tau = 0;
    std::int64_t conceivable_tau = 0;
    Problem::Elsewhere extremes{};
};

inline constexpr std::size_t most_here = std::size_t{1} << 21;  // learners brought to one place

class ShardedSolver final : private Sweeps, private Fills, public TauSearch {
  public:
    ShardedSolver(const Places& places, const Problem& whole, const AllFacts& facts,
                  const Settings& settings);
    // Of the plan that run() found.
    std::vector<Message> plan() const;

  private:
    // Some of the learners, brought here.
    struct Sample {
        Sample(Problem&& some, Pool& pool)
            : problem(std::move(some)),
              boxes(problem, pool, scheme_box(problem, Scheme::joint)),
              sweeps(problem, pool, boxes),
              fills(problem, pool) {}
        Problem problem;
        Boxes boxes;
        SweepsHere sweeps;
        FillsHere fills;
        std::vector<double> samples;   // of the split
        std::int64_t split_state = 0;  // as it was then
    };
    // How the shards make a split, and how much they hold in all.
    struct Split {
        std::vector<std::vector<Message>> steps;  // of every place
        double over = 0;                          // samples more than D, once they are whole
    };
    struct Finish {
        FillPoint at{0, 1};
        AllocationScale scale{};
        Roots roots = Roots::exact;
    };

    PassSums real(const PassPoint& point, std::size_t stride) override;
    double impossible_cycle(double tau) override;
    FillSums fill(const TimedSplit& split, double ratio, Roots roots) override;
    FillSums fill_some(const TimedSplit& split, double ratio, std::size_t stride,
                       Roots roots) override;
    AllocationSums allocate(const TimedSplit& split, const FillPoint& finish,
                            const AllocationScale& scale, const Shares& shares,
                            Roots roots) override;
    double least_cycle(const TimedSplit& split) override;

    bool limited() const override { return facts_.limited; }
    bool capped() const override { return facts_.capped; }
    bool contradicts() const override { return facts_.contradicts; }
    double largest_tau() override { return facts_.largest_tau; }
    std::int64_t conceivable_tau() const override { return facts_.conceivable_tau; }
    bool few_take_part(double tau) override;
    bool ask_takers(double tau, const Part& ask) override;

    Decision by_capacity(double tau) override;
    Decision by_computing_alone(double tau) override;
    Decision by_tree(double tau, Prices start) override;
    double draw(const PassPoint& point) override;
    double deal(double tau, std::span<const MixturePart> parts) override;
    double carry(const WholeSamples::Times& times) override;
    bool repair(const PassPoint& at) override;
    bool within_box(double tau) override;
    TimedSplit split(double tau) override { return {tau, problem_.cycle_s(), {}}; }
    Shares shares() override { return {}; }
    Plan written() override;
    Plan allocate_blocks(double, Begin) override { return {}; }
    void learnt(Allocation& plan) override;
    std::int64_t more_passes() const override { return whole_passes_ + taker_passes_; }
    std::int64_t nodes() const override { return taker_nodes_; }

    // In order, and which of them must take part.
    struct Takers {
        std::vector<std::size_t> learners;
        std::vector<char> must;
    };
    Takers takers(const PassPoint& point);
    std::vector<std::size_t> first_takers(const PassPoint& point);
    std::vector<std::size_t> more_takers(const PassPoint& point, std::span<const std::size_t> part,
                                         Takers back);
    void take_plan(const Result& found, std::span<const std::size_t> part);

    std::size_t size_of(std::size_t place) const;
    Sample& sample(std::size_t stride);
    // Answers of all places; none once the search is to end.
    std::vector<Message> ask(const Question& question);
    std::vector<Message> ask_of_split(Question question);
    template <class Sums>
    Sums sum(const std::vector<Message>& answers) const;
    double largest(const std::vector<Message>& answers) const;
    void take(const Message& step);
    double begin_split(const Message& step);

    const Places& places_;
    AllFacts facts_;
    std::map<std::size_t, std::unique_ptr<Sample>> samples_;
    std::vector<double> totals_, free_, stay_;  // of every chunk
    Split split_, kept_split_;
    std::int64_t split_state_ = 0;  // counts its changes
    Finish finish_, kept_;
    std::int64_t whole_passes_ = 0;
};

}  // namespace mel
