#include "select/fitting.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"

namespace mel {
namespace {
constexpr double exact_integers = 9007199254740992.0;  // up to here doubles hold all of them
constexpr std::size_t some_more = 4096;                // learners looked at than are missing
constexpr std::size_t exchanged = 200;                 // participants, and as many others
constexpr int failures = 60;
constexpr double far_more = 2;        // than D
constexpr double far_too_much = 1.5;  // times what is asked for
}  // namespace

double Fitting::low(const Cell* cell, std::size_t k) const {
    return std::max(choices_.least(k), cell ? cell->low[k] : 0);
}
double Fitting::high(const Cell* cell, std::size_t k) const {
    return std::min(choices_.sure(k), cell ? cell->high[k] : infinity);
}
bool Fitting::may_rest(const Cell* cell, std::size_t k) const {
    return choices_.may_rest(k) && !(cell && cell->low[k] > 0);
}
double Fitting::value(const Bid& bid, std::size_t k, double d) const {
    return bid.per_sample * choices_.weight(k) * d + (d > 0 ? bid.per_learner : 0);
}

namespace {

// The sum of n terms, each a multiple of `grain`: where rounding could do nothing to it, added up
// four at a time.
template <class Term>
double sum_of(std::size_t n, double grain, Term term) {
    if (grain > 0) {
        double part[4] = {};
        std::size_t k = 0;
        for (; k + 4 <= n; k += 4) {
            for (std::size_t i = 0; i < 4; ++i) part[i] += term(k + i);
        }
        for (; k < n; ++k) part[0] += term(k);
        const double sum = (part[0] + part[1]) + (part[2] + part[3]);
        if (sum < exact_integers * grain) return sum;
    }
    CompensatedSum sum;
    for (std::size_t k = 0; k < n; ++k) sum.add(term(k));
    return sum.value();
}

}  // namespace

double Fitting::worth(const Numbers& samples) const {
    const double* d = samples.data();
    if (goal_.of == Worth::learners) return takers(samples);
    if (goal_.of == Worth::samples || goal_.weight.empty()) {
        return sum_of(samples.size(), 1, [d](std::size_t k) { return d[k]; });
    }
    const double* weight = goal_.weight.data();
    return sum_of(samples.size(), goal_.grain, [=](std::size_t k) { return weight[k] * d[k]; });
}

double Fitting::takers(const Numbers& samples) const {
    return static_cast<double>(
        std::count_if(samples.begin(), samples.end(), [](double d) { return d > 0; }));
}

bool Fitting::enough_takers() const { return takers_ > static_cast<double>(goal_.at_least); }

// As many participants as there must be, those who lose least. Of many learners, those are looked
// at whose margins say that they may be among them.
void Fitting::top_up(const Bid& bid, const Cell* cell, const Numbers& margins, double& spent) {
    const auto missing = static_cast<double>(goal_.at_least) - takers_;
    if (!(missing > 0)) return;
    std::vector<std::size_t> who;
    for (std::size_t k = 0; k < samples_.size(); ++k) {
        if (samples_[k] == 0) who.push_back(k);
    }
    const std::size_t enough = 2 * static_cast<std::size_t>(missing) + some_more;
    if (!margins.empty() && who.size() > enough) {
        std::nth_element(who.begin(), who.begin() + static_cast<std::ptrdiff_t>(enough), who.end(),
                         [&](std::size_t a, std::size_t b) { return margins[a] > margins[b]; });
        who.resize(enough);
    }
    std::vector<Move> moves;
    for (const std::size_t k : who) {
        if (const auto move = join(bid, cell, k)) {
            moves.push_back(*move);
        } else {
            if (const auto first = step(bid, cell, k, 1)) moves.push_back(*first);
        }
    }
    const std::size_t some = std::min(moves.size(), static_cast<std::size_t>(missing));
    std::nth_element(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(some), moves.end(),
                     [](const Move& a, const Move& b) { return a.loss() < b.loss(); });
    moves.resize(some);
    for (const Move& move : moves) take(move, spent);
}

// Less, by what loses least for what it frees, until the budget is kept.
void Fitting::lower(const Bid& bid, const Cell* cell, double& spent, double budget) {
    if (spent <= budget) return;
    struct Dearer {
        bool operator()(const Move& a, const Move& b) const {
            return a.loss() * -b.cost > b.loss() * -a.cost;
        }
    };
    std::vector<Move> heap;
    for (const std::size_t k : torn_) {
        if (const auto move = drop(bid, cell, k); move && move->cost < 0) heap.push_back(*move);
    }
    if (choices_.steps_count()) {
        for (const std::size_t k : near_) {
            if (const auto move = step(bid, cell, k, -1); move && move->cost < 0)
                heap.push_back(*move);
        }
    }
    const Dearer dearer;
    std::make_heap(heap.begin(), heap.end(), dearer);
    // Whole learners that free far more than is asked for, where single samples may do.
    std::vector<Move> aside;
    bool sparing = knows_steps(cell);
    while (spent > budget && !pool_.stop().check()) {
        if (heap.empty()) {
            if (aside.empty()) break;
            heap.swap(aside);
            std::make_heap(heap.begin(), heap.end(), dearer);
            sparing = false;
        }
        std::pop_heap(heap.begin(), heap.end(), dearer);
        const Move move = heap.back();
        heap.pop_back();
        const bool far = move.to + 1 < move.from;
        if (sparing && far && -move.cost > far_too_much * (spent - budget)) {
            aside.push_back(move);
            continue;
        }
        const double d = samples_[move.learner];
        // A whole learner's cost may have changed since.
        const bool whole = move.to == 0 && may_rest(cell, move.learner);
        if (whole ? !(d > 0) : d != move.from) continue;
        if (move.to == 0 && !enough_takers()) continue;
        const Move now = whole ? *drop(bid, cell, move.learner) : move;
        take(now, spent);
        if (now.to > 0 && !far) {
            if (const auto next = step(bid, cell, now.learner, -1); next && next->cost < 0) {
                heap.push_back(*next);
                std::push_heap(heap.begin(), heap.end(), dearer);
            }
        }
    }
}

// More, by what loses least, as long as the budget holds it.
void Fitting::use_up(const Bid& bid, const Cell* cell, double& spent, double budget) {
    std::vector<Move> moves;
    for (const std::size_t k : torn_) {
        if (const auto move = join(bid, cell, k)) moves.push_back(*move);
    }
    if (choices_.steps_count()) {
        for (const std::size_t k : near_) {
            if (const auto move = step(bid, cell, k, 1)) moves.push_back(*move);
        }
    }
    // Of somebody new, who may have fewer samples than is best.
    const auto least_of = [&](const Move& move) {
        const bool open = move.from == 0 && choices_.steps_count() && may_rest(cell, move.learner);
        return open ? std::max(low(cell, move.learner), 1.0) : move.to;
    };
    // Where single samples use up the rest, whole learners come first, by what they lose for what
    // they use.
    const bool sparing = knows_steps(cell);
    const auto more = [sparing](const Move& a, const Move& b) {
        return sparing ? a.loss() * b.cost > b.loss() * a.cost : a.loss() > b.loss();
    };
    std::make_heap(moves.begin(), moves.end(), more);
    int failed = 0;
    while (!moves.empty() && spent < budget && !pool_.stop().check()) {
        std::pop_heap(moves.begin(), moves.end(), more);
        const Move move = moves.back();
        moves.pop_back();
        if (samples_[move.learner] != move.from) continue;
        if (spent + move.cost > budget) {
            // Fewer samples of somebody new may do.
            const double least = least_of(move);
            if (move.to > least) {
                if (++failed > failures) continue;
                const double cost = choices_.cost(move.learner, least, bid.prices);
                if (!(spent + cost <= budget)) continue;
                const double worth = value(bid, move.learner, least);
                moves.push_back({move.learner, 0, least, worth, cost});
                std::push_heap(moves.begin(), moves.end(), more);
                continue;
            }
            std::erase_if(moves, [&](const Move& other) {
                return spent + other.cost > budget && !(other.to > least_of(other));
            });
            std::make_heap(moves.begin(), moves.end(), more);
            continue;
        }
        take(move, spent);
        if (!choices_.steps_count()) continue;
        if (move.from == 0 && may_rest(cell, move.learner)) near_.push_back(move.learner);
        if (const auto next = step(bid, cell, move.learner, 1)) {
            moves.push_back(*next);
            std::push_heap(moves.begin(), moves.end(), more);
        }
    }
}

// One in, one out, where that is worth more and still fits.
void Fitting::exchange(const Bid& bid, const Cell* cell, double& spent, double budget) {
    const auto nearest = [&](auto&& of) {
        std::vector<Move> moves;
        for (const std::size_t k : torn_) {
            if (const auto move = of(k)) moves.push_back(*move);
        }
        const auto less = [](const Move& a, const Move& b) { return a.loss() < b.loss(); };
        const std::size_t kept = std::min(moves.size(), exchanged);
        std::nth_element(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(kept),
                         moves.end(), less);
        moves.resize(kept);
        return moves;
    };
    for (int round = 0; round < 20 && !pool_.stop().check(); ++round) {
        const auto outs = nearest([&](std::size_t k) { return drop(bid, cell, k); });
        const auto ins = nearest([&](std::size_t k) { return join(bid, cell, k); });
        double best = 1e-9;
        const Move* out = nullptr;
        const Move* in = nullptr;
        for (const Move& a : outs) {
            for (const Move& b : ins) {
                const double gain = a.worth + b.worth;
                if (gain > best && spent + a.cost + b.cost <= budget) {
                    best = gain;
                    out = &a;
                    in = &b;
                }
            }
        }
        if (!out) return;
        const Move gone = *out, come = *in;
        take(gone, spent);
        take(come, spent);
    }
}

// Far more than D is not asked for: those who pay most for what they are worth leave, as long as
// enough is left.
void Fitting::shrink(const Bid& bid, const Numbers& margins, double& spent) {
    const double target = choices_.problem().samples_real();
    CompensatedSum sum;
    for (const double d : samples_) sum.add(d);
    double total = sum.value();
    shrunk_ = total > far_more * target;
    if (!shrunk_) return;
    struct Dear {
        double gain;  // what is left of its worth, as a share of that
        std::size_t learner;
        bool operator<(const Dear& o) const {
            return gain > o.gain || (gain == o.gain && learner > o.learner);
        }
    };
    std::vector<Dear> order;
    for (std::size_t k = 0; k < samples_.size(); ++k) {
        if (samples_[k] == 0 || !choices_.may_rest(k)) continue;
        const double worth = value(bid, k, samples_[k]);
        const double gain =
            margins.empty() ? worth - choices_.cost(k, samples_[k], bid.prices) : margins[k];
        order.push_back({worth > 0 ? gain / worth : 0, k});
    }
    std::make_heap(order.begin(), order.end());
    int failed = 0;
    for (auto end = order.end(); end != order.begin() && failed < failures; --end) {
        std::pop_heap(order.begin(), end);
        const std::size_t k = (end - 1)->learner;
        double& d = samples_[k];
        if (total - d < target || !enough_takers()) {
            ++failed;
            continue;
        }
        total -= d;
        spent -= choices_.cost(k, d, bid.prices);
        d = 0;
        takers_ -= 1;
    }
}

// The choices, where they are allowed, and what they cost; false where somebody has none.
bool Fitting::begin(const Bid& bid, const Cell* cell, const Chosen& chosen, double& spent) {
    const auto& [picks, margins] = chosen;
    const std::size_t n = picks.size();
    samples_ = picks;
    bool moved = false;
    const bool as_they_are = !cell && choices_.picks_are_sure();
    for (std::size_t k = 0; k < n && !as_they_are; ++k) {
        double& d = samples_[k];
        if (d > high(cell, k)) {
            d = high(cell, k);
            moved = true;
        }
        if (d >= low(cell, k) || (d == 0 && may_rest(cell, k))) continue;
        if (!may_rest(cell, k)) return false;
        d = 0;
        moved = true;
    }
    takers_ = goal_.at_least > 0 ? takers(samples_) : infinity;  // nobody asks how many
    margins_ = &margins;
    picks_ = &picks;
    shrunk_ = false;
    ratio_ = bid.prices.mu / bid.prices.lambda;
    if (moved) {
        CompensatedSum sum;
        for (std::size_t k = 0; k < n; ++k) sum.add(choices_.cost(k, samples_[k], bid.prices));
        spent = sum.value();
    }
    return std::isfinite(spent);
}

bool Fitting::just_these(const Bid& bid, const Chosen& chosen, double cost) {
    if (!begin(bid, nullptr, chosen, cost)) return false;
    top_up(bid, nullptr, chosen.margins, cost);
    Numbers samples = samples_;
    if (!make_whole(bid, nullptr, samples)) return false;
    samples_ = std::move(samples);
    return true;
}

}  // namespace mel
