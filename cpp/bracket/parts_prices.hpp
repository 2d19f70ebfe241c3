// The prices of a hertz, a watt and a part that rule out most of a resource, or that refute a tau
// within the budgets as they are. What they rule out is concave in them, over the price of the
// resource (of a hertz, where it is the cycle: then what is ruled out there is looked for at them,
// and only prices that rule out more stay of interest). Cutting planes find them among those
// learners for whom taking part is worth most, where these are many by samples of them; then
// everybody is looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numbers>
#include <optional>
#include <vector>

#include "bracket/parts_among.hpp"
#include "bracket/parts_look.hpp"
#include "bracket/polytope.hpp"
#include "mel/parts.hpp"
#include "passes/proof.hpp"

namespace mel {

class PartsPrices {
  public:
    // From the prices of samples alone, which must be usable. `box`: what samples may be, for
    // bounds.
    PartsPrices(const Problem& problem, double tau, Resource resource, const PartsAsked& asked,
                Prices start, const Box& box, Pool& pool);

    struct Found {
        double lower = 0;  // too little, by these prices; 0 if nothing is proved
        PartsBid bid;
    };
    // Of the resource: more than was known.
    Found least();
    // With the problem's budgets and cycle, whatever the resource.
    std::optional<ProvingParts> refutation();
    // By one look at everybody at prices that are known.
    std::optional<ProvingParts> refutation_at(const PartsBid& bid);

    // Those looked at, and what they do if they take part.
    const std::vector<std::size_t>& who() const { return some_->who(); }
    std::vector<PartsAnswer> answers(const Found& found);
    bool may_rest(std::size_t k) const { return look_.may_rest(k); }
    Interval in_parts(std::size_t k, double count) const { return look_.in_parts(k, count); }
    double least_parts() const { return look_.least_parts(); }
    // Over all learners, those of looks at some added up.
    std::int64_t passes() const;

  private:
    enum class Question { least, refutation };
    static constexpr double finest = 2e-11;  // relative: less is not worth a look
    static constexpr double sure = 4;        // times what rounding may have added
    // Where what a sample is worth goes to its part, which to learners of whole parts is the same.
    static constexpr Vector parts_for_samples{std::numbers::sqrt2 / 2, 0, -std::numbers::sqrt2 / 2};
    // A look at some: how much of the resource the prices rule out beyond what is stated, and how
    // that changes with them.
    struct Seen {
        double beyond = 0;
        double error = 0;
        Vector slope{};
        double scale = 0;  // what all samples are worth
        bool possible = true;
    };

    Seen look_at(const Vector& at, double cycle_s);
    Seen seen_in(const PartsSums& sums, const Vector& at, double cycle_s) const;
    bool raise(const Vector& at, Seen& seen);
    // How far off prices may be: where what a sample is worth is shifted to its part, and else.
    using Reach = Polytope::Reach;
    // From there on; `fine`: what is left there, relative.
    Vector best_of_some(Question question, const Vector& from, const Reach& reach, double fine);
    Vector best(Question question, const Vector& from, double radius);
    Vector best_of_many(Question question, const Vector& from, double radius);
    bool arrived(Question question, const Seen& here, double off) const;
    struct Ends {
        Vector sooner, later;
    };
    static Ends ends_of(const Vector& at, const Reach& reach);
    static Reach apart(const Vector& a, const Vector& b);
    double ruled_out(const PartsBid& bid);
    PartsBid bid_at(const Vector& at) const;
    PartsLook::Amounts amounts(double of) const;
    void choose_some();
    bool join(const PartsBid& bid);
    double price(const PartsBid& bid) const {
        return resource_ == Resource::power ? bid.prices.mu : bid.prices.lambda;
    }
    double stated() const;
    double ceiling() const;
    void take(std::vector<std::size_t> who);

    const Problem& problem_;
    double tau_;
    Resource resource_;
    PartsAsked asked_;
    Prices start_;
    const Box& box_;
    Pool& pool_;
    PartsLook look_;  // at everybody

    std::unique_ptr<PartsAmong> some_;
    std::optional<PartsModel> model_;  // of these, where they are many
    double known_ = 0;                 // what the best prices rule out, as those looked at have it
    double steep_ = 0;                 // how that which is ruled out grows with the cycle
    bool refuted_ = false;
    std::size_t looked_at_ = 0;  // learners
};

}  // namespace mel
