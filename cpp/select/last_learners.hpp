// Of a split of very many: those who have least time left, whom a shorter cycle asks for more and
// more, and some of the others. What all take follows about from what these few take.
#pragma once

#include <memory>

#include "base/parallel.hpp"
#include "select/numbers.hpp"
#include "split/fills.hpp"

namespace mel {

class LastLearners {
  public:
    // `rests`: who has no samples takes no part.
    LastLearners(const Problem& problem, Pool& pool, const TimedSplit& split, bool rests);

    // No shorter cycle holds the samples, at any rate.
    double least_cycle() const { return least_; }
    // What all take, about: as the few do, with the factors that the last look at all told.
    FillSums at(const FillPoint& point);
    // What all do take there.
    void learn(const FillPoint& point, const FillSums& all);

  private:
    struct Part {
        Part(const Problem& of, std::vector<std::size_t> who, const TimedSplit& split, bool rests,
             Pool& pool);

        Problem problem;
        Numbers samples;
        FillsHere fills;
    };
    FillSums sums(const FillPoint& point);

    double tau_;
    double least_ = 0;
    double times_ = 1;  // as many as are looked at of the others
    double band_ = 1, power_ = 1;
    std::unique_ptr<Part> last_, others_;
};

}  // namespace mel
