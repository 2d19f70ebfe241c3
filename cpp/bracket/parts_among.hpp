// Looks at some of the learners, with what counts for all of them: parts, D, budgets.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "bracket/parts_look.hpp"

namespace mel {

class PartsAmong {
  public:
    PartsAmong(const Problem& problem, const Box& box, double tau, const PartsLook::Counts& counts,
               std::vector<std::size_t> who);
    PartsAmong(const PartsAmong&) = delete;

    const std::vector<std::size_t>& who() const { return who_; }
    PartsLook& look() { return look_; }

  private:
    std::vector<std::size_t> who_;
    Problem few_;
    std::vector<double> low_, high_;
    Box box_;
    PartsLook look_;
};

// Sums over those learners as they would be at prices and cycles near by, from looks at a sample.
// Whoever soon comes, goes, or takes other parts, and whoever takes part anyhow stand apart, an
// even part of either for all of its kind; of what all add, only what is not linear in the prices,
// or changes with the cycle, is taken from these. The sums only guide.
class PartsModel {
  public:
    struct At {
        PartsBid bid;
        double cycle_s;
    };
    // Of everybody, by an even part of them.
    PartsModel(const Problem& problem, const Box& box, double tau, PartsAmong& all);
    // About one place, where the sums over all of them are known. `up`, `down`: where everybody
    // would sooner take part, and more of it, and where later, than anywhere the model is asked
    // about. Looks at everybody twice.
    PartsModel(const Problem& problem, const Box& box, double tau, PartsAmong& all, const At& here,
               PartsSums sums, const PartsBid& up, const PartsBid& down, Pool& pool);

    PartsSums of_all(const PartsBid& bid, double cycle_s, Pool& pool);
    // That a look takes.
    std::size_t learners() const;

  private:
    struct Kind {
        std::unique_ptr<PartsAmong> some;
        double times;    // so many learners stand for each
        PartsSums sums;  // at the place that all of it is about
    };
    PartsSums moved(const PartsSums& sums, const PartsBid& bid) const;
    void add(const Problem& problem, const Box& box, double tau, PartsAmong& all,
             const std::vector<std::size_t>& of, std::size_t most);

    std::optional<At> at_;
    PartsSums sums_;
    std::vector<Kind> kinds_;
};

}  // namespace mel
