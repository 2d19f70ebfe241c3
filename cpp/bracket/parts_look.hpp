// What learners are worth at most at given prices where a part of so many samples is worth
// something, too: d samples count as ceil((d - r) / part) parts, r being less than a part.
//
//   max { 0 where it may rest;  d + q ceil((d - r) / part) - C(d) }
//
// Within one part that is the response of a learner without parts, plus q for each part. Beyond, q
// ceil((d - r) / part) is at most q (d - r + part - 1) / part, which is linear: the response at
// prices divided by 1 + q / part. So parts are looked at one by one from the first, until the rest
// is worth no more; in lanes, the first few of all learners at once.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "base/sums.hpp"
#include "kernels/kernels.hpp"
#include "learner/boxes.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

// Samples of a part, and from where on parts are counted from the top (LeafParts).
struct PartSize {
    double part;
    double above = -1;
};

// How many of learner k's samples count before its first part: where it may hold more than so many,
// or must take part, what is left of all that it may hold after whole parts.
inline double offset_of(const Box& box, std::size_t k, PartSize of) {
    const bool counts = of.above >= 0 && (box.low(k) > 0 || box.high(k) > of.above);
    return counts ? std::fmod(box.high(k), of.part) : 0;
}
// D less all of these, or nothing.
double left_in_parts(const Problem& problem, const Box& box, PartSize of);

struct PartsBid {
    Prices prices{};
    double per_part = 0;
};

// What a learner that takes part does best, whether or not it would rather rest.
struct PartsAnswer {
    bool possible = false;
    double value = 0;  // never too small but for rounding
    double samples = 0;
    double parts = 0;
    double bandwidth = 0, power = 0;
    double size = 0, condition = 0;  // the largest of whatever was compared
};

struct PartsSums {
    CompensatedSum value;  // never too small but for rounding
    double samples = 0;    // these only guide
    double parts = 0;
    double bandwidth = 0;
    double power = 0;
    double size = 0;       // of all terms whose rounding may matter
    double condition = 0;  // how far an error in time goes
    double impossible = 0;

    void add(const PartsSums& o);
};

class PartsLook {
  public:
    // And how many parts there are at least.
    struct Counts : PartSize {
        double least;
    };
    // `box`: what samples may be, for bounds.
    PartsLook(const Problem& problem, const Box& box, double tau, PartSize of);
    // Of a part of the learners, with what counts for all.
    PartsLook(const Problem& problem, const Box& box, double tau, const Counts& counts);

    // All looks are at a cycle, that of the problem or another.
    PartsSums of_all(const PartsBid& bid, double cycle_s, Pool& pool);
    // Of every learner, until the next look. Below nothing, where it may rest, they only guide.
    std::span<const PartsAnswer> answers(const PartsBid& bid, double cycle_s, Pool& pool);

    bool may_rest(std::size_t k) const { return problem_.excused() && box_.low(k) <= 0; }
    // Which samples make so many parts.
    Interval in_parts(std::size_t k, double count) const {
        const double last = offset(k) + count * counts_.part;
        return {last - counts_.part + 1, last};
    }
    double least_parts() const { return counts_.least; }
    const Counts& counts() const { return counts_; }
    // U(amounts of the problem) - D - q ceil(D / part), and a proved bound on its error, with so
    // much of the resources.
    struct Amounts {
        double cycle_s, bandwidth_hz, power_w;
    };
    Excess excess(const PartsBid& bid, const PartsSums& sums, const Amounts& amounts) const;

  private:
    struct At {
        PartsBid bid;
        double cycle_s;
    };
    double offset(std::size_t k) const { return offsets_.empty() ? 0 : offsets_[k]; }
    double parts_of(std::size_t k, double samples) const {
        return std::ceil((samples - offset(k)) / counts_.part);
    }
    PartsAnswer within(std::size_t k, const At& at, Interval box, double worth);
    PartsAnswer beyond(std::size_t k, const At& at, Interval box);
    PartsAnswer best(std::size_t k, const At& at);
    Interval taken(std::size_t k) const;

    void answer(const At& at, Pool& pool, Stretch learners);
    void answer_in_lanes(const At& at, Pool& pool, Stretch learners);
    void look_in_lanes(KernelInput in, Kernels::Whole kernel, Stretch learners);

    const Problem& problem_;
    const Box& box_;
    double tau_;
    Counts counts_;
    bool lanes_;
    std::vector<double> offsets_;  // where there are any
    std::vector<double> most_;     // parts of each
    std::vector<double> samples_;  // as a look writes them, each its own
    // Of a look in lanes: what each takes part with, and what comes of it.
    std::vector<double> lower_, upper_, value_, bandwidth_, power_, condition_;
    std::vector<unsigned char> alone_;  // who is looked at alone
    std::vector<PartsAnswer> answers_;
    std::vector<PartsSums> chunks_;
};

}  // namespace mel
