// What learners are worth at most at given prices where a part of so many samples is worth
// something, too: d samples count as ceil(d / part) parts.
//
//   max { 0 where it may rest;  d + q ceil(d / part) - C(d) }
//
// Within one part that is the response of a learner without parts, plus q for each part. Beyond, q
// ceil(d / part) is at most q (d + part - 1) / part, which is linear: the response at prices
// divided by 1 + q / part. So parts are looked at one by one from the first, until the rest is
// worth no more.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/sums.hpp"
#include "learner/boxes.hpp"
#include "passes/exact_pass.hpp"

namespace mel {

struct PartsBid {
    Prices prices{};
    double per_part = 0;
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
    // `box`: what samples may be, for bounds.
    PartsLook(const Problem& problem, const Box& box, double tau, double part);

    PartsSums of_all(const PartsBid& bid, Pool& pool);
    PartsSums of_some(const PartsBid& bid, std::span<const std::size_t> who);
    // What a learner that takes part does best, whether or not it would rather rest.
    struct Choice {
        double value;  // minus infinity where it can not take part
        double samples;
        double parts;
    };
    Choice taking_part(std::size_t k, const PartsBid& bid);
    // The most that taking part can be worth, a little more where it has several parts; infinite
    // where a learner can not rest, minus infinity where it can not take part.
    double worth_of_taking_part(std::size_t k, const PartsBid& bid);

    bool may_rest(std::size_t k) const { return problem_.excused() && box_.low(k) <= 0; }
    double least_parts() const { return least_parts_; }
    // U(amounts of the problem) - D - q ceil(D / part), and a proved bound on its error, with so
    // much of the resource.
    Excess excess(const PartsBid& bid, const PartsSums& sums, double bandwidth_hz,
                  double power_w) const;

  private:
    struct Term {
        bool possible = false;
        double value = 0;
        double samples = 0, bandwidth = 0, power = 0;
        double size = 0, condition = 0;
    };
    Term within(std::size_t k, const PartsBid& bid, Interval box, double worth);
    Term beyond(std::size_t k, const PartsBid& bid, Interval box);
    Interval taken(std::size_t k) const;
    // The best answer, in parts, its size and condition those of whatever was compared.
    struct Answer {
        Term term;
        double parts = 0;
    };
    Answer best(std::size_t k, const PartsBid& bid, bool rests);
    void add(std::size_t k, const PartsBid& bid, PartsSums& sums);

    const Problem& problem_;
    const Box& box_;
    double tau_;
    double part_;
    double least_parts_;
    std::vector<double> scratch_;  // samples as a look writes them, each its own
    std::vector<PartsSums> chunks_;
};

}  // namespace mel
