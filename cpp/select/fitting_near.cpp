// Who is looked at: whose single samples are moved, and who hardly takes part or hardly rests.
#include <algorithm>
#include <cmath>

#include "select/fitting.hpp"
#include "select/smallest.hpp"
#include "select/subsets.hpp"

namespace mel {
namespace {
constexpr std::size_t looked_at = 4096;  // learners whose single samples are moved, or more
constexpr std::size_t tried = 256;       // of them, for what a sample loses
constexpr double small_loss = 0.25;      // of a sample, by all that are moved
constexpr int refined_rounds = 6;
constexpr std::size_t more_at_once = 8;  // times as many
}  // namespace

// How many learners so much of the budgets is taken from, or given to, in single samples that lose
// little. The first of a learner lose anything from nothing on, evenly.
std::size_t Fitting::enough_for(const Bid& bid, const Cell* cell, double budget) const {
    const std::size_t n = samples_.size();
    if (all_near_) return n;
    if (n <= looked_at || goal_.of != Worth::samples || goal_.whole) return looked_at;
    double loss = 0, count = 0;
    for (std::size_t k = 0; k < n; k += (n / tried) | 1) {
        if (const auto move = step(bid, cell, k, budget > 0 ? 1 : -1)) {
            loss += std::fabs(move->loss());
            count += 1;
        }
    }
    if (count == 0) return looked_at;
    const double enough = budget * budget * loss / count / small_loss;
    const std::size_t most = n / 4;
    return enough < static_cast<double>(most)
               ? std::max(static_cast<std::size_t>(enough), looked_at)
               : std::max(most, looked_at);
}

// Whether a look told what learners lose by taking part or not, from the choices on.
bool Fitting::told(const Cell* cell) const {
    return !cell && margins_ && margins_->size() == samples_.size();
}
bool Fitting::knows_steps(const Cell* cell) const {
    return !cell && steps_ && steps_->size() == samples_.size();
}

// Whether somebody must take part, and might with far more samples or far fewer.
bool Fitting::has_tops(const Cell* cell, std::size_t k) const {
    return knows_steps(cell) && switching_->size() == samples_.size() && !may_rest(cell, k) &&
           std::isfinite((*switching_)[k]);
}

// Whose single samples are moved by so much of the budgets; who takes part is open for those whose
// margin is least.
void Fitting::choose_near(const Bid& bid, const Cell* cell, double spare, const Numbers& margins) {
    const std::size_t n = samples_.size();
    near_.clear();
    torn_.clear();
    if (n > looked_at && knows_steps(cell) && !all_near_) {
        choose_steps(spare);
    } else {
        const std::size_t stride = n <= looked_at ? 1 : (n / enough_for(bid, cell, spare)) | 1;
        for (std::size_t k = 0; k < n; k += stride) near_.push_back(k);
    }
    if (n <= looked_at) {
        torn_ = near_;
        return;
    }
    // Who may rest, or be far from its choice.
    const bool tops = margins.empty() && knows_steps(cell) && switching_->size() == n;
    if (margins.empty() && !tops) return;
    const bool steps = knows_steps(cell) && !choices_.all_or_nothing();
    const std::size_t some = torn_times_ * (steps ? looked_at / 4 : looked_at);
    torn_ = smallest(n, std::min(some, n), [&](std::size_t k) {
                return tops ? (*switching_)[k] : std::fabs(margins[k]);
            }).who;
}

// The same with more of those who hardly take part; false where there are no more.
bool Fitting::look_at_more(const Bid& bid, const Cell* cell, double spare, const Numbers& margins) {
    const std::size_t before = torn_.size();
    if (cell || before == 0 || 2 * before > samples_.size()) return false;
    torn_times_ *= more_at_once;
    choose_near(bid, cell, spare, margins);
    return torn_.size() > before;
}

// Those who lose least by a sample more, or less, as many as the budgets ask for and some more; and
// some for the way back.
void Fitting::choose_steps(double spare) {
    const Numbers& steps = *steps_;
    const std::size_t n = steps.size();
    double weight = 0, count = 0;
    for (std::size_t k = 0; k < n; k += (n / tried) | 1) {
        weight += choices_.weight(k);
        count += 1;
    }
    const auto most = static_cast<double>(goal_.whole ? looked_at : n);
    const double asked = std::min(2 * std::fabs(spare) * count / weight, most);
    const std::size_t some = looked_at / 4, many = some + static_cast<std::size_t>(asked);
    near_ = nearest_steps(steps, spare > 0 ? many : some, spare > 0 ? some : many);
}

// What whole learners leave unused, at last: the best of all subsets of those who hardly take part
// and those who hardly rest, by what they cost at the bid.
bool Fitting::refine(const Bid& bid, const Cell* cell, std::size_t others) {
    const std::vector<Move> moves = nearest_moves(bid, cell, others);
    std::vector<Change> changes;
    for (const Move& move : moves) changes.push_back({move.worth, move.cost});
    const WorthMost subsets(changes);
    const Numbers before = samples_;
    const double takers = takers_;
    double room = budget_ - spent_ - bent_;
    for (int round = 0; round < refined_rounds && !pool_.stop().check(); ++round) {
        const std::uint32_t best = subsets.within(room).value_or(0);
        if (best == 0) return false;
        double cost = 0;
        for (std::size_t i = 0; i < moves.size(); ++i) {
            if ((best >> i & 1) != 0) take(moves[i], cost);
        }
        foretell_ratio(bid, moves, best);
        if (fits(samples_)) {
            spent_ += cost;
            return true;
        }
        samples_ = before;
        takers_ = takers;
        // Less by what the split lacks, as the budgets' load at its own best prices says.
        room = std::min(room, cost) - std::clamp(load_ - 1, 1e-12, 0.5) * budget_;
    }
    return false;
}

// Where the ratio of the prices goes as some of the moves are made from the split that fitted last:
// by what they take there, and the slopes of all.
void Fitting::foretell_ratio(const Bid& bid, const std::vector<Move>& moves, std::uint32_t taken) {
    const Problem& problem = choices_.problem();
    if (!fit_.sums || !only_rates(problem)) return;
    Bid there = bid;
    there.prices.mu = fit_.ratio * there.prices.lambda;
    double band = fit_.sums->bandwidth, watt = fit_.sums->power;
    for (std::size_t i = 0; i < moves.size(); ++i) {
        if ((taken >> i & 1) == 0) continue;
        for (const auto& [d, sign] : {std::pair{moves[i].from, -1.0}, {moves[i].to, 1.0}}) {
            if (d == 0) continue;
            const auto use = choices_.use_of(moves[i].learner, there, {d, d});
            band += sign * use.bandwidth;
            watt += sign * use.power;
        }
    }
    const double shift = fit_.sums->shift;
    const double by =
        (std::log(watt / problem.power_w()) - std::log(band / problem.bandwidth_hz())) /
        (shift / band + shift / (fit_.ratio * watt));
    if (std::fabs(by) < 1) ratio_ = fit_.ratio * std::exp(by);
}

// Whole learners in or out, those who lose least, at most as many as subsets are made of.
std::vector<Fitting::Move> Fitting::nearest_moves(const Bid& bid, const Cell* cell,
                                                  std::size_t others) const {
    std::vector<Move> moves;
    for (const std::size_t k : torn_) {
        auto move = drop(bid, cell, k);
        if (!move) move = join(bid, cell, k);
        if (move) moves.push_back(*move);
    }
    constexpr std::size_t half = most_changes / 2;
    const std::size_t skipped = others * half;
    const std::size_t kept = std::min(moves.size(), most_changes + skipped);
    const auto order = [](const Move& a, const Move& b) { return a.loss() < b.loss(); };
    const auto end = moves.begin() + static_cast<std::ptrdiff_t>(kept);
    if (skipped == 0) {
        std::nth_element(moves.begin(), end, moves.end(), order);
    } else {
        std::partial_sort(moves.begin(), end, moves.end(), order);
    }
    moves.resize(kept);
    if (skipped == 0) return moves;
    if (kept < most_changes + skipped) return {};
    const auto first = moves.begin() + static_cast<std::ptrdiff_t>(half);
    moves.erase(first, first + static_cast<std::ptrdiff_t>(skipped));
    return moves;
}

}  // namespace mel
