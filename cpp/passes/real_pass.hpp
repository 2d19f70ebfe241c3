// One pass over the learners with samples taken as real numbers: the dual bound's value, gradient,
// Hessian and its change with tau and with the cycle. A pure function of (learners, tau, cycle,
// prices) that returns a handful of sums.
#pragma once

#include <vector>

#include "base/parallel.hpp"
#include "learner/boxes.hpp"
#include "learner/link_law.hpp"
#include "mel/problem.hpp"

namespace mel {

struct PassPoint {
    double tau;
    double cycle_s;
    Prices prices;
};

struct PassSums {
    double value = 0;                     // sum of max over d of d - cost
    double samples = 0;                   // sum of d
    double bandwidth = 0;                 // sum of B_k
    double power = 0;                     // sum of P_k
    double cost = 0;                      // sum of cost
    double h_ll = 0, h_lm = 0, h_mm = 0;  // second derivatives of value in (lambda, mu)
    double value_tau = 0;                 // d value / d tau
    double value_time = 0;                // d value / d cycle
    double condition = 0;   // sum of cost / slack: the cycle times this scales the rounding error
    double impossible = 0;  // served learners that no rate can bring home in time
    double doubtful = 0;    // learners so near the end of the cycle that rounding decides: no proof
    double reach = 0;       // sum of budget / per_sample: its rounding is the samples' error

    void add(const PassSums& o) {
        value += o.value;
        samples += o.samples;
        bandwidth += o.bandwidth;
        power += o.power;
        cost += o.cost;
        h_ll += o.h_ll;
        h_lm += o.h_lm;
        h_mm += o.h_mm;
        value_tau += o.value_tau;
        value_time += o.value_time;
        condition += o.condition;
        impossible += o.impossible;
        doubtful += o.doubtful;
        reach += o.reach;
    }

    void scale(double by) {
        for (double* sum : {&value, &samples, &bandwidth, &power, &cost, &h_ll, &h_lm, &h_mm,
                            &value_tau, &value_time, &condition}) {
            *sum *= by;
        }
    }
};

// Both prices positive. `stride` > 1 visits every stride-th group of learners only and scales
// nothing.
PassSums real_pass(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                   std::vector<PassSums>& blocks, std::size_t stride = 1);

// What real samples leave out of a proof: far more than any rounding error of the pass.
double proof_error(const Problem& problem, const PassPoint& point, const PassSums& sums);

// Searches that only guide look at a sample of so many learners first: the stride that leaves about
// as many, odd because kinds of learners often alternate.
inline constexpr std::size_t searched_learners = 8192;
inline std::size_t sample_stride(std::size_t size, std::size_t learners) {
    return size < 4 * learners ? 1 : (size / learners) | 1;
}

// How many learners such a pass visits.
std::size_t learners_seen(std::size_t size, std::size_t stride);

// Samples of the same response, one double a learner; block_totals gets one sum a block.
void real_samples(const Problem& problem, const Box& box, const PassPoint& point, Pool& pool,
                  double* samples, std::vector<double>& block_totals);

}  // namespace mel
