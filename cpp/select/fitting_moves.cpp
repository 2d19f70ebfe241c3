// What a learner's samples may become, what that is worth and what it costs: as a look told, where
// it did, else by asking about the learner alone.
#include <algorithm>
#include <cmath>

#include "select/fitting.hpp"

namespace mel {

// One sample more, or less.
std::optional<Fitting::Move> Fitting::step(const Bid& bid, const Cell* cell, std::size_t k,
                                           double by) const {
    const double d = samples_[k];
    const double to = d + by;
    if (d == 0 && may_rest(cell, k)) return {};
    if (to < low(cell, k) || to > high(cell, k)) return {};
    if (knows_steps(cell) && d == (*picks_)[k] && std::isfinite((*steps_)[k])) {
        const double step = (*steps_)[k], worth = by * bid.per_sample * choices_.weight(k);
        if ((step > 0) == (by > 0)) return Move{k, d, to, worth, worth + std::fabs(step)};
        if (!all_near_) return {};  // that way others lose less
    }
    const double more = choices_.step_cost(k, std::min(d, to), bid.prices);
    if (!std::isfinite(more)) return {};
    return Move{k, d, to, value(bid, k, to) - value(bid, k, d), by * more};
}

// What is far below: no samples, or the fewest of somebody who must take part and for whom many are
// worth hardly more or less.
std::optional<Fitting::Move> Fitting::drop(const Bid& bid, const Cell* cell, std::size_t k) const {
    const double d = samples_[k];
    if (has_tops(cell, k)) {
        const double least = low(cell, k);
        if (d <= least + 1) return {};
        const double cost = choices_.cost(k, least, bid.prices) - choices_.cost(k, d, bid.prices);
        if (!std::isfinite(cost)) return {};
        return Move{k, d, least, value(bid, k, least) - value(bid, k, d), cost};
    }
    if (d == 0 || !may_rest(cell, k)) return {};
    if (told(cell) && d == (*picks_)[k] && (*margins_)[k] > 0) {
        return Move{k, d, 0, -value(bid, k, d), (*margins_)[k] - value(bid, k, d)};
    }
    return Move{k, d, 0, -value(bid, k, d), -choices_.cost(k, d, bid.prices)};
}

// The same the other way.
std::optional<Fitting::Move> Fitting::join(const Bid& bid, const Cell* cell, std::size_t k) const {
    const double from = samples_[k], least = low(cell, k), most = high(cell, k);
    const bool tops = has_tops(cell, k);
    if (tops ? from != least || !(least + 2 <= most) : from != 0 || !may_rest(cell, k)) return {};
    if (!tops && told(cell) && (*picks_)[k] == 0 && least == most &&
        std::isfinite((*margins_)[k])) {
        const double worth = value(bid, k, least);
        return Move{k, 0, least, worth, worth - (*margins_)[k]};
    }
    const double d = std::min(choices_.part(k, bid, {tops ? least + 2 : least, most}), most);
    if (!(d > 0)) return {};
    const double before = tops ? choices_.cost(k, from, bid.prices) : 0;
    const double cost = choices_.cost(k, d, bid.prices) - before;
    if (!std::isfinite(cost)) return {};
    return Move{k, from, d, value(bid, k, d) - value(bid, k, from), cost};
}

void Fitting::take(const Move& move, double& spent) {
    takers_ += (move.to > 0) - (samples_[move.learner] > 0);
    samples_[move.learner] = move.to;
    spent += move.cost;
}

}  // namespace mel
