// What passes over the learners sum up. A field is declared once here, with a cell of any kind: a
// number in a result, a running sum of lanes in a kernel.
#pragma once

#include "mel/prices.hpp"

// In the kernels too, each of which is compiled for another instruction set: no copy may be shared.
#define MEL_ZIP inline __attribute__((always_inline))

namespace mel {

struct PassPoint {
    double tau;
    double cycle_s;
    Prices prices;
};

template <class Sums>
void add_cells(Sums& to, const Sums& more) {
    to.zip(more, [](double& sum, double part) { sum += part; });
}

// Of real samples at given prices.
template <class Cell>
struct PassCells {
    Cell value{};                 // sum of max over d of d - cost
    Cell samples{};               // sum of d
    Cell bandwidth{};             // sum of B_k
    Cell power{};                 // sum of P_k
    Cell cost{};                  // sum of cost
    Cell h_ll{}, h_lm{}, h_mm{};  // second derivatives of value in (lambda, mu)
    Cell value_tau{};             // d value / d tau
    Cell value_time{};            // d value / d cycle
    Cell condition{};   // sum of cost / slack: the cycle times this scales the rounding error
    Cell impossible{};  // served learners that no rate can bring home in time
    Cell doubtful{};    // learners so near the end of the cycle that rounding decides: no proof
    Cell most{};        // sum of budget / per_sample: its rounding is the samples' error
    Cell takers{};      // learners with a sample or more; where that is worth anything

    template <class Other, class Visit>
    MEL_ZIP void zip(Other& o, Visit visit) {
        visit(value, o.value);
        visit(samples, o.samples);
        visit(bandwidth, o.bandwidth);
        visit(power, o.power);
        visit(cost, o.cost);
        visit(h_ll, o.h_ll);
        visit(h_lm, o.h_lm);
        visit(h_mm, o.h_mm);
        visit(value_tau, o.value_tau);
        visit(value_time, o.value_time);
        visit(condition, o.condition);
        visit(impossible, o.impossible);
        visit(doubtful, o.doubtful);
        visit(most, o.most);
        visit(takers, o.takers);
    }
};

struct PassSums : PassCells<double> {
    void add(const PassSums& other) { add_cells(*this, other); }

    // From a sample of the learners to all of them.
    void scale(double by) {
        for (double* sum : {&value, &samples, &bandwidth, &power, &cost, &h_ll, &h_lm, &h_mm,
                            &value_tau, &value_time, &condition, &takers}) {
            *sum *= by;
        }
    }
};

// Of the best whole samples; what the lanes are unsure of is left out.
template <class Cell>
struct WholeCells {
    Cell samples{}, bandwidth{}, power{}, cost{};
    Cell condition{};  // sum of cost / slack
    Cell impossible{};
    Cell unsure{};  // learners left out

    template <class Other, class Visit>
    MEL_ZIP void zip(Other& o, Visit visit) {
        visit(samples, o.samples);
        visit(bandwidth, o.bandwidth);
        visit(power, o.power);
        visit(cost, o.cost);
        visit(condition, o.condition);
        visit(impossible, o.impossible);
        visit(unsure, o.unsure);
    }
};
using WholeSums = WholeCells<double>;

// Of the best whole samples and blocks; what the lanes are unsure of is left out.
template <class Cell>
struct BlockCells {
    Cell samples{}, blocks{}, power{}, cost{};
    Cell condition{};  // sum of what a rounding of the rates does to the cost
    Cell by_second{};  // d value / d cycle
    Cell unsure{};     // learners left out

    template <class Other, class Visit>
    MEL_ZIP void zip(Other& o, Visit visit) {
        visit(samples, o.samples);
        visit(blocks, o.blocks);
        visit(power, o.power);
        visit(cost, o.cost);
        visit(condition, o.condition);
        visit(by_second, o.by_second);
        visit(unsure, o.unsure);
    }
};
using BlockTotals = BlockCells<double>;

// Of the best choices where learners may rest and worths differ; what the lanes are unsure of is
// left out.
template <class Cell>
struct ChoiceCells {
    Cell value{};  // sum of what each choice is worth less what it costs
    Cell cost{}, bandwidth{}, power{};
    Cell takers{};
    Cell size{};       // of all terms whose rounding may matter
    Cell condition{};  // sum of cost / slack
    Cell impossible{};
    Cell unsure{};  // learners left out

    template <class Other, class Visit>
    MEL_ZIP void zip(Other& o, Visit visit) {
        visit(value, o.value);
        visit(cost, o.cost);
        visit(bandwidth, o.bandwidth);
        visit(power, o.power);
        visit(takers, o.takers);
        visit(size, o.size);
        visit(condition, o.condition);
        visit(impossible, o.impossible);
        visit(unsure, o.unsure);
    }
};
using ChoiceTotals = ChoiceCells<double>;

// Of a given split at a ratio of the prices.
template <class Cell>
struct FillCells {
    Cell bandwidth{}, power{};
    Cell shift{};       // d bandwidth / d ln(mu/lambda); d power is -shift lambda/mu
    Cell band_time{};   // d bandwidth / d cycle
    Cell power_time{};  // d power / d cycle
    Cell samples{};
    Cell impossible{};  // learners whose samples do not fit the cycle at any rate

    template <class Other, class Visit>
    MEL_ZIP void zip(Other& o, Visit visit) {
        visit(bandwidth, o.bandwidth);
        visit(power, o.power);
        visit(shift, o.shift);
        visit(band_time, o.band_time);
        visit(power_time, o.power_time);
        visit(samples, o.samples);
        visit(impossible, o.impossible);
    }
};
struct FillSums : FillCells<double> {
    void add(const FillSums& other) { add_cells(*this, other); }

    // From a sample of the learners to all of them.
    void scale(double by) {
        zip(*this, [by](double& sum, double) { sum *= by; });
    }
};

// Of an allocation as it was written.
template <class Cell>
struct AllocationCells {
    Cell bandwidth{}, power{};
    Cell late{};  // learners over the deadline

    template <class Other, class Visit>
    MEL_ZIP void zip(Other& o, Visit visit) {
        visit(bandwidth, o.bandwidth);
        visit(power, o.power);
        visit(late, o.late);
    }
};
struct AllocationSums : AllocationCells<double> {
    void add(const AllocationSums& other) { add_cells(*this, other); }
};

}  // namespace mel
