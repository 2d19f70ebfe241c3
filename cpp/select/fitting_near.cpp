// Who is looked at: whose single samples are moved, and who hardly takes part or hardly rests.
#include <algorithm>
#include <cmath>

#include "select/fitting.hpp"
#include "select/subsets.hpp"

namespace mel {
namespace {
constexpr std::size_t looked_at = 4096;  // learners whose single samples are moved, or more
constexpr std::size_t tried = 256;       // of them, for what a sample loses
constexpr double small_loss = 0.25;      // of a sample, by all that are moved
constexpr int refined_rounds = 6;
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

// Single samples of so many learners; who takes part is open for those whose margin is least.
void Fitting::choose_near(std::size_t many, const std::vector<double>& margins) {
    const std::size_t n = samples_.size();
    near_.clear();
    torn_.clear();
    const std::size_t stride = n <= looked_at ? 1 : (n / many) | 1;
    for (std::size_t k = 0; k < n; k += stride) near_.push_back(k);
    if (n <= looked_at) {
        torn_ = near_;
        return;
    }
    if (margins.empty()) return;
    for (std::size_t k = 0; k < n; ++k) {
        if (std::isfinite(margins[k])) torn_.push_back(k);
    }
    const std::size_t kept = std::min(torn_.size(), looked_at);
    std::nth_element(torn_.begin(), torn_.begin() + static_cast<std::ptrdiff_t>(kept), torn_.end(),
                     [&](std::size_t a, std::size_t b) {
                         return std::fabs(margins[a]) < std::fabs(margins[b]);
                     });
    torn_.resize(kept);
    std::sort(torn_.begin(), torn_.end());
}

// What whole learners leave unused, at last: the best of all subsets of those who hardly take part
// and those who hardly rest, by what they cost at the bid.
bool Fitting::refine(const Bid& bid, const Cell* cell, std::size_t others) {
    const std::vector<Move> moves = nearest_moves(bid, cell, others);
    std::vector<Change> changes;
    for (const Move& move : moves) changes.push_back({move.worth, move.cost});
    const WorthMost subsets(changes);
    const std::vector<double> before = samples_;
    const double takers = takers_;
    double room = budget_ - spent_;
    for (int round = 0; round < refined_rounds && !pool_.stop().check(); ++round) {
        const std::uint32_t best = subsets.within(room).value_or(0);
        if (best == 0) return false;
        double cost = 0;
        for (std::size_t i = 0; i < moves.size(); ++i) {
            if ((best >> i & 1) != 0) take(moves[i], cost);
        }
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

// Whole learners in or out, those who lose least, at most as many as subsets are made of.
std::vector<Fitting::Move> Fitting::nearest_moves(const Bid& bid, const Cell* cell,
                                                  std::size_t others) const {
    std::vector<Move> moves;
    for (const std::size_t k : torn_) {
        auto move = samples_[k] > 0 ? drop(bid, cell, k) : join(bid, cell, k);
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
