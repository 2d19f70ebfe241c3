// The problem in the core's own columns: what the deadline constraint needs of each learner, and no
// more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "mel/columns.hpp"

namespace mel {

enum class LinkLaw : std::uint8_t {
    density,  // r = B log2(1 + P h / (N0 B)), N0 in W/Hz
    fixed,    // r = B log2(1 + P h / N),      N in W
};

enum class Idle : std::uint8_t {
    served,   // a learner without samples still receives and returns the model
    excused,  // a learner without samples takes no part and uses nothing
};

// What a user states, in SI units. To a learner with d samples travel send_bits_per_sample d +
// send_bits, from it return_bits_per_sample d + return_bits.
struct ProblemStatement : StatedColumns {
    std::int64_t samples = 0;  // D
    double bandwidth_hz = 0;   // B
    double power_w = 0;        // P
    double noise = 0;          // N0 in W/Hz (density) or N in W (fixed)
    LinkLaw law = LinkLaw::density;
    double cycle_s = 0;  // T
    Idle idle = Idle::served;
    double block_hz = 0;  // bandwidth comes in whole blocks of this width; 0: divisible at will
    // energy_j is for computing and for sending over the planned link, each learner with its own
    // max_power_w: power_w is then no less than all of them together.
    bool energy_sends = false;
    // Bit i: column i of learner_columns() is as it was in a problem that was accepted.
    std::uint32_t accepted = 0;
    // The least energy will be asked for: energy_j is all infinite, and where the energy does not
    // send it may come with an energy_coefficient, too.
    bool energy_counts = false;
};

// What a limited problem's learners may do. Both caps, and both columns of energy, come together.
struct LearnerLimits : LimitColumns {
    LimitColumn max_rate;          // what both caps together can carry, in bit/s
    LimitColumn return_j_per_bit;  // power over rate; with energy
    LimitColumn computing_j;       // C e at full speed; where the energy is for sending, too
    LimitColumn spent_j;           // the same where it is for the least energy alone
    LimitColumn slowest;           // least share of the full speed; with one of these three
    LimitColumn paced_j;           // the same where a speed within energy_j is chosen that does
                                   // not send; and with it of the energy,
    LimitColumn back_j;            // what returning a sample takes,
    LimitColumn spare_j;           // what returning the model leaves, generously,
    LimitColumn kept_j;            // and what of that a plan may spend
    bool same_bounds = false;      // min_samples and max_samples are one number each, for all

    // Every column, those that follow from others too.
    template <class Visit>
    static void each(Visit visit) {
        for (const LearnerColumn& column : learner_columns()) {
            if (column.limit) visit(column.limit);
        }
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::max_rate));
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::return_j_per_bit));
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::computing_j));
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::spent_j));
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::slowest));
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::paced_j));
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::back_j));
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::spare_j));
        visit(static_cast<LimitColumn LearnerLimits::*>(&LearnerLimits::kept_j));
    }

    bool caps() const { return !max_rate.empty(); }
    bool energy() const { return !energy_j.empty(); }
    bool battery() const { return !computing_j.empty(); }
    bool paces() const { return !paced_j.empty(); }
};

// What all learners share, and the time they have.
struct Budgets {
    double cycle_s;
    double bandwidth_hz;
    double power_w;
};

// Immutable after construction. Throws std::invalid_argument naming field, index, value and range.
class Problem {
  public:
    explicit Problem(const ProblemStatement& statement);

    // The same learners and task with another cycle and other budgets, as a statement would have
    // them: columns are shared, not checked again.
    Problem with(const Budgets& budgets) const;
    double largest_cycle_s() const;  // that `with` takes
    // The same with so many blocks.
    Problem with_blocks(double blocks) const;
    // The same with so many samples.
    Problem with_samples(std::int64_t samples) const;
    // The same in which every learner takes so many samples: for problems that can reach all their
    // learners.
    struct Bounds {
        std::int64_t least;
        std::int64_t most;
    };
    Problem with_bounds(const Bounds& samples) const;

    // The same learners over the same links with another payload: only the amounts and flops_per_s
    // of the statement are read. For problems without limits, and too large to tell twins in.
    Problem with_payload(const ProblemStatement& statement) const;

    // Every stride-th group of sixteen learners with that share of the samples and budgets: what
    // searches that only guide look at first. For problems without limits of learners.
    Problem sampled(std::size_t stride) const;

    // The problem of some learners alone, with all the samples and budgets; their numbers rise. For
    // problems whose other learners may rest.
    Problem taken(std::span<const std::size_t> learners) const;

    // The same, in which nobody is told to be another's twin: as a part of more learners than twins
    // are looked for among.
    Problem without_twins() const;

    // What is so of some learner's payload: it decides which columns there are.
    struct Payloads {
        bool differ = false;  // from another's
        bool send = false;
        bool give_back = false;
        bool grow = false;  // samples are bits to send
    };
    Payloads payloads() const { return {differs_, !sends_nothing_, !returns_nothing_, grows_}; }
    // The same learners among more, of some of whom these are so.
    Problem among(const Payloads& all) const;

    // What is said of all learners together where these are elsewhere; no column may be asked for.
    // This is the problem of the few of them that typical numbers are taken from.
    struct Elsewhere {
        std::size_t learners;
        double fastest_compute_s;
        double fastest_flops_per_s;
        double fewest_bits_sent;
        std::size_t slowest_return;
        double slowest_s;  // of its return; of a bit of it, where all return as many
    };
    Problem elsewhere(const Elsewhere& all) const;
    // The same of the learners here; of slowest_return, its number among these.
    Elsewhere extremes() const;
    // Which learners typical numbers are taken from: every so-many-th.
    static std::size_t typical_step(std::size_t size) {
        return size <= 64 ? 1 : (size / 64) | 1;  // odd: kinds of learners often alternate
    }

    std::size_t size() const { return size_; }
    std::int64_t samples() const { return samples_; }
    double samples_real() const { return static_cast<double>(samples_); }

    // The columns are followed in memory by harmless values up to a multiple of sixteen
    // learners. C_m / f_k: seconds for one sample in one local cycle.
    std::span<const double> compute_s() const { return {columns_.get(), size_}; }
    // 1 / R_k: seconds a returned bit.
    std::span<const double> return_s_per_bit() const { return {columns_.get() + padded(), size_}; }
    // N0 / h_k (W/Hz) or N / h_k (W): power that makes the signal as strong as the noise.
    std::span<const double> noise_over_gain() const {
        return {columns_.get() + 2 * padded(), size_};
    }

    // As stated; only where nothing is returned.
    std::span<const double> flops_per_s() const { return {columns_.get() + 3 * padded(), size_}; }
    double fastest_flops_per_s() const { return fastest_flops_per_s_; }

    // What is sent, returned and computed: a column of what learners differ in.
    double send_bits(std::size_t k) const { return amount(0, k); }               // b
    double send_bits_per_sample(std::size_t k) const { return amount(1, k); }    // a
    double return_bits(std::size_t k) const { return amount(2, k); }             // b'
    double return_bits_per_sample(std::size_t k) const { return amount(3, k); }  // a'
    double flops_per_sample(std::size_t k) const { return amount(4, k); }        // C
    bool payload_differs() const { return differs_; }
    // Empty where all learners have the same amount.
    std::span<const double> payload_column(std::size_t which) const {
        if (place_[which] == 0) return {};
        return {columns_.get() + place_[which] * padded(), size_};
    }
    // That of all learners, or a mean of a few: where searches start.
    double typical_send_bits() const { return amounts_[0]; }
    double typical_send_bits_per_sample() const { return amounts_[1]; }
    double fewest_bits_sent() const { return fewest_bits_sent_; }  // of a learner with one sample
    bool sends_nothing() const { return sends_nothing_; }          // to anybody
    bool returns_nothing() const { return returns_nothing_; }      // anybody
    bool grows() const { return grows_; }  // whether some learner's samples are bits to send

    // With blocks: of all whole blocks together, a product that was rounded. It never says how many
    // they are: block_budget() does.
    double bandwidth_hz() const { return bandwidth_hz_; }
    double power_w() const { return power_w_; }
    double cycle_s() const { return cycle_s_; }
    Budgets stated_budgets() const { return {cycle_s_, stated_bandwidth_hz_, power_w_}; }
    LinkLaw law() const { return law_; }
    Idle idle() const { return idle_; }
    bool excused() const { return idle_ == Idle::excused; }

    // Whether energies are for sending as well.
    bool batteries() const { return batteries_; }
    // Any limit of a learner, or blocks.
    bool limited() const { return limits_ != nullptr || block_hz_ > 0; }
    // Null where no learner has a limit.
    const LearnerLimits* limits() const { return limits_.get(); }
    double block_hz() const { return block_hz_; }          // 0: bandwidth is divisible at will
    double block_budget() const { return block_budget_; }  // N, an integer up to 2^53

    // Smallest per-learner seconds in a column, known since construction: bounds need no pass.
    double fastest_compute_s() const { return fastest_compute_s_; }
    // A learner whose return of the bare model takes the cycle or longer; size() if there is none.
    std::size_t slowest_return() const { return slowest_return_; }
    bool every_return_in_time() const { return every_return_in_time_; }

    // Equal numbers mark learners that are identical in every column; empty where no two are, or
    // above 4096 learners.
    std::span<const std::uint32_t> twins() const {
        return twins_ && size_ <= most_twins ? std::span<const std::uint32_t>(*twins_)
                                             : std::span<const std::uint32_t>();
    }

    // Calls visit(j) for the learners identical to k that come after it, or before it. A plan may
    // be assumed to give identical learners non-increasing samples, so that what bounds one of them
    // from above bounds the later ones, and from below the earlier ones.
    template <class Visit>
    void later_twins(std::size_t k, Visit visit) const {
        const auto twin = twins();
        for (std::size_t j = k + 1; j < twin.size(); ++j) {
            if (twin[j] == twin[k]) visit(j);
        }
    }
    template <class Visit>
    void earlier_twins(std::size_t k, Visit visit) const {
        const auto twin = twins();
        for (std::size_t j = 0; j < k && j < twin.size(); ++j) {
            if (twin[j] == twin[k]) visit(j);
        }
    }

    // Geometric mean of noise over gain and harmonic mean of compute seconds over the same few.
    double typical_noise() const { return typical_noise_; }
    // The same where each counts by its speed, as it does by its samples; and how far the noise of
    // learners differs: the variance of its logarithm, nearly.
    double typical_noise_of_samples() const { return typical_noise_of_samples_; }
    double noise_spread() const { return noise_spread_; }
    double typical_compute_s() const { return typical_compute_s_; }

  private:
    static constexpr std::size_t most_twins = 4096;
    void take_payload(const ProblemStatement& statement);
    void write_payload(const ProblemStatement& statement, double* columns);
    double amount(std::size_t which, std::size_t k) const {
        return place_[which] > 0 ? columns_[place_[which] * padded() + k] : amounts_[which];
    }
    void find_slowest_return();
    void take_limits(const ProblemStatement& statement);
    void take_speeds(const ProblemStatement& statement, LearnerLimits& limits) const;
    void take_pace(const ProblemStatement& statement, LearnerLimits& limits) const;
    void keep_from_unreachable(const ProblemStatement& statement, LearnerLimits& limits) const;
    void find_twins(const ProblemStatement& statement);
    void find_typical();
    void cut_blocks();
    bool counts_cycles_of(double cycle_s) const;
    void refuse_countless() const;
    std::size_t padded() const { return (size_ + 15) / 16 * 16; }
    // Of what is in columns, given which of the amounts have one.
    void place_amounts(const bool (&in_column)[amount_columns]);
    std::size_t stated_after() const { return 3 + static_cast<std::size_t>(returns_nothing_); }

    std::size_t size_;
    std::int64_t samples_;
    double amounts_[amount_columns] = {};
    std::size_t place_[amount_columns] = {};  // of each one's column; 0: all have the same
    std::size_t columns_count_ = 3;
    double fewest_bits_sent_ = 0;
    bool differs_ = false;
    bool sends_nothing_ = true;
    bool returns_nothing_ = true;
    bool grows_ = false;
    double stated_bandwidth_hz_;
    double bandwidth_hz_;
    double power_w_;
    double cycle_s_;
    LinkLaw law_;
    Idle idle_;
    std::shared_ptr<const double[]> columns_;  // columns_count_ of padded() each
    std::shared_ptr<const std::vector<std::uint32_t>> twins_;
    std::shared_ptr<const LearnerLimits> limits_;
    bool batteries_ = false;
    double block_hz_ = 0;
    double block_budget_ = 0;
    double typical_noise_ = 1;
    double typical_noise_of_samples_ = 1;
    double noise_spread_ = 0;
    double typical_compute_s_ = 1;
    double fastest_compute_s_ = 0;
    double fastest_flops_per_s_ = 0;
    std::size_t slowest_return_ = 0;
    bool every_return_in_time_ = true;
};

struct BlockWidth {
    double hz;

    // The largest integer n with n * hz <= bandwidth_hz, exactly (below 2^53; infinity stays).
    double blocks_in(double bandwidth_hz) const;
    // The least bandwidth that holds so many blocks.
    double bandwidth_holding(double blocks) const;
};

// Seconds of each part of the cycle for learner k; infinite where bits meet a rate of zero.
struct LearnerTimes {
    double send_s;
    double compute_s;
    double return_s;
    double total_s() const { return send_s + compute_s + return_s; }
};

// What a plan gives one learner.
struct LearnerShare {
    std::int64_t samples;
    double bandwidth_hz;
    double power_w;
};

// Equations (6)-(8). Relative error of each part below 16 units in the last place.
LearnerTimes evaluate_learner(const Problem& problem, std::size_t k, double tau,
                              const LearnerShare& share);

}  // namespace mel
