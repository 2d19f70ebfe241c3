#include "bracket/closing_by_decisions.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bracket/bracket_search.hpp"
#include "least/least_parts.hpp"
#include "solve/solver.hpp"

namespace mel {
namespace {

constexpr int most_decisions = 200;
constexpr int most_longer = 12;  // times that what was stated does not suffice
constexpr double longer = 8;
constexpr double aim = 8e-10;  // relative: so far below the best split

enum class Answer { fits, too_little, unknown };

class Closing {
  public:
    Closing(const Problem& problem, std::int64_t tau, Resource resource, const Settings& settings,
            Interval box, Bracket& known)
        : problem_(problem),
          tau_(tau),
          resource_(resource),
          settings_(settings),
          box_(box),
          known_(known),
          clock_(settings.time_limit_s,
                 [&settings] { return settings.should_stop && settings.should_stop({}); }) {}

    // Some amount that suffices.
    bool begin() {
        double amount = std::max(amount_of(problem_, resource_), known_.lower * longer);
        for (int i = 0; i < most_longer && known_.samples.empty(); ++i) {
            if (clock_.check()) return false;
            ask(amount);
            amount *= longer;
        }
        return !known_.samples.empty();
    }

    // Needs of splits are far from each other: a better one is looked for just below the best, and
    // half-way to what is ruled out, by turns.
    void close() {
        bool below = true;
        for (int i = 0; i < most_decisions && !clock_.check(); ++i) {
            const double upper = known_.need.amount, lower = known_.lower;
            if (upper - lower <= ends_apart * upper) return;
            const double near = upper * (1 - aim);
            const double middle = 2 * lower < upper
                                      ? std::max(std::sqrt(lower * upper), 0.1 * upper)
                                      : 0.5 * (lower + upper);
            const Answer answer = ask(below ? near : std::min(middle, near));
            if (answer == Answer::unknown) return;
            if (answer == Answer::fits && !(known_.need.amount < upper)) return;
            below = answer == Answer::too_little || !below;
        }
    }

  private:
    Answer ask(double amount) {
        settings_.time_limit_s = limit_s_ - clock_.elapsed_s();
        const Problem here = with_amount(problem_, resource_, amount);
        Solver solver(here, settings_, box_, true);
        Result found = solver.decide_part(tau_, tau_);
        known_.passes += found.passes;
        if (found.tau >= tau_) {
            take(here, amount, found);
            return Answer::fits;
        }
        if (found.stopped || found.bound >= tau_) return Answer::unknown;
        if (amount > known_.lower) {
            known_.lower = amount;
            known_.tree = std::move(found.tree);
        }
        return Answer::too_little;
    }

    void take(const Problem& here, double amount, Result& found) {
        SplitNeed need = least_of_split(here, tau_, found.samples, resource_, settings_);
        if (need.bandwidth_hz.empty()) {
            need = {amount, std::move(found.bandwidth_hz), std::move(found.power_w),
                    std::move(found.blocks)};
        }
        if (!known_.samples.empty() && !(need.amount < known_.need.amount)) return;
        known_.need = std::move(need);
        known_.samples = std::move(found.samples);
    }

    const Problem& problem_;
    std::int64_t tau_;
    Resource resource_;
    Settings settings_;
    Interval box_;
    Bracket& known_;
    Stop clock_;
    double limit_s_ = settings_.time_limit_s;
};

}  // namespace

void close_by_decisions(const Problem& part, std::int64_t tau, Resource resource,
                        const Settings& settings, Interval box, Bracket& known) {
    Closing closing(part, tau, resource, settings, box, known);
    if (!known.samples.empty() || closing.begin()) closing.close();
}

}  // namespace mel
