// What every learner might do in whole blocks near a pair of prices: its best samples and blocks,
// and all others that are nearly as good. Only a guide: what is proved is looked at again.
#pragma once

#include <cstdint>
#include <vector>

#include "base/parallel.hpp"
#include "kernels/pass_sums.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

struct BlockAnswer {
    double samples = 0, blocks = 0, power_w = 0;
    double value = 0;      // at the prices of the look
    double by_second = 0;  // what a second more adds to it
};

struct BlockSumsOfAnswers {
    CompensatedSum samples, blocks, power_w, value, by_second;
    double impossible = 0;
    void add(const BlockAnswer& answer, double sign = 1);
    void add(const BlockSumsOfAnswers& other);
    void add(const BlockTotals& of_lanes);
};

// What there is to choose from, and the sums of all who have one answer alone.
struct BlockTable {
    struct Choice {
        std::uint32_t learner;
        std::uint32_t first, last;
    };
    std::vector<Choice> choices;
    std::vector<BlockAnswer> answers;
    BlockSumsOfAnswers fixed;

    // The same where a learner holds no more than `most` samples, or more.
    BlockTable held(std::uint32_t learner, double most, bool below) const;
};

class BlockAnswers {
  public:
    BlockAnswers(const Problem& problem, const Box& box, Pool& pool)
        : problem_(problem), box_(box), pool_(pool) {}

    // Those that may be best where no price changes by more than a share `radius`, and those that
    // are worth no more than `margin` less than the best.
    struct Near {
        double radius, margin;
    };
    // Of every learner that has any. False where they are too many to be of use.
    bool gather(const PassPoint& point, Near near);

    // By how little some other answer is worse, at `rank` of the learners that there are.
    double usual_margin(const PassPoint& point, std::size_t rank);

    const BlockTable& table() const { return table_; }
    bool possible() const { return table_.fixed.impossible == 0; }
    // Everybody's best.
    const std::vector<double>& samples() const { return samples_; }
    const std::vector<double>& blocks() const { return blocks_; }
    long passes() const { return passes_; }

  private:
    const Problem& problem_;
    const Box& box_;
    Pool& pool_;
    BlockTable table_;
    std::vector<BlockSumsOfAnswers> chunk_sums_;
    std::vector<double> samples_, blocks_;
    long passes_ = 0;
};

}  // namespace mel
