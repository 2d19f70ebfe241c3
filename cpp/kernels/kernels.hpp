// The hot loops, compiled once for each instruction set and chosen at run time. Every variant does
// the same operations in the same order, so all give the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/chunks.hpp"
#include "kernels/pass_sums.hpp"
#include "learner/boxes.hpp"
#include "learner/link_law.hpp"

namespace mel {

struct KernelInput {
    const double* compute_s;
    const double* return_s_per_bit;
    const double* noise;
    // Bits down and up, for all learners; where they differ, in the columns.
    double send_bits;
    double send_bits_per_sample;
    double return_bits;
    double return_bits_per_sample;
    bool grows;  // whether some learner's samples are bits to send
    bool excused;
    Interval box;
    PassPoint point;
    std::size_t size;        // learners in all
    std::size_t stride = 1;  // visits every stride-th group
    // Where rounding errors of real samples are too large for a proof, bounds of whole ones are
    // taken, of a few learners of each chunk (batteries alone).
    bool careful = false;
    // Where it is not null samples are drawn only for groups of the stretch whose turn it is.
    const unsigned char* turns = nullptr;
    unsigned char turn = 0;
    // Null where all learners have the same payload.
    const double* send_bits_each = nullptr;
    const double* send_bits_per_sample_each = nullptr;
    const double* return_bits_each = nullptr;
    const double* return_bits_per_sample_each = nullptr;
    // Of limited problems; padded like the columns above. The first three come together, or not at
    // all (then `box` holds), and so do the last three (then nothing is capped).
    const double* lower = nullptr;
    const double* upper = nullptr;        // real numbers: what the energy allows need not be whole
    const double* upper_slope = nullptr;  // d upper / d tau
    const double* max_bandwidth = nullptr;  // infinity: no cap
    const double* max_power = nullptr;
    const double* max_rate = nullptr;  // of both caps together
    // Of learners that send with an energy of their own (battery.hpp); null where none do.
    const double* energy_j = nullptr;
    const double* computing_j = nullptr;  // of a sample in one local cycle at full speed
    const double* slowest = nullptr;      // least share of the full speed; 1: not chosen
    // Of learners that choose a speed within an energy and do not send (pacing.hpp), with
    // `slowest`.
    const double* paced_j = nullptr;
    const double* back_j = nullptr;
    const double* spare_j = nullptr;
    const double* kept_j = nullptr;
    // Where taking part is a choice, for the loops over real samples within limits. 1: may rest
    // whatever its bounds say, and has at least one sample, and `lower`, otherwise.
    const double* rests = nullptr;
    double per_learner = 0;  // what a learner with a sample or more is worth beside its samples
    LinkLaw law = LinkLaw::density;

    // visit(column) for all that stand by learner.
    template <class Visit>
    void each_column(Visit visit) {
        for (const double** column : {&compute_s,
                                      &return_s_per_bit,
                                      &noise,
                                      &send_bits_each,
                                      &send_bits_per_sample_each,
                                      &return_bits_each,
                                      &return_bits_per_sample_each,
                                      &lower,
                                      &upper,
                                      &upper_slope,
                                      &max_bandwidth,
                                      &max_power,
                                      &max_rate,
                                      &energy_j,
                                      &computing_j,
                                      &slowest,
                                      &paced_j,
                                      &back_j,
                                      &spare_j,
                                      &kept_j,
                                      &rests}) {
            visit(*column);
        }
    }
    bool capped() const { return max_rate != nullptr; }
    bool limited() const { return lower != nullptr || capped(); }
};

// Learners that may rest, each with bounds and a worth of its own. Columns are padded like those
// above; where one is null, what all have in common holds.
struct ChoiceInput {
    const double* weight;  // of a sample; null: 1
    const double* low;     // the fewest samples of a learner that takes part,
    const double* high;    // and the most
    const double* rests;   // 1 where it may have none and then costs nothing
    Interval box;
    bool all_rest;
    bool counts;         // whether taking part has a value, so that no samples are a choice too
    double per_sample;   // times the weight
    double per_learner;  // of taking part
};

// A choice that was not taken counts with its rounding where it was nearly as good.
inline constexpr double nearly_as_good = 1e-6;

// What each learner by itself adds to WholeSums: all columns or none.
struct Terms {
    std::span<double> value =
        {};  // samples less their cost; minus infinity where none are possible
    std::span<double> bandwidth = {};
    std::span<double> power = {};
    std::span<double> condition = {};
};

// Best whole samples, -1 for a learner that is left out. And, where it is not empty, by how much
// they are preferred to the other answer (Kernels says what that is): infinite where there is none.
struct Picks {
    std::span<double> samples;
    std::span<double> preference = {};
    // Of choices: what a sample more would lose, or minus what one less would, whichever is nearer;
    // and what the best answer loses that is far from this one. Infinite where there is none.
    std::span<double> step = {};
    std::span<double> switching = {};
    Terms terms = {};  // of Kernels::Whole, and nothing of a learner that is left out
};

// Whole blocks of one width, without caps.
struct BlockInput {
    double width_hz;
    double most;  // blocks of one learner
    // Left out, too, is who has another answer that may be the best one once no price changes by
    // more than a share `radius`, or is worth no more than `near` less. Both 0: who has the same.
    double radius = 0;
    double near = 0;
};
struct BlockPicks {
    std::span<double> samples;      // -1 for a learner that is left out
    std::span<double> blocks = {};  // or empty
};

// What an allocation gives each learner.
struct Shares {
    std::span<double> bandwidth_hz;
    std::span<double> power_w;
};

// How far a rate's cheapest bandwidth is looked for. Near: what is bought carries the rate, and
// costs more by less than 1e-7 of it (caps are always met exactly).
enum class Roots : bool { exact, near };

struct AllocationScale {
    double bandwidth;
    double power;
    double deadline_s;
};

// What the reals of a chunk become when they are rounded.
struct CarryTarget {
    double scale;  // of the reals, first
    double start;  // what rounding owes from the chunks before
    double whole;  // the integer that the chunk sums to
    const Box& box;
};

struct Kernels {
    // `bound` knows only what proves: value, samples, cost and what may be wrong with them.
    using Real = PassSums (*)(const KernelInput&, Stretch);
    // Writes the samples and returns their sum.
    using Samples = double (*)(const KernelInput&, Stretch, std::span<double> samples);
    using Fill = FillSums (*)(const KernelInput&, Stretch, std::span<const double> samples);
    using Allocate = AllocationSums (*)(const KernelInput&, const AllocationScale&, Stretch,
                                        std::span<const double> samples, const Shares&);
    // Rounds a whole chunk in place; false, and nothing done, where learners stand at their bounds.
    using Carry = bool (*)(const KernelInput&, const CarryTarget&, std::size_t first,
                           std::span<double> samples);
    // One box for all and no caps; of the limited a box for each learner, and caps where there are
    // any. Preferred: many samples to the other answer (staying out, or the fewest allowed), as a
    // share of those samples; minus infinity where it is not many, 0 for a learner that is left
    // out.
    using Whole = WholeSums (*)(const KernelInput&, Stretch, const Picks&);

    // Preferred: taking part to resting, in worth; minus infinity where a learner must rest.
    using Choice = ChoiceTotals (*)(const KernelInput&, const ChoiceInput&, Stretch, const Picks&);
    // Within a box for all, or one for each.
    using Blocks = BlockTotals (*)(const KernelInput&, const BlockInput&, Stretch,
                                   const BlockPicks&);

    // One link law's. Of the limited, the first two look at the columns of limits where there are
    // any; the others need those of caps. What is near takes the starts of roots for roots.
    struct OfLaw {
        Real real;
        Real bound;
        Samples samples;
        Fill fill;
        Allocate allocate;
        Fill near_fill;
        Allocate near_allocate;
        Real limited_real;
        Samples limited_samples;
        Fill capped_fill;
        Allocate capped_allocate;
        Whole whole;
        Whole limited_whole;
        Choice choice;
        Choice near_choice;  // in real samples, by starts of roots: nothing is proved by it
        Blocks blocks;
        // Where speeds are chosen that do not send; `whole` looks at the columns of limits.
        Real paced_real;
        Samples paced_samples;
        Whole paced_whole;
        Fill paced_fill;
        Allocate paced_allocate;
        Fill paced_capped_fill;
        Allocate paced_capped_allocate;
    };
    OfLaw density;
    OfLaw fixed;
    Carry carry;

    const OfLaw& of(LinkLaw law) const { return law == LinkLaw::density ? density : fixed; }
    Real real(LinkLaw law, bool limited = false) const {
        return limited ? of(law).limited_real : of(law).real;
    }
    Samples samples(LinkLaw law, bool limited = false) const {
        return limited ? of(law).limited_samples : of(law).samples;
    }
    Fill fill(LinkLaw law, bool capped = false, Roots roots = Roots::exact) const {
        return capped                 ? of(law).capped_fill
               : roots == Roots::near ? of(law).near_fill
                                      : of(law).fill;
    }
    Allocate allocate(LinkLaw law, bool capped = false, Roots roots = Roots::exact) const {
        return capped                 ? of(law).capped_allocate
               : roots == Roots::near ? of(law).near_allocate
                                      : of(law).allocate;
    }
    Fill paced_fill(LinkLaw law, bool capped) const {
        return capped ? of(law).paced_capped_fill : of(law).paced_fill;
    }
    Allocate paced_allocate(LinkLaw law, bool capped) const {
        return capped ? of(law).paced_capped_allocate : of(law).paced_allocate;
    }
    Whole whole(LinkLaw law, bool limited = false) const {
        return limited ? of(law).limited_whole : of(law).whole;
    }
    Choice choice(LinkLaw law) const { return of(law).choice; }
    Choice near_choice(LinkLaw law) const { return of(law).near_choice; }
    Blocks blocks(LinkLaw law) const { return of(law).blocks; }
};

const Kernels& kernels_for(InstructionSet set);
inline const Kernels& kernels_of(const Pool& pool) { return kernels_for(pool.instruction_set()); }

KernelInput kernel_input(const Problem& problem, const Box& box, const PassPoint& point);

}  // namespace mel
