#include "bracket/parts_prices.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "least/least_parts.hpp"

namespace mel {
namespace {

constexpr double aim = 8e-10;   // relative: so far below what suffices there is no more to find
constexpr double near = 3e-11;  // relative: how far the lower end stays below
constexpr int most_looks = 400;
constexpr int most_rounds = 4;            // in which more learners come to matter
constexpr int most_cycles = 16;           // looked at, at the same prices
constexpr double takers_looked_at = 2;    // times as many learners as there are parts,
constexpr std::size_t some_more = 256;    // and beside these
constexpr double dearest_part = 0.3;      // of what its samples are worth, at first
constexpr double far_off = 1.5;           // how far prices may be at first,
constexpr double radius_of_others = 0.3;  // and where others have joined

// Between samples that are worth what they were and parts that are worth nothing, and the opposite.
constexpr Vector middle{0.6, 1, 0.5};

}  // namespace

PartsPrices::PartsPrices(const Problem& problem, double tau, Resource resource,
                         const PartsAsked& asked, Prices start, const Box& box, Pool& pool)
    : problem_(problem),
      tau_(tau),
      resource_(resource),
      asked_(asked),
      start_(start),
      box_(box),
      pool_(pool),
      look_(problem, box, tau, PartSize{asked.part, asked.above}) {}

double PartsPrices::stated() const { return amount_of(problem_, resource_); }

PartsLook::Amounts PartsPrices::amounts(double of) const {
    PartsLook::Amounts a{problem_.cycle_s(), problem_.bandwidth_hz(), problem_.power_w()};
    (resource_ == Resource::cycle       ? a.cycle_s
     : resource_ == Resource::bandwidth ? a.bandwidth_hz
                                        : a.power_w) = of;
    return a;
}

// In units of where the search began: what a sample and the other resource are worth in the one
// that is sought, and a part, against its samples.
PartsBid PartsPrices::bid_at(const Vector& at) const {
    const bool of_power = resource_ == Resource::power;
    const double prime = (of_power ? start_.mu : start_.lambda) / at[0];
    const double rest = (of_power ? start_.lambda : start_.mu) * (at[1] / at[0]);
    PartsBid bid;
    bid.prices = of_power ? Prices{rest, prime} : Prices{prime, rest};
    bid.per_part = asked_.part * (at[2] / at[0]);
    return bid;
}

PartsPrices::Seen PartsPrices::look_at(const Vector& at, double cycle_s) {
    const PartsBid bid = bid_at(at);
    looked_at_ += model_ ? model_->learners() : some_->who().size();
    return seen_in(
        model_ ? model_->of_all(bid, cycle_s, pool_) : some_->look().of_all(bid, cycle_s, pool_),
        at, cycle_s);
}

PartsPrices::Seen PartsPrices::seen_in(const PartsSums& sums, const Vector& at,
                                       double cycle_s) const {
    Seen seen;
    const PartsBid bid = bid_at(at);
    if (sums.impossible > 0) {
        seen.possible = false;
        return seen;
    }
    PartsLook::Amounts of = amounts(stated());
    of.cycle_s = cycle_s;
    const Excess excess = look_.excess(bid, sums, of);
    seen.beyond = -excess.value / price(bid);
    seen.error = excess.error / price(bid);
    // What each unit of the three adds, the amount as it is where none is.
    const double unit = 1 / (price(bid) * at[0]);
    seen.scale = unit * problem_.samples_real();
    const bool of_power = resource_ == Resource::power;
    const double other = of_power ? of.bandwidth_hz : of.power_w;
    const double used = of_power ? sums.bandwidth : sums.power;
    const double rest = of_power ? start_.lambda : start_.mu;
    seen.slope = {unit * (problem_.samples_real() - sums.samples), unit * rest * (used - other),
                  unit * asked_.part * (look_.least_parts() - sums.parts)};
    return seen;
}

// About the longest cycle that prices rule out which rule out more than is known; and the look
// there. False where that was stopped.
bool PartsPrices::raise(const Vector& at, Seen& seen) {
    double high = infinity, above = 0;
    double next = ceiling();
    if (steep_ > 0) next = std::min(next, known_ + seen.beyond / steep_);
    for (int step = 0; step < most_cycles; ++step) {
        if (!(next > known_ * (1 + finest)) || !(next < high)) break;
        const Seen there = look_at(at, next);
        if (pool_.stop().check()) return false;
        if (!there.possible || there.beyond > 0) {
            if (there.possible) steep_ = (seen.beyond - there.beyond) / (next - known_);
            known_ = next;
            seen = there;
            if (!there.possible || next >= ceiling()) break;
        } else {
            high = next;
            above = there.beyond;
        }
        if (high < infinity) steep_ = (seen.beyond - above) / (high - known_);
        if (!(steep_ > 0) || seen.beyond <= finest * known_ * steep_) break;
        // A hair below the root, so that what is kept is ruled out; by halves where that does not
        // bring it nearer.
        const double root = known_ + seen.beyond / steep_ - 0.25 * finest * known_;
        const bool slow = step > most_cycles / 2;
        next = high < infinity && slow ? 0.5 * (known_ + high) : std::min(root, ceiling());
        if (high < infinity) next = std::min(next, high - 0.5 * finest * high);
    }
    return true;
}

// Prices at which these learners rule out most, or refute.
Vector PartsPrices::best_of_some(Question question, const Vector& from, const Reach& reach,
                                 double fine) {
    const bool of_cycle = resource_ == Resource::cycle;
    const bool refutes = question == Question::refutation;
    Polytope around(from, parts_for_samples, reach);
    for (std::size_t i = 0; i < 3; ++i) {  // no price is negative
        Vector up{};
        up[i] = 1;
        around.keep(up, -around.centre()[i]);
    }
    Vector best = from;
    double most = -infinity;  // beyond what is stated
    known_ = of_cycle && !refutes ? asked_.lower : -infinity;
    steep_ = 0;
    refuted_ = false;
    for (int look = 0; look < most_looks && !pool_.stop().check(); ++look) {
        const Vector at = around.centre();
        if (!bid_at(at).prices.usable()) break;
        Seen seen = look_at(at, of_cycle && !refutes ? known_ : problem_.cycle_s());
        if (!seen.possible) break;
        double rise = seen.beyond + around.rise(seen.slope);  // the most that is left
        double tolerated = fine * asked_.upper;
        if (of_cycle) tolerated = steep_ > 0 ? tolerated * steep_ : fine * seen.scale;
        if (of_cycle && !refutes && seen.beyond > 0) {
            best = at;
            if (!raise(at, seen) || !seen.possible) break;
            most = 0;  // at the cycle known now
            rise = seen.beyond + around.rise(seen.slope);
        } else if (seen.beyond > most) {
            most = seen.beyond;
            best = at;
        }
        if (refutes) refuted_ = seen.beyond > sure * seen.error;
        if (refuted_) break;
        if (refutes || !of_cycle) known_ = stated() + most;
        if (!refutes && known_ >= ceiling() * (1 - aim)) break;
        // Where less than nothing is ruled out that is of no use, unless a model says so.
        const bool needed = of_cycle || refutes;
        const double wanted = needed && !model_ ? std::max(most, 0.0) : most;
        if (rise - wanted <= (refutes && !model_ ? 0 : tolerated)) break;
        if (!around.keep(seen.slope, std::max(wanted - seen.beyond, 0.0))) break;
    }
    return best;
}

std::int64_t PartsPrices::passes() const {
    const std::size_t size = problem_.size();
    return static_cast<std::int64_t>((looked_at_ + size - 1) / size);
}

PartsPrices::Found PartsPrices::least() {
    Found found;
    choose_some();
    Vector at = middle;
    double radius = far_off;
    for (int round = 0; round < most_rounds && !pool_.stop().check(); ++round) {
        at = best(Question::least, at, radius);
        if (pool_.stop().requested()) break;
        const PartsBid bid = bid_at(at);
        const double lower = ruled_out(bid);
        if (pool_.stop().requested()) break;
        if (lower > std::max(asked_.lower, found.lower)) found = {lower, bid};
        if (!(known_ - lower > finest * asked_.upper) || !(known_ > asked_.lower)) break;
        if (!join(bid)) break;
        radius = radius_of_others;
    }
    return found;
}

std::optional<ProvingParts> PartsPrices::refutation_at(const PartsBid& bid) {
    const PartsSums sums = look_.of_all(bid, problem_.cycle_s(), pool_);
    looked_at_ += problem_.size();
    if (pool_.stop().requested()) return {};
    if (!look_.excess(bid, sums, amounts(stated())).proves_infeasible()) return {};
    return ProvingParts(bid.prices, {bid.per_part, asked_.part, asked_.above});
}

std::optional<ProvingParts> PartsPrices::refutation() {
    choose_some();
    Vector at = middle;
    double radius = far_off;
    for (int round = 0; round < most_rounds && !pool_.stop().check(); ++round) {
        at = best(Question::refutation, at, radius);
        if (!refuted_ || pool_.stop().check()) break;
        const PartsBid bid = bid_at(at);
        std::optional<ProvingParts> proof = refutation_at(bid);
        if (proof || pool_.stop().requested()) return proof;
        if (!join(bid)) break;
        radius = radius_of_others;
    }
    return {};
}

// The most that is too little by a look at everybody, with every rounding error against it.
double PartsPrices::ruled_out(const PartsBid& bid) {
    const bool of_cycle = resource_ == Resource::cycle;
    double amount = of_cycle ? known_ * (1 - 0.5 * near) : asked_.upper;
    std::optional<PartsSums> sums;
    for (int step = 0; step < 4; ++step) {
        if (!sums || of_cycle) {
            sums = look_.of_all(bid, of_cycle ? amount : problem_.cycle_s(), pool_);
            looked_at_ += problem_.size();
            if (pool_.stop().requested()) return 0;
        }
        const Excess excess = look_.excess(bid, *sums, amounts(amount));
        if (excess.proves_infeasible()) return amount;
        const double steep = of_cycle ? steep_ : 1;
        if (!(steep > 0)) return 0;
        amount -= (excess.value + excess.error) / (price(bid) * steep) + 0.5 * near * amount;
        if (!(amount > 0)) return 0;
    }
    return 0;
}

void PartsPrices::take(std::vector<std::size_t> who) {
    some_ = std::make_unique<PartsAmong>(problem_, box_, tau_, look_.counts(), std::move(who));
}

// Those for whom taking part is worth most where a part is worth something.
void PartsPrices::choose_some() {
    looked_at_ += problem_.size();
    const double cycle_s =
        resource_ == Resource::cycle && asked_.lower > 0 ? asked_.lower : problem_.cycle_s();
    const auto answers = look_.answers(bid_at({1, 1, dearest_part}), cycle_s, pool_);
    std::vector<std::size_t> who(problem_.size());
    std::iota(who.begin(), who.end(), std::size_t{0});
    double takers = 0;
    for (const std::size_t k : who) takers += answers[k].possible && answers[k].value > 0;
    const double wanted = takers_looked_at * std::max(look_.least_parts(), takers) + some_more;
    if (wanted < static_cast<double>(who.size())) {
        const auto worth = [&](std::size_t k) {
            return !look_.may_rest(k)    ? infinity
                   : answers[k].possible ? answers[k].value
                                         : -infinity;
        };
        const auto last = who.begin() + static_cast<std::ptrdiff_t>(wanted);
        const auto before = [&](std::size_t i, std::size_t j) {
            const double a = worth(i), b = worth(j);
            return a != b ? a > b : i < j;
        };
        std::nth_element(who.begin(), last, who.end(), before);
        who.erase(last, who.end());
        std::sort(who.begin(), who.end());
    }
    take(std::move(who));
}

// Whoever else is worth something where everybody was looked at last; false where nobody is.
bool PartsPrices::join(const PartsBid& bid) {
    const double cycle_s = resource_ == Resource::cycle && known_ > 0 ? known_ : problem_.cycle_s();
    const auto answers = look_.answers(bid, cycle_s, pool_);
    looked_at_ += problem_.size();
    if (pool_.stop().requested()) return false;
    std::vector<std::size_t> more;
    std::size_t next = 0;
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const bool known = next < who().size() && who()[next] == k;
        next += known;
        const bool worth = answers[k].possible && answers[k].value > 0;
        if (known || worth || !look_.may_rest(k)) more.push_back(k);
    }
    if (more.size() == who().size()) return false;
    take(std::move(more));
    return true;
}

std::vector<PartsAnswer> PartsPrices::answers(const Found& found) {
    looked_at_ += problem_.size();
    const double cycle_s = resource_ == Resource::cycle ? found.lower : problem_.cycle_s();
    const auto all = some_->look().answers(found.bid, cycle_s, pool_);
    return {all.begin(), all.end()};
}

}  // namespace mel
