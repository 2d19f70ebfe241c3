// A shard at work: its columns, its threads, and the split that the last question was about.
#pragma once

#include <vector>

#include "base/chunks.hpp"
#include "passes/exact_pass.hpp"
#include "passes/sweeps.hpp"
#include "prices/mixture.hpp"
#include "shards/questions.hpp"
#include "split/fills.hpp"
#include "split/whole_samples.hpp"

namespace mel {

class Shard::Desk {
  public:
    Desk(const Problem& problem, const Among& among, int threads);
    Message answer(const Question& question);

  private:
    Message facts() const;
    void follow(const std::vector<Message>& steps);
    void take(const Message& step);
    Message plan(const Question& question);
    double outside(double tau);
    Message unsent(double tau);
    void fill_up(Workload most);
    std::size_t first_chunk() const { return among_.first / chunk_size; }
    // The nodes of what a pass left in `chunks`, by summing these up once more where they were.
    template <class Sums>
    Message nodes(std::vector<Sums> chunks) const;

    const Problem problem_;
    const Among among_;
    Stop stop_;
    Pool pool_;
    Boxes boxes_;
    SweepsHere sweeps_;
    FillsHere fills_;
    WholeSamples whole_samples_;
    std::vector<PassSums> pass_chunks_;
    std::vector<SplitSums> split_chunks_;
    std::vector<double> totals_;
    Buffer<double> real_, scratch_;
    bool moved_ = false;
    CompensatedSum total_;
    std::vector<Message> taken_;  // the steps behind real_
};

}  // namespace mel
