// The prices of a hertz, a watt and a part that rule out most of a resource: what they rule out is
// concave in them, over the price of that resource. Shrinking ellipsoids find them among those
// learners for whom taking part is worth most; then everybody is looked at.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "base/chunks.hpp"
#include "bracket/parts_look.hpp"
#include "least/least_parts.hpp"
#include "mel/parts.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "split/whole_samples.hpp"

namespace mel {
namespace {

constexpr double aim = 8e-10;     // relative: so far below what suffices there is no more to find
constexpr double finest = 2e-11;  // relative: less is not worth a look
constexpr double near = 3e-11;    // relative: how far the lower end stays below
constexpr double roomy = 1.01;    // times what is too little: surely enough
constexpr int most_looks = 400;
constexpr int most_rounds = 4;          // in which more learners come to matter
constexpr double takers_looked_at = 2;  // times as many learners as there are parts,
constexpr std::size_t some_more = 256;  // and beside these
constexpr double dearest_part = 0.3;    // of what its samples are worth, at first

using Vector = std::array<double, 3>;
// Between samples that are worth what they were and parts that are worth nothing, and the opposite.
constexpr Vector middle{0.6, 1, 0.5};

// Where a concave function may be largest, smaller with every look.
class Ellipsoid {
  public:
    Ellipsoid(const Vector& centre, double radius) : centre_(centre) {
        for (std::size_t i = 0; i < 3; ++i) shape_[i][i] = radius * radius;
    }

    const Vector& centre() const { return centre_; }

    // How much a function with that slope at the centre may rise.
    double rise(const Vector& slope) const {
        double square = 0;
        for (std::size_t i = 0; i < 3; ++i) square += slope[i] * times(slope)[i];
        return std::sqrt(std::max(square, 0.0));
    }

    // Keeps where it rises by so much at least; false where that is nowhere, or nearly so.
    bool keep(const Vector& slope, double by) {
        const double most = rise(slope);
        const double depth = by / most;
        if (!(most > 0) || !(depth < 1)) return false;
        const Vector along = times(slope);
        const double step = (1 + 3 * depth) / 4;
        const double wider = 9 * (1 - depth * depth) / 8;
        const double thinner = (1 + 3 * depth) / (2 * (1 + depth));
        for (std::size_t i = 0; i < 3; ++i) centre_[i] += step * along[i] / most;
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 3; ++j) {
                shape_[i][j] =
                    wider * (shape_[i][j] - thinner * along[i] * along[j] / (most * most));
            }
        }
        return true;
    }

  private:
    Vector times(const Vector& slope) const {
        Vector product = {};
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 3; ++j) product[i] += shape_[i][j] * slope[j];
        }
        return product;
    }

    Vector centre_;
    std::array<Vector, 3> shape_ = {};
};

class PartsSearch {
  public:
    PartsSearch(const Problem& problem, std::int64_t tau, Resource resource,
                const PartsAsked& asked, const Settings& settings)
        : problem_(problem),
          asked_(asked),
          of_bandwidth_(resource == Resource::bandwidth),
          shop_(problem, settings),
          box_(shop_.boxes.whole(static_cast<double>(tau))),
          look_(problem, box_, static_cast<double>(tau), asked.part),
          start_(settings.start->prices),
          resource_(resource),
          tau_(static_cast<double>(tau)) {}

    PartsBound run() {
        PartsBound found;
        if (shop_.boxes.contradicts() || shop_.stop.check()) return found;
        worth_.resize(problem_.size());
        who_ = first_who();
        Vector at = middle;
        double radius = 1;
        for (int round = 0; round < most_rounds && !shop_.stop.check(); ++round) {
            at = best_of_some(at, radius);
            if (shop_.stop.requested()) break;
            const PartsBid bid = bid_at(at);
            const PartsSums sums = look_.of_all(bid, shop_.pool);
            ++passes_;
            if (shop_.stop.requested()) break;
            const double lower = ruled_out(bid, sums);
            if (lower > std::max(asked_.lower, found.lower)) {
                found.lower = lower;
                found.prices = bid.prices;
                found.per_part = bid.per_part;
            }
            if (!(known_ - lower > finest * asked_.upper) || !(known_ > asked_.lower)) break;
            if (!join(bid)) break;
            radius = 0.3;
        }
        if (found.lower > 0 && !shop_.stop.check()) split(found);
        found.passes = passes_;
        return found;
    }

  private:
    // As many parts as there must be, of those for whom they are worth most, and the samples that
    // are then too many or too few among these.
    void split(PartsBound& found) {
        if (found.lower >= asked_.upper * (1 - aim)) return;
        const PartsBid bid{found.prices, found.per_part};
        struct Taker {
            PartsLook::Choice choice;
            std::size_t learner;
        };
        std::vector<Taker> takers;
        ++passes_;
        for (const std::size_t k : who_) {
            PartsLook::Choice choice = look_.taking_part(k, bid);
            if (!look_.may_rest(k)) choice.value = std::numeric_limits<double>::infinity();
            takers.push_back({choice, k});
        }
        std::sort(takers.begin(), takers.end(), [](const Taker& i, const Taker& j) {
            return i.choice.value != j.choice.value ? i.choice.value > j.choice.value
                                                    : i.learner < j.learner;
        });
        const Box sure = shop_.boxes.sure(tau_);
        std::vector<double> low(problem_.size()), high(problem_.size()), whole(problem_.size());
        double parts = 0;
        for (const auto& [choice, k] : takers) {
            if (!(choice.parts > 0) || parts + choice.parts > look_.least_parts()) continue;
            parts += choice.parts;
            low[k] = std::max(sure.low(k), (choice.parts - 1) * asked_.part + 1);
            high[k] = std::min(sure.high(k), choice.parts * asked_.part);
            if (low[k] > high[k]) return;
            whole[k] = std::clamp(choice.samples, low[k], high[k]);
        }
        const Box box{{}, low, high};
        const PassPoint at{tau_, problem_.cycle_s(), found.prices};
        if (!WholeSamples(problem_, shop_.pool).repair(box, at, whole, true)) return;
        const Problem here = with_amount(problem_, resource_, found.lower * roomy);
        SplitNeed need = least_of_split_near(here, tau_, whole, resource_, found.lower,
                                             found.prices.mu / found.prices.lambda, shop_.pool);
        ++passes_;
        if (need.bandwidth_hz.empty() || !(need.amount < asked_.upper)) return;
        found.need = std::move(need);
        found.samples.resize(whole.size());
        std::copy(whole.begin(), whole.end(), found.samples.begin());
    }

    double stated() const { return of_bandwidth_ ? problem_.bandwidth_hz() : problem_.power_w(); }
    double other() const { return of_bandwidth_ ? problem_.power_w() : problem_.bandwidth_hz(); }

    // In units of where the search began: what a sample and the other resource are worth in the
    // one that is sought, and a part, against its samples.
    PartsBid bid_at(const Vector& at) const {
        const double prime = (of_bandwidth_ ? start_.lambda : start_.mu) / at[0];
        const double rest = (of_bandwidth_ ? start_.mu : start_.lambda) * (at[1] / at[0]);
        PartsBid bid;
        bid.prices = of_bandwidth_ ? Prices{prime, rest} : Prices{rest, prime};
        bid.per_part = asked_.part * (at[2] / at[0]);
        return bid;
    }

    // The most that is too little by these sums, with every rounding error against it.
    double ruled_out(const PartsBid& bid, const PartsSums& sums) const {
        const double price = of_bandwidth_ ? bid.prices.lambda : bid.prices.mu;
        double amount = asked_.upper;
        for (int step = 0; step < 4; ++step) {
            const Excess excess = of_bandwidth_
                                      ? look_.excess(bid, sums, amount, problem_.power_w())
                                      : look_.excess(bid, sums, problem_.bandwidth_hz(), amount);
            if (excess.proves_infeasible()) return amount;
            amount -= (excess.value + excess.error) / price + 0.5 * near * amount;
            if (!(amount > 0)) return 0;
        }
        return 0;
    }

    // Those for whom taking part is worth most where a part is worth something.
    std::vector<std::size_t> first_who() {
        ask_worth(bid_at({1, 1, dearest_part}));
        std::vector<std::size_t> who(problem_.size());
        std::iota(who.begin(), who.end(), std::size_t{0});
        const double wanted = takers_looked_at * look_.least_parts() + some_more;
        if (wanted < static_cast<double>(who.size())) {
            const auto last = who.begin() + static_cast<std::ptrdiff_t>(wanted);
            const auto before = [&](std::size_t i, std::size_t j) {
                return worth_[i] != worth_[j] ? worth_[i] > worth_[j] : i < j;
            };
            std::nth_element(who.begin(), last, who.end(), before);
            who.erase(last, who.end());
            std::sort(who.begin(), who.end());
        }
        return who;
    }

    void ask_worth(const PartsBid& bid) {
        ++passes_;
        for_each_learner(shop_.pool, problem_.size(),
                         [&](std::size_t k) { worth_[k] = look_.worth_of_taking_part(k, bid); });
    }

    // Whoever else is worth something there; false where nobody is.
    bool join(const PartsBid& bid) {
        ask_worth(bid);
        if (shop_.stop.requested()) return false;
        std::vector<std::size_t> more;
        std::size_t next = 0;
        for (std::size_t k = 0; k < problem_.size(); ++k) {
            if (next < who_.size() && who_[next] == k) {
                ++next;
                more.push_back(k);
            } else if (worth_[k] > 0) {
                more.push_back(k);
            }
        }
        const bool some = more.size() > who_.size();
        who_.swap(more);
        return some;
    }

    // Prices at which these learners rule out most.
    Vector best_of_some(const Vector& from, double radius) {
        Ellipsoid left(from, radius);
        Vector best = from;
        known_ = -std::numeric_limits<double>::infinity();
        for (int look = 0; look < most_looks && !shop_.stop.check(); ++look) {
            const Vector at = left.centre();
            std::optional<std::size_t> negative;
            for (std::size_t i = 0; i < 3; ++i) {
                if (!(at[i] > 0)) negative = i;
            }
            if (negative) {
                Vector up = {};
                up[*negative] = 1;
                if (!left.keep(up, std::max(-at[*negative], 0.0))) break;
                continue;
            }
            const PartsBid bid = bid_at(at);
            if (!bid.prices.usable()) break;
            const PartsSums sums = look_.of_some(bid, who_);
            ++passes_;
            if (sums.impossible > 0) break;
            const double price = of_bandwidth_ ? bid.prices.lambda : bid.prices.mu;
            const Excess excess =
                look_.excess(bid, sums, problem_.bandwidth_hz(), problem_.power_w());
            const double value = stated() - excess.value / price;
            // What each unit of the three adds, the amount as it is where none is.
            const double unit = 1 / (price * at[0]);
            const double used = of_bandwidth_ ? sums.power : sums.bandwidth;
            const double rest = of_bandwidth_ ? start_.mu : start_.lambda;
            const Vector slope{unit * (problem_.samples_real() - sums.samples),
                               unit * rest * (used - other()),
                               unit * asked_.part * (look_.least_parts() - sums.parts)};
            if (value > known_) {
                known_ = value;
                best = at;
            }
            if (known_ >= asked_.upper * (1 - aim)) break;
            if (value + left.rise(slope) - known_ <= finest * asked_.upper) break;
            if (!left.keep(slope, known_ - value)) break;
        }
        return best;
    }

    const Problem& problem_;
    PartsAsked asked_;
    bool of_bandwidth_;
    Workshop shop_;
    Box box_;
    PartsLook look_;
    Prices start_;
    Resource resource_;
    double tau_;
    std::vector<double> worth_;
    std::vector<std::size_t> who_;
    double known_ = 0;  // what the best prices rule out, as those looked at have it
    std::int64_t passes_ = 0;
};

}  // namespace

PartsBound least_by_parts(const Problem& problem, std::int64_t tau, Resource resource,
                          const PartsAsked& asked, const Settings& settings) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    const bool counts = asked.part >= 2 && problem.samples_real() + asked.part <= largest_count;
    const bool priced = settings.start && settings.start->prices.usable() && asked.upper > 0;
    if (!counts || !priced || resource == Resource::cycle) return {};
    if (problem.sends_nothing() || problem.block_hz() > 0) return {};
    return PartsSearch(problem, tau, resource, asked, settings).run();
}

}  // namespace mel
