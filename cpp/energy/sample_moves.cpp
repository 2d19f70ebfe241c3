#include "energy/sample_moves.hpp"

#include <algorithm>

namespace mel {
namespace {
constexpr std::size_t most_tries = 12;  // of moves, where each looked as if it were worth it
}  // namespace

std::vector<SampleMove> sample_moves(EnergyLearners& learners, std::span<const double> whole,
                                     HertzPrice price) {
    const std::size_t size = learners.size();
    std::vector<double> more(size, no_limit), fewer(size, no_limit);
    for (std::size_t k = 0; k < size; ++k) {
        const double d = whole[k];
        const auto cost = [&](double samples) { return learners.cost(k, price, samples).cost; };
        const double here = cost(d);
        if (d + 1 <= learners.high(k)) more[k] = cost(d + 1) - here;
        if (d > 0 && (d > learners.low(k) || learners.rests(k))) fewer[k] = cost(d - 1) - here;
    }
    std::vector<SampleMove> moves;
    for (std::size_t from = 0; from < size; ++from) {
        for (std::size_t to = 0; to < size; ++to) {
            const double cost = fewer[from] + more[to];
            if (from != to && cost < 0) moves.push_back({cost, from, to});
        }
    }
    const std::size_t tries = std::min(most_tries, moves.size());
    std::partial_sort(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(tries),
                      moves.end(),
                      [](const SampleMove& a, const SampleMove& b) { return a.cost < b.cost; });
    moves.resize(tries);
    return moves;
}

}  // namespace mel
