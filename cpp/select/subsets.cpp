#include "select/subsets.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/infinity.hpp"

namespace mel {
namespace {

// In the order of `less`: with and without each change, merged.
template <class Less>
std::vector<Subset> subsets_by(std::span<const Change> changes, Less less) {
    std::vector<Subset> found{{0, 0, 0}}, with, merged;
    std::uint32_t bit = 1;
    for (const Change& change : changes) {
        with = found;
        for (Subset& more : with) {
            more = {more.worth + change.worth, more.cost + change.cost, more.members | bit};
        }
        merged.resize(2 * found.size());
        std::merge(found.begin(), found.end(), with.begin(), with.end(), merged.begin(), less);
        found.swap(merged);
        bit <<= 1;
    }
    return found;
}

std::vector<Subset> subsets_by_cost(std::span<const Change> changes) {
    return subsets_by(changes, [](const Subset& a, const Subset& b) { return a.cost < b.cost; });
}
// Of equal ones the cheaper first.
std::vector<Subset> subsets_by_worth(std::span<const Change> changes) {
    return subsets_by(changes, [](const Subset& a, const Subset& b) {
        return a.worth < b.worth || (a.worth == b.worth && a.cost < b.cost);
    });
}

}  // namespace

WorthMost::WorthMost(std::span<const Change> changes) {
    changes = changes.first(std::min(changes.size(), most_changes));
    shift_ = changes.size() / 2;
    one_ = subsets_by_cost(changes.first(shift_));
    other_ = subsets_by_cost(changes.subspan(shift_));
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
    double most = -infinity;
    std::optional<std::uint32_t> best;
    auto end = other_.end();
    for (const Subset& a : one_) {  // the more it costs, the less is left for others
        while (end != other_.begin() && (end - 1)->cost > room - a.cost) --end;
        if (end == other_.begin()) break;
        const Subset& b = *(end - 1);
        if (!(a.worth + b.worth > most)) continue;
        most = a.worth + b.worth;
        best = a.members | (b.members << shift_);
    }
    return best;
}

std::optional<std::uint32_t> worth_just(std::span<const Change> changes, double wanted) {
    changes = changes.first(std::min(changes.size(), most_changes));
    const std::size_t shift = changes.size() / 2;
    const auto one = subsets_by_worth(changes.first(shift));
    const auto other = subsets_by_worth(changes.subspan(shift));
    double least = infinity;
    std::optional<std::uint32_t> best;
    auto b = other.end();  // the more the one is worth, the less is wanted of the other
    for (const Subset& a : one) {
        const double rest = wanted - a.worth;
        while (b != other.begin() && !((b - 1)->worth < rest)) --b;
        if (b == other.end() || b->worth != rest || !(a.cost + b->cost < least)) continue;
        least = a.cost + b->cost;
        best = a.members | (b->members << shift);
    }
    return best;
}

std::vector<bool> cheapest_sum(std::span<const Change> sizes, double wanted) {
    std::int64_t grain = static_cast<std::int64_t>(wanted);
    for (const Change& one : sizes) grain = std::gcd(grain, static_cast<std::int64_t>(one.worth));
    if (grain == 0) return std::vector<bool>(sizes.size());
    const auto units = [&](double worth) {
        return static_cast<std::size_t>(static_cast<std::int64_t>(worth) / grain);
    };
    const std::size_t end = units(wanted);
    std::vector<double> least(end + 1, infinity);  // of each sum, by those so far
    std::vector<std::vector<bool>> joined(sizes.size());
    least[0] = 0;
    std::size_t most = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const std::size_t size = units(sizes[i].worth);
        joined[i].resize(end + 1);
        most = std::min(most + size, end);
        for (std::size_t sum = most; sum >= size && sum > 0; --sum) {
            const double cost = least[sum - size] + sizes[i].cost;
            if (!(cost < least[sum])) continue;
            least[sum] = cost;
            joined[i][sum] = true;
        }
    }
    std::vector<bool> members;
    if (!(least[end] < infinity)) return members;
    members.resize(sizes.size());
    std::size_t sum = end;
    for (std::size_t i = sizes.size(); i-- > 0;) {
        if (!joined[i][sum]) continue;
        members[i] = true;
        sum -= units(sizes[i].worth);
    }
    return members;
}

}  // namespace mel
