#include "split/block_swaps.hpp"

#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"

namespace mel {
namespace {

constexpr int most_rounds = 60;
constexpr int most_penalties = 4;
constexpr std::size_t swaps_a_round = 256;
constexpr double first_penalty = 1.5;   // times what a sample is worth: above one it is exact
constexpr double units_a_learner = 12;  // of samples, for the mean learner that takes part
constexpr double unpayable_w = 1e300;
constexpr double most_samples = 1e15;  // where single ones still count

}  // namespace

bool BlockSwaps::of_use() const {
    const auto size = static_cast<double>(problem_.size());
    return problem_.excused() && problem_.block_hz() > 0 &&
           problem_.size() <= most_for_thorough_search && problem_.block_budget() < size &&
           problem_.samples_real() < most_samples;
}

// What is to become least: the power, and what is missing, at more than it costs.
double BlockSwaps::merit(const Held& all) const {
    const double few = std::max(problem_.samples_real() - all.samples, 0.0);
    const double many = std::max(all.blocks - problem_.block_budget(), 0.0);
    return prices_.mu * all.power_w + penalty_ * (few + block_price_ * many);
}

// What a learner would hold at the prices: the best of 1, 2, 4, ... blocks, half of these and twice
// as many, each with the samples that are worth their power.
std::array<BlockSwaps::Held, 3> BlockSwaps::wishes(std::size_t k, double tau,
                                                   const Box& box) const {
    const Demand demand = demand_of(problem_, k, tau);
    const BlockLink link = block_link(problem_, k);
    const double most = largest_allowed(demand, box.high(k));
    std::array<Held, 3> found{};
    double value = -infinity;
    if (!(most >= 1)) return found;
    const auto power = [&](double d, double n) {
        const double watt =
            demand.allows(d) ? link.power({.rate = demand.rate(d), .blocks = n}) : infinity;
        return watt <= std::min(link.power_cap_w, problem_.power_w()) ? watt : infinity;
    };
    Held before{};
    for (double n = 1; n <= link.most; n *= 2) {
        Held at{0, n, 0};
        double high = most;  // the last sample that is worth its power, by halves
        while (high - at.samples >= 1) {
            const double middle = at.samples + std::ceil(0.5 * (high - at.samples));
            const double watt = power(middle, n);
            if (watt < infinity && prices_.mu * (watt - power(middle - 1, n)) <= 1) {
                at.samples = middle;
                at.power_w = watt;
            } else {
                high = middle - 1;
            }
        }
        if (at.samples < 1) continue;
        const double worth = at.samples - prices_.mu * at.power_w - block_price_ * n;
        if (!(worth > value)) {
            found[2] = at;
            break;
        }
        value = worth;
        found = {before, at, Held{}};
        before = at;
    }
    return found;
}

void BlockSwaps::offer(std::size_t k, const Demand& demand, const BlockLink& link, InBlocks to) {
    const auto [d, n] = to;
    const Held& at = held_[k];
    if (d == at.samples && n == at.blocks) return;
    double watt = 0;
    if (d > 0 || !problem_.excused()) {
        if (!demand.allows(d) || n > link.most || n < 1) return;
        watt = link.power({.rate = demand.rate(d), .blocks = n});
        if (!(watt <= link.power_cap_w) || !(watt < unpayable_w)) return;
    }
    const double more = d - at.samples;
    const double blocks = n - at.blocks;
    const double power = watt - at.power_w;
    const double loss = prices_.mu * power + block_price_ * blocks - more;
    if (!std::isfinite(loss)) return;
    moves_.push_back({static_cast<std::uint32_t>(k), more, blocks, power, loss});
}

// All moves of all learners, those of a kind together, the best of them first.
void BlockSwaps::gather(double tau, const Box& box) {
    moves_.clear();
    const double usual = total_.blocks > 0 ? total_.samples / total_.blocks : 0;  // a block
    for (std::size_t k = 0; k < held_.size(); ++k) {
        const Demand demand = demand_of(problem_, k, tau);
        const BlockLink link = block_link(problem_, k);
        const Held& at = held_[k];
        const double low = std::max(box.low(k), 1.0);
        const auto around = [&](InBlocks to, int apart) {
            for (double d = to.samples - apart; d <= to.samples + apart; ++d) {
                if (d < low || d > box.high(k)) continue;
                offer(k, demand, link, {.samples = d, .blocks = to.blocks});
            }
        };
        for (const Held& wished : wishes_[k]) {
            if (!(wished.samples > 0)) continue;
            const double n = wished.blocks;
            around({.samples = wished.samples, .blocks = n}, 1);
            around({.samples = std::round(usual * n), .blocks = n}, 1);
        }
        if (at.samples == 0) continue;
        if (box.low(k) <= 0) offer(k, demand, link, {0, 0});
        for (double n = at.blocks - 1; n <= at.blocks + 1; ++n) {
            around({.samples = at.samples, .blocks = n}, 2);
        }
    }
    const auto unit = [&](double samples) {
        return std::fabs(samples) <= 2 ? samples : 2 * std::floor(samples / unit_) + 0.5;
    };
    std::sort(moves_.begin(), moves_.end(), [&](const Move& a, const Move& b) {
        if (unit(a.samples) != unit(b.samples)) return unit(a.samples) < unit(b.samples);
        if (a.blocks != b.blocks) return a.blocks < b.blocks;
        return a.loss < b.loss || (a.loss == b.loss && a.learner < b.learner);
    });
    kinds_.clear();
    for (const Move& move : moves_) {
        if (kinds_.empty() || kinds_.back().samples != unit(move.samples) ||
            kinds_.back().blocks != move.blocks) {
            kinds_.push_back({unit(move.samples), move.blocks, {}, 0});
        }
        kinds_.back().moves.push_back(move);
    }
}

void BlockSwaps::take(const Move& move) {
    Held& at = held_[move.learner];
    at.samples += move.samples;
    at.blocks += move.blocks;
    at.power_w = at.samples > 0 || at.blocks > 0 ? at.power_w + move.power_w : 0;
    total_.add(move);
    moved_[move.learner] = 1;
}

// The best move, or pair of them, again and again, each learner once; false if there was none.
bool BlockSwaps::round() {
    std::fill(moved_.begin(), moved_.end(), 0);
    bool any = false;
    for (std::size_t swap = 0; swap < swaps_a_round; ++swap) {
        if (pool_.stop().check()) return false;
        for (Kind& kind : kinds_) {
            while (kind.next < kind.moves.size() && moved_[kind.moves[kind.next].learner])
                ++kind.next;
        }
        const double now = merit(total_);
        double least = now - 1e-9 * std::max(prices_.mu * problem_.power_w(), 1.0);
        const Move* first = nullptr;
        const Move* second = nullptr;
        for (std::size_t i = 0; i < kinds_.size(); ++i) {
            if (kinds_[i].next == kinds_[i].moves.size()) continue;
            const Move& a = kinds_[i].moves[kinds_[i].next];
            Held with_a = total_;
            with_a.add(a);
            const double alone = merit(with_a);
            if (alone < least) {
                least = alone;
                first = &a;
                second = nullptr;
            }
            for (std::size_t j = i; j < kinds_.size(); ++j) {
                const Kind& other = kinds_[j];
                std::size_t next = other.next;
                while (next < other.moves.size() && (other.moves[next].learner == a.learner ||
                                                     moved_[other.moves[next].learner]))
                    ++next;
                if (next == other.moves.size()) continue;
                const Move& b = other.moves[next];
                Held with_both = with_a;
                with_both.add(b);
                const double both = merit(with_both);
                if (both < least) {
                    least = both;
                    first = &a;
                    second = &b;
                }
            }
        }
        if (!first) break;
        take(*first);
        if (second) take(*second);
        any = true;
    }
    return any;
}

bool BlockSwaps::improve(double tau, const Box& box, Prices prices, std::vector<double>& samples) {
    const std::size_t size = problem_.size();
    prices_ = prices;
    block_price_ = prices.lambda * problem_.block_hz();
    held_.assign(size, {0, 0, 0});
    wishes_.assign(size, {});
    moved_.assign(size, 0);
    total_ = {};
    double taking = 0;
    for (std::size_t k = 0; k < size; ++k) {
        if (samples[k] > 0) {
            const Demand demand = demand_of(problem_, k, tau);
            const BlockLink link = block_link(problem_, k);
            const double rate = demand.rate(samples[k]);
            const double n = demand.allows(samples[k]) ? link.best(rate, prices) : -1;
            if (n < 0) return false;
            held_[k] = {samples[k], n, link.power({.rate = rate, .blocks = n})};
            if (!(held_[k].power_w < unpayable_w)) return false;
            total_.add(held_[k]);
            taking += 1;
        } else if (box.low(k) > 0) {
            return false;
        }
        if (box.low(k) <= 0) wishes_[k] = wishes(k, tau, box);
    }
    if (pool_.stop().check()) return false;
    unit_ = std::max(1.0, std::floor(total_.samples / std::max(taking, 1.0) / units_a_learner));
    penalty_ = first_penalty;
    const auto lacking = [&] {
        return total_.samples < problem_.samples_real() || total_.blocks > problem_.block_budget();
    };
    for (int harder = 0; harder < most_penalties; ++harder) {
        for (int i = 0; i < most_rounds; ++i) {
            if (!lacking() && total_.power_w < problem_.power_w()) break;
            gather(tau, box);
            if (!round()) break;
        }
        if (!lacking() || pool_.stop().requested()) break;
        penalty_ *= 2;
    }
    for (std::size_t k = 0; k < size; ++k) samples[k] = held_[k].samples;
    return !lacking() && total_.power_w < problem_.power_w();
}

}  // namespace mel
