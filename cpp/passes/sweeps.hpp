// One look at all learners with real samples, wherever they are: in this problem's columns, or in
// shards elsewhere. What searches for prices and for tau ask, and all that they ask.
#pragma once

#include <optional>
#include <vector>

#include "kernels/kernels.hpp"
#include "passes/real_pass.hpp"

namespace mel {

class Sweeps {
  public:
    virtual ~Sweeps() = default;
    // real_pass() within what the learners may have at point.tau; stride > 1: of every stride-th
    // group, nothing scaled.
    virtual PassSums real(const PassPoint& point, std::size_t stride) = 0;
    // What proves of all learners alone, in less time where there is a way to it: and so much
    // less well (`rough_bound`). Nothing where there is none.
    virtual std::optional<PassSums> bound(const PassPoint&) { return {}; }
    // The same of all learners, and where rounding errors of real samples alone keep a few from a
    // proof, bounds of whole ones.
    virtual PassSums careful(const PassPoint& point) { return real(point, 1); }
    // The longest cycle that a learner needs for what it must do, were sending to it free.
    virtual double impossible_cycle(double tau) = 0;
};

class SweepsHere final : public Sweeps {
  public:
    SweepsHere(const Problem& problem, Pool& pool, Boxes& boxes)
        : problem_(problem), pool_(pool), boxes_(boxes), few_(problem, pool, boxes) {}

    PassSums real(const PassPoint& point, std::size_t stride) override {
        if (few_) return few_.real(point);
        return real_pass(problem_, boxes_.real(point.tau), point, pool_, chunks_, stride);
    }
    std::optional<PassSums> bound(const PassPoint& point) override {
        return bound_pass(problem_, boxes_.real(point.tau), point, pool_, chunks_);
    }
    PassSums careful(const PassPoint& point) override {
        return real_pass(problem_, boxes_.real(point.tau), point, pool_, chunks_, 1, true);
    }
    double impossible_cycle(double tau) override;

    // real_samples() within what the learners may have.
    void draw(const PassPoint& point, std::span<double> samples, std::vector<double>& totals) {
        if (few_) {
            totals.assign(1, few_.draw(point, samples));
        } else {
            real_samples(problem_, boxes_.real(point.tau), point, pool_, samples, totals);
        }
    }

  private:
    // Learners of one chunk without limits: what a kernel is told of them changes with the point
    // alone.
    class Few {
      public:
        Few(const Problem& problem, const Pool& pool, Boxes& boxes);
        explicit operator bool() const { return kernels_ != nullptr; }
        PassSums real(const PassPoint& point) { return kernels_->real(at(point), everybody()); }
        double draw(const PassPoint& point, std::span<double> samples) {
            return kernels_->samples(at(point), everybody(), samples);
        }

      private:
        const KernelInput& at(const PassPoint& point) {
            in_.point = point;
            return in_;
        }
        Stretch everybody() const { return {0, in_.size}; }

        const Kernels::OfLaw* kernels_ = nullptr;  // null where there are more, or limits
        KernelInput in_;
    };

    const Problem& problem_;
    Pool& pool_;
    Boxes& boxes_;
    Few few_;
    std::vector<PassSums> chunks_;
};

}  // namespace mel
