// One pass over the learners with whole samples: the split that is best at given prices, and a
// bound that holds with every rounding error of its own evaluation added outward.
#pragma once

#include <span>
#include <vector>

#include "base/sums.hpp"
#include "kernels/kernels.hpp"
#include "learner/response.hpp"
#include "passes/real_pass.hpp"

namespace mel {

struct SplitSums {
    CompensatedSum samples;
    CompensatedSum bandwidth;
    CompensatedSum power;
    CompensatedSum cost;
    double condition = 0;   // sum of cost / slack
    double overlooked = 0;  // what ties at the end of the cycle could add
    double impossible = 0;  // learners whose box holds no allowed integer
    double in_lanes = 0;    // learners whose terms were summed in the kernels' plainer way

    void add(const Response& r) {
        samples.add(r.samples);
        bandwidth.add(r.bandwidth_hz);
        power.add(r.power_w);
        cost.add(r.cost);
    }
    SplitSums times(double alike) const {  // a guide, without a bound of its errors
        SplitSums sums = *this;
        for (CompensatedSum* sum : {&sums.samples, &sums.bandwidth, &sums.power, &sums.cost}) {
            const double value = alike * sum->value();
            *sum = {};
            sum->add(value);
        }
        sums.condition *= alike;
        sums.overlooked *= alike;
        return sums;
    }
    void add(const SplitSums& o) {
        samples.add(o.samples);
        bandwidth.add(o.bandwidth);
        power.add(o.power);
        cost.add(o.cost);
        condition += o.condition;
        overlooked += o.overlooked;
        impossible += o.impossible;
        in_lanes += o.in_lanes;
    }
};

// Fills to.samples[k] with the best integer at the prices (both positive). In lanes, unless sending
// takes a learner's own energy or bandwidth in blocks is capped. Where bandwidth does not come in
// blocks `to.preference`, unless empty, is then filled as Kernels::Whole says.
SplitSums exact_pass(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                     std::vector<SplitSums>& chunks, const Picks& to);
inline SplitSums exact_pass(const Problem& problem, const Box& box, const PassPoint& point,
                            Pool& pool, std::vector<SplitSums>& chunks, std::span<double> samples) {
    return exact_pass(problem, box, point, pool, chunks, Picks{samples});
}
// The same, not added up yet.
void exact_chunks(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                  std::vector<SplitSums>& chunks, const Picks& to);
// Whether nothing but rates and whole numbers decides: no blocks, caps or energy of sending.
bool only_rates(const Problem& problem);
bool whole_in_lanes(const Problem& problem);
// The same of whole blocks; a handful of learners takes no lanes.
bool blocks_in_lanes(const Problem& problem);
// The same for some learners, one by one.
SplitSums exact_learners(const Problem& problem, const Box& box, const PassPoint& point,
                         Stretch learners, std::span<double> samples);
// The same for all of them, whose errors are an eighth of those in lanes, at some ten times the
// price.
SplitSums careful_pass(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                       std::vector<SplitSums>& chunks, std::span<double> samples);

// U(tau; prices) - D from the sums, and a proved bound on the error of that number.
struct Excess {
    double value;
    double error;
    bool proves_infeasible() const { return value + error < 0; }
};
Excess excess_of(const Problem& problem, const PassPoint& point, const SplitSums& sums);

// U at prices zero: the most samples that computing and returning alone allow; minus infinity where
// some learner can not do its part. Exact where nothing is sent; else it overestimates where
// rounding can not tell.
void capacity_chunks(const Problem& problem, const Box& box, double tau, Pool& pool,
                     std::vector<SplitSums>& chunks);
double capacity_of(const SplitSums& total);
inline double capacity(const Problem& problem, const Box& box, double tau, Pool& pool,
                       std::vector<SplitSums>& chunks) {
    capacity_chunks(problem, box, tau, pool, chunks);
    return capacity_of(reduce_tree(std::span<SplitSums>(chunks)));
}

// Bounds the absolute rounding error of any slack of the problem, in seconds.
inline double slack_guard(double cycle_s) { return rounding::slack * cycle_s; }

// Where nothing is sent to anybody: the most samples up to those of `upper` that learner k surely
// works through and returns in time; below what it must hold where that is too much.
double most_unsent(const Problem& problem, std::size_t k, Workload upper);

}  // namespace mel
