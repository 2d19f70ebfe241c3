// From a split that holds enough to one of just D samples, with as many participants as there must
// be.
#include <algorithm>
#include <cmath>
#include <queue>
#include <utility>

#include "base/infinity.hpp"
#include "select/fitting.hpp"
#include "select/subsets.hpp"

namespace mel {
namespace {
constexpr double few = 4;  // learners, by whom a split may hold too much before they are chosen
constexpr int most_halves = 60;
constexpr double fine = 1e-11;           // of a worth: what a cost may be told by
constexpr std::size_t looked_at = 2048;  // learners that say about which price it is,
constexpr double nearly = 0.02;          // and how far they may be off
}  // namespace

// One in place of another, until what they hold at least is no more than D.
void Fitting::exchange_whole(const Bid& bid, const Cell* cell, const std::vector<Holder>& order,
                             double target, Numbers& samples, Held& held) const {
    double &total = held.total, &least = held.least;
    std::vector<Holder> others;
    for (std::size_t j = 0; j < samples.size(); ++j) {
        const double low = this->low(cell, j);
        if (samples[j] == 0 && may_rest(cell, j) && low <= high(cell, j))
            others.push_back({low, j});
    }
    // Of equal minima whoever pays least first.
    const Numbers* margins = margins_ && !margins_->empty() ? margins_ : nullptr;
    std::sort(others.begin(), others.end(), [&](const Holder& a, const Holder& b) {
        if (a.low != b.low) return a.low < b.low;
        if (margins && (*margins)[a.learner] != (*margins)[b.learner])
            return (*margins)[a.learner] > (*margins)[b.learner];
        return a.learner < b.learner;
    });
    const auto from = [&](double low) {
        return std::lower_bound(others.begin(), others.end(), low,
                                [](const Holder& o, double x) { return o.low < x; });
    };
    // The nearest few whose minimum is `low` or more.
    const auto exchanged = [&](std::size_t k, double low) {
        auto it = from(low);
        int tries = 0;
        for (int seen = 0; seen < 512 && it != others.end() && it->low < this->low(cell, k);
             ++seen, ++it) {
            const std::size_t j = it->learner;
            if (samples[j] != 0) continue;
            if (++tries > 8) break;
            if (total - samples[k] + high(cell, j) < target) continue;
            const double d =
                std::min(choices_.part(j, bid, {it->low, high(cell, j)}), high(cell, j));
            if (!(d > 0) || total - samples[k] + d < target) continue;
            least += it->low - this->low(cell, k);
            total += d - samples[k];
            samples[k] = 0;
            samples[j] = d;
            return true;
        }
        return false;
    };
    // Whoever ends it: of the minima that are low enough the highest.
    for (const auto& [low_of_k, k] : order) {
        if (least <= target) return;
        if (samples[k] == 0) continue;
        const double low = low_of_k - (least - target);
        auto it = std::upper_bound(others.begin(), others.end(), low,
                                   [](double x, const Holder& o) { return x < o.low; });
        if (it != others.begin() && exchanged(k, (it - 1)->low) && least <= target) return;
    }
    for (const auto& [low_of_k, k] : order) {
        if (least <= target) return;
        if (samples[k] > 0) exchanged(k, low_of_k - (least - target));
    }
}

// A few learners in or out, of those who lose least, after which the minima add up to just D.
void Fitting::add_up(const Bid& bid, const Cell* cell, double target, Numbers& samples,
                     Held& held) const {
    double &total = held.total, &least = held.least;
    struct Near {
        double loss;
        Move move;
    };
    std::vector<Near> moves;
    for (const std::size_t k : torn_) {
        const double low = this->low(cell, k);
        if (!may_rest(cell, k) || low > high(cell, k)) continue;
        const double cost = choices_.cost(k, low, bid.prices);
        if (!std::isfinite(cost)) continue;
        const double loss = std::fabs(cost - value(bid, k, low));
        const bool in = samples[k] > 0;
        const double from = samples[k], to = in ? 0 : low;
        moves.push_back({loss, {k, from, to, in ? -low : low, in ? -cost : cost}});
    }
    const std::size_t kept = std::min(moves.size(), most_changes);
    std::nth_element(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(kept), moves.end(),
                     [](const Near& a, const Near& b) { return a.loss < b.loss; });
    moves.resize(kept);
    std::vector<Change> changes;
    for (const Near& near : moves) changes.push_back({near.move.worth, near.move.cost});
    const std::uint32_t best = worth_just(changes, target - least).value_or(0);
    double after = total;
    for (std::size_t i = 0; i < moves.size(); ++i) {
        if ((best >> i & 1) != 0) after += moves[i].move.to - samples[moves[i].move.learner];
    }
    if (best == 0 || after < target) return;
    for (std::size_t i = 0; i < moves.size(); ++i) {
        if ((best >> i & 1) != 0) samples[moves[i].move.learner] = moves[i].move.to;
    }
    total = after;
    least = target;
}

// What everybody pays for a sample, who may take part with what is told: those who must, nothing.
// Who is all or nothing may also join whom the bid leaves out.
Fitting::Offers Fitting::offers_of(Prices prices, const Chosen& chosen) const {
    const Numbers& margins = chosen.margins;
    Offers offers{chosen.picks, Numbers(chosen.picks.size(), infinity)};
    auto& [samples, each] = offers;
    for (std::size_t k = 0; k < samples.size(); ++k) {
        double& d = samples[k];
        const bool rests = may_rest(nullptr, k);
        const double least = low(nullptr, k), most = high(nullptr, k);
        if (d > most || d < least) d = rests && least == most && margins[k] > -infinity ? most : 0;
        if (d == 0) continue;
        const double paid = d - margins[k];
        const bool sharp = paid > fine * d;  // else rounding is all there is of it
        each[k] = !rests ? 0 : (sharp ? paid : choices_.cost(k, d, prices)) / d;
    }
    return offers;
}

// About the price of a sample up to which they hold enough, by some of them; negative where these
// say nothing.
double Fitting::price_of_some(const Offers& offers, double target) const {
    const std::size_t n = offers.each.size(), stride = (n / looked_at) | 1;
    if (n < 4 * looked_at) return -1;
    std::vector<std::pair<double, double>> some;
    for (std::size_t k = 0; k < n; k += stride) {
        if (offers.each[k] < infinity) some.emplace_back(offers.each[k], offers.samples[k]);
    }
    std::sort(some.begin(), some.end());
    double left = target / static_cast<double>(stride);
    for (const auto& [price, samples] : some) {
        left -= samples;
        if (left <= 0) return price;
    }
    return -1;
}

// The price of a sample up to which they hold enough, by not much more than what is to spare.
double Fitting::price_of(const Offers& offers, const Enough& enough) const {
    const Numbers &samples = offers.samples, &each = offers.each;
    const double target = enough.samples;
    const double guess = price_of_some(offers, target);
    const double guessed[] = {guess * (1 + nearly), guess * (1 - nearly)};
    double total = 0, dear = 0, cheap = 0;
    double held_at[] = {0, 0};
    for (std::size_t k = 0; k < each.size(); ++k) {
        if (!(each[k] < infinity)) continue;
        total += samples[k];
        dear = std::max(dear, each[k]);
        for (int i = 0; i < 2; ++i) held_at[i] += each[k] <= guessed[i] ? samples[k] : 0;
    }
    double below = 0;  // of those who are surely in
    for (int i = 0; i < 2 && total > target + enough.spare; ++i) {
        if (!(cheap < guessed[i] && guessed[i] < dear)) continue;
        if (held_at[i] < target) {
            below = held_at[i];
            cheap = guessed[i];
        } else {
            dear = guessed[i];
            total = held_at[i];
        }
    }
    std::vector<std::size_t> open;  // those between, few where some of them guessed right
    for (std::size_t k = 0; k < each.size(); ++k) {
        if (each[k] > cheap && each[k] <= dear) open.push_back(k);
    }
    for (int half = 0; half < most_halves && total > target + enough.spare; ++half) {
        const double middle = 0.5 * (dear + cheap);
        if (!(cheap < middle && middle < dear)) break;
        const auto end = std::partition(open.begin(), open.end(),
                                        [&](std::size_t k) { return each[k] <= middle; });
        double held = below;
        for (auto it = open.begin(); it != end; ++it) held += samples[*it];
        if (held < target) {
            below = held;
            cheap = middle;
            open.erase(open.begin(), end);
        } else {
            dear = middle;
            total = held;
            open.erase(end, open.end());
        }
    }
    return total < target ? -1 : dear;
}

bool Fitting::ask_offers(const Bid& bid, const Chosen& chosen) {
    dear_ = -1;
    if (chosen.margins.size() != chosen.picks.size()) return false;
    const double target = choices_.problem().samples_real();
    offers_ = offers_of(bid.prices, chosen);
    const double typical = target / std::max(takers(chosen.picks), 1.0);
    dear_ = price_of(offers_, {.samples = target, .spare = few * typical});
    return dear_ >= 0;
}

bool Fitting::just_enough(const Bid& bid, const Chosen& chosen, std::size_t changes) {
    const double target = choices_.problem().samples_real();
    const Numbers &all = offers_.samples, &each = offers_.each, &margins = chosen.margins;
    const std::size_t n = each.size();
    const double dear = dear_;
    ratio_ = bid.prices.mu / bid.prices.lambda;
    samples_.assign(n, 0.0);
    Held held{0, 0, 0};
    auto& [total, least, count] = held;
    for (std::size_t k = 0; k < n; ++k) {
        if (!(each[k] <= dear)) continue;
        samples_[k] = all[k];
        total += all[k];
        least += low(nullptr, k);
        count += 1;
    }
    const auto needed = static_cast<double>(goal_.at_least);
    if (count < needed) return false;
    if (least > target) {
        // In or out: those for whom a sample is worth nearly what they pay. Some, of any size,
        // mostly do; those who lose least by it are mostly small, and may not make up for what is
        // too much.
        const bool any_size = changes < most_changes;
        std::priority_queue<std::pair<double, std::size_t>> nearest[2];
        for (std::size_t k = 0; k < n; ++k) {
            const double size = any_size ? 1 : all[k], off = std::fabs(each[k] - dear) * size;
            auto& side = nearest[samples_[k] > 0];
            if (!(off < dear * size) || (side.size() == changes / 2 && off >= side.top().first))
                continue;
            if (side.size() == changes / 2) side.pop();
            side.emplace(off, k);
        }
        torn_.clear();
        for (auto& side : nearest) {
            for (; !side.empty(); side.pop()) torn_.push_back(side.top().second);
        }
        Bid there = bid;
        there.per_sample = dear;
        add_up(there, nullptr, target, samples_, held);
        if (least > target && changes == most_changes) {
            std::vector<Holder> order;
            for (std::size_t k = 0; k < n; ++k) {
                if (samples_[k] > 0 && may_rest(nullptr, k)) order.push_back({low(nullptr, k), k});
            }
            margins_ = &margins;
            exchange_whole(there, nullptr, order, target, samples_, held);
        }
        count = takers(samples_);
        if (least > target || count < needed) return false;
    }
    takers_ = count;
    return spread(nullptr, target, samples_, held);
}

bool Fitting::make_whole(const Bid& bid, const Cell* cell, Numbers& samples) const {
    const double target = choices_.problem().samples_real();
    const std::size_t n = samples.size();
    CompensatedSum total_sum, least_sum;
    for (std::size_t k = 0; k < n; ++k) {
        total_sum.add(samples[k]);
        if (samples[k] > 0 || !may_rest(cell, k)) least_sum.add(low(cell, k));
    }
    Held held{total_sum.value(), least_sum.value(), takers(samples)};
    auto& [total, least, count] = held;
    if (total < target) return false;
    const auto needed = static_cast<double>(goal_.at_least);
    if (least > target) {
        // Whoever must be left out: those of the largest minima, as long as enough is left.
        std::vector<Holder> order;
        for (std::size_t k = 0; k < n; ++k) {
            if (samples[k] > 0 && may_rest(cell, k)) order.push_back({low(cell, k), k});
        }
        std::make_heap(order.begin(), order.end());
        auto end = order.end();
        for (; end != order.begin() && least > target; --end) {
            std::pop_heap(order.begin(), end);
            const Holder last = *(end - 1);
            if (count <= needed || total - samples[last.learner] < target) continue;
            least -= last.low;
            total -= samples[last.learner];
            samples[last.learner] = 0;
            count -= 1;
        }
        if (least > target) add_up(bid, cell, target, samples, held);
        if (least > target) exchange_whole(bid, cell, order, target, samples, held);
    }
    if (least > target) return false;
    return spread(cell, target, samples, held);
}

// What is too much goes from everybody in proportion to what it can spare, but for rounding.
bool Fitting::spread(const Cell* cell, double target, Numbers& samples, Held held) const {
    auto& [total, least, count] = held;
    const std::size_t n = samples.size();
    const auto needed = static_cast<double>(goal_.at_least);
    double over = total - target;
    if (over == 0) return true;
    const double keep = total > 0 ? std::max(0.0, 1 - over / std::max(total - least, 1.0)) : 1;
    double taken = 0;
    for (std::size_t k = 0; k < n; ++k) {
        if (samples[k] == 0) continue;
        const double down = std::floor((samples[k] - low(cell, k)) * (1 - keep));
        samples[k] -= down;
        taken += down;
    }
    over -= taken;
    // Nobody else's last sample goes, where every participant counts.
    for (std::size_t k = 0; k < n && over > 0; ++k) {
        if (samples[k] == 0) continue;
        const double kept = std::max(low(cell, k), count <= needed ? 1.0 : 0.0);
        const double down = std::min(samples[k] - kept, over);
        if (samples[k] - down <= 0) count -= 1;
        samples[k] -= down;
        over -= down;
    }
    return over == 0;
}

}  // namespace mel
