#include "select/subsets.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace mel {
namespace {

std::vector<Subset> subsets_of(std::span<const Change> changes) {
    std::vector<Subset> found{{0, 0, 0}};
    found.reserve(std::size_t{1} << changes.size());
    std::uint32_t bit = 1;
    for (const Change& change : changes) {
        const std::size_t before = found.size();
        for (std::size_t i = 0; i < before; ++i) {
            const Subset& less = found[i];
            found.push_back(
                {less.worth + change.worth, less.cost + change.cost, less.members | bit});
        }
        bit <<= 1;
    }
    return found;
}

struct Halves {
    std::vector<Subset> one, other;
    std::size_t shift;

    explicit Halves(std::span<const Change> changes) : shift(changes.size() / 2) {
        one = subsets_of(changes.first(shift));
        other = subsets_of(changes.subspan(shift));
    }
    std::uint32_t both(const Subset& a, const Subset& b) const {
        return a.members | (b.members << shift);
    }
};

}  // namespace

WorthMost::WorthMost(std::span<const Change> changes) {
    Halves half(changes.first(std::min(changes.size(), most_changes)));
    shift_ = half.shift;
    one_ = std::move(half.one);
    other_ = std::move(half.other);
    std::sort(other_.begin(), other_.end(),
              [](const Subset& a, const Subset& b) { return a.cost < b.cost; });
    // Of those that cost no more, the one that is worth most.
    for (std::size_t i = 1; i < other_.size(); ++i) {
        const Subset& before = other_[i - 1];
        Subset& here = other_[i];
        if (before.worth >= here.worth) {
            here.worth = before.worth;
            here.members = before.members;
        }
    }
}

std::optional<std::uint32_t> WorthMost::within(double room) const {
    double most = -std::numeric_limits<double>::infinity();
    std::optional<std::uint32_t> best;
    for (const Subset& a : one_) {
        const auto end =
            std::upper_bound(other_.begin(), other_.end(), room - a.cost,
                             [](double left, const Subset& b) { return left < b.cost; });
        if (end == other_.begin()) continue;
        const Subset& b = *(end - 1);
        if (!(a.worth + b.worth > most)) continue;
        most = a.worth + b.worth;
        best = a.members | (b.members << shift_);
    }
    return best;
}

std::optional<std::uint32_t> worth_just(std::span<const Change> changes, double wanted) {
    Halves half(changes.first(std::min(changes.size(), most_changes)));
    std::sort(half.other.begin(), half.other.end(), [](const Subset& a, const Subset& b) {
        return a.worth < b.worth || (a.worth == b.worth && a.cost < b.cost);
    });
    double least = std::numeric_limits<double>::infinity();
    std::optional<std::uint32_t> best;
    for (const Subset& a : half.one) {
        const auto b =
            std::lower_bound(half.other.begin(), half.other.end(), wanted - a.worth,
                             [](const Subset& s, double worth) { return s.worth < worth; });
        if (b == half.other.end() || b->worth != wanted - a.worth) continue;
        if (!(a.cost + b->cost < least)) continue;
        least = a.cost + b->cost;
        best = half.both(a, *b);
    }
    return best;
}

}  // namespace mel
