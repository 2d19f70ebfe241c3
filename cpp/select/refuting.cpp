#include "select/refuting.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/chunks.hpp"
#include "base/infinity.hpp"

namespace mel {
namespace {

constexpr int finer_looks = 8;      // once no prices refute, for what learners are torn between
constexpr double near_least = 0.5;  // of the least excess seen
constexpr double hardly = 1e-12;    // of a worth: margins no further apart are the same
constexpr double a_little = 0.25;   // of the last one's worth, where nobody else can take part
constexpr double rounded = 4;       // times that, where it was added
constexpr int most_raised = 4;      // times a worth that rounding left below the last one's
constexpr double next_to_none = 1e-200;  // of a sample: worth enough for margins to be told

}  // namespace

double Refuting::typical_worth() const {
    const Problem& problem = choices_.problem();
    return std::max(1.0, problem.samples_real() / static_cast<double>(problem.size()));
}

Refuting::Look Refuting::look_at(Split& split, const Cell& cell) {
    split.sums = choices_.look(split.bid, &cell, {split.samples, split.margins});
    split.bound = choices_.bound(split.bid, split.sums);
    if (pool_.stop().requested()) return Look::open;
    if (split.sums.impossible > 0) {
        split.bid = choices_.bid({}, 0);
        return Look::refutes;
    }
    const double paid = split.bid.per_learner * needed();
    const bool refutes = split.bound.most() < target_ + paid;
    split.bound.value -= paid;
    return refutes ? Look::refutes : Look::open;
}

// What a participant must be worth for just as many to take part as must; nothing where fewer can.
// Margins are those of no worth.
std::optional<double> Refuting::worth_of_the_last(const Split& split) {
    double left = needed();
    order_.clear();
    for (const double margin : split.margins) {
        if (margin == infinity) {
            left -= 1;
        } else if (margin > -infinity) {
            order_.push_back(margin);
        }
    }
    if (left <= 0) return 0;
    const auto last = static_cast<std::size_t>(left) - 1;
    if (last >= order_.size()) return {};
    const auto at = order_.begin() + static_cast<std::ptrdiff_t>(last);
    std::nth_element(order_.begin(), at, order_.end(), std::greater<>());
    const double worth = -*at;
    if (worth < 0) return 0;
    const double just = worth + hardly * (worth + typical_worth());
    if (at + 1 == order_.end()) return just + a_little * worth;
    return std::max(just, 0.5 * (worth - *std::max_element(at + 1, order_.end())));
}

// Of those who would as soon rest, the last ones do, until no more take part than must.
void Refuting::leave_as_many(Split& split, const Cell& cell) {
    const double worth = split.bid.per_learner;
    const double gained = rounded * hardly * (worth + typical_worth());
    for (std::size_t k = choices_.size(); k-- > 0 && split.sums.takers > needed();) {
        const double margin = split.margins[k];
        if (!(split.samples[k] > 0) || margin == infinity || margin + worth > gained) continue;
        const double fewest = std::max({choices_.least(k), cell.low[k], 1.0});
        const auto use = choices_.use_of(k, split.bid, {fewest, cell.high[k]});
        split.sums.bandwidth -= use.bandwidth;
        split.sums.power -= use.power;
        if (!choices_.may_rest(k)) {
            const auto bare = choices_.use_of(k, split.bid, {0, 0});
            split.sums.bandwidth += bare.bandwidth;
            split.sums.power += bare.power;
        }
        split.samples[k] = 0;
        split.sums.takers -= 1;
    }
}

// The lowest bound at the prices of a bid, whose worth of a participant is where to begin.
Refuting::Look Refuting::look(Split& split, const Cell& cell) {
    const std::size_t n = choices_.size();
    split.samples.resize(padded_to_groups(n));
    split.margins.resize(n);
    double& worth = split.bid.per_learner;
    if (!counts()) {
        split.bid = choices_.bid(split.bid.prices, 0);
        return look_at(split, cell);
    }
    if (!(worth > 0)) worth = next_to_none;
    Look seen = look_at(split, cell);
    for (int raised = 0;; ++raised) {
        if (seen == Look::refutes || pool_.stop().requested()) return seen;
        for (double& margin : split.margins) {
            if (std::fabs(margin) < infinity) margin -= worth;
        }
        const bool enough = split.sums.takers >= needed();
        if (split.sums.takers == needed() || (enough && worth == next_to_none)) return seen;
        if (raised == most_raised) return seen;
        const auto last = worth_of_the_last(split);
        if (!last) return Look::nobody;
        const double before = worth;
        worth = std::max(*last, next_to_none);
        if (raised > 0 && !enough) worth = std::max(worth, before) * (1 + hardly * (1 << raised));
        seen = look_at(split, cell);
        if (seen == Look::open && split.sums.takers > needed() && worth > next_to_none) {
            for (double& margin : split.margins) {
                if (std::fabs(margin) < infinity) margin -= worth;
            }
            leave_as_many(split, cell);
            return seen;
        }
    }
}

Refuting::Outcome Refuting::run(const Cell& cell, std::span<const Bid> starts,
                                const Wanted& wanted) {
    const Problem& problem = choices_.problem();
    target_ = wanted.least;
    const double unit = goal_.whole ? target_ : std::max(target_, 1.0);
    polygon_.reset();
    found_ = 0;
    cuts_.clear();
    bid_ = choices_.bid({}, 0);
    const auto whole = choices_.capacity(bid_, &cell);
    if (whole.value == -infinity || whole.most() < target_) return Outcome::refuted;
    double level = 0;         // of the bound's relative excess that is looked below,
    double least = infinity;  // and the least seen
    const auto lowered = [&](const Cut& cut) {
        return Cut{cut.samples - level, cut.bandwidth - level, cut.power - level};
    };
    int last_pass = wanted.most_passes;
    std::size_t started = 0;
    Bid at = choices_.bid({}, typical_worth());
    const auto centre = [&] {
        if (!polygon_.centre(at.prices)) return false;
        const double units = unit / problem.samples_real();
        at.prices = {at.prices.lambda * units, at.prices.mu * units};
        return true;
    };
    const auto next = [&] {
        while (started < starts.size()) {
            const Bid& start = starts[started++];
            if (!start.prices.usable()) continue;
            at = start;
            return true;
        }
        return centre();
    };
    if (!next()) return Outcome::open;
    for (int pass = 0; pass < last_pass; ++pass) {
        if (pool_.stop().check()) return Outcome::stopped;
        if (!at.prices.usable()) return Outcome::open;
        newest_ = (newest_ + 1) % ring_.size();
        Split& split = ring_[newest_];
        split.bid = at;
        const Look seen = look(split, cell);
        if (pool_.stop().requested()) return Outcome::stopped;
        if (seen != Look::open) {
            bid_ = seen == Look::nobody ? Bid{{}, 0, 1} : split.bid;
            if (bid_.per_learner == next_to_none) bid_.per_learner = 0;
            return Outcome::refuted;
        }
        at.per_learner = split.bid.per_learner;
        found_ = std::min(found_ + 1, ring_.size());
        CompensatedSum gained;
        for (std::size_t k = 0; k < choices_.size(); ++k) {
            gained.add(choices_.worth(k, split.samples[k]));
        }
        split.cut = {(gained.value() - target_) / unit,
                     1 - split.sums.bandwidth / problem.bandwidth_hz(),
                     1 - split.sums.power / problem.power_w()};
        const double worth =
            unit + at.prices.lambda * problem.bandwidth_hz() + at.prices.mu * problem.power_w();
        const double excess = (split.bound.value - target_) / worth;
        if (excess < least) {
            least = excess;
            best_ = split;
        }
        polygon_.clip(lowered(split.cut));
        cuts_.push_back(split.cut);
        if (next()) continue;
        // No prices refute it. Those that come nearest tell between what learners are torn.
        if (level > 0 || !(least > 0)) return Outcome::open;
        level = near_least * least;
        last_pass = std::min(last_pass, pass + finer_looks);
        polygon_.reset();
        for (const Cut& cut : cuts_) polygon_.clip(lowered(cut));
        if (!centre()) return Outcome::open;
    }
    return Outcome::open;
}

Mixture Refuting::mixture() const {
    std::array<Cut, 16> cuts;
    for (std::size_t i = 0; i < found_; ++i) cuts[i] = recent(i).cut;
    return best_mixture(std::span<const Cut>(cuts.data(), found_));
}

std::vector<Bid> Refuting::best_bids() const {
    const Mixture found = mixture();
    std::vector<Bid> best;
    for (int i = 0; i < found.count; ++i) best.push_back(recent(found.index[i]).bid);
    return best;
}

}  // namespace mel
