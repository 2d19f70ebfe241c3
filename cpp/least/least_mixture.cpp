// A second's worth where no one response fits the budgets: that of the mixture of those that stand
// around the least bound.
//
// The looks' tangents are a linear programme, whose other side is a mixture of their responses that
// uses just the budgets. A little more time lifts every tangent by what it says of it, and the
// least of them all by as much as the mixture does.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/infinity.hpp"
#include "least/least_bound.hpp"

namespace mel {
namespace {

constexpr std::size_t most_looks = 40;  // nearest to the least bound there
constexpr double as_good = 1e-10;       // relative: below the least bound, which a mixture says
constexpr double hardly_negative = 1e-9;

struct Term {
    double below;  // the bound, at its prices
    double gain, band, watt, per_s;
};

}  // namespace

std::optional<double> LeastBound::per_s_of_mixture() const {
    if (!(prices_.lambda > 0) || !(prices_.mu > 0)) return {};
    std::vector<Term> terms;
    for (const Look& seen : looks_) {
        // Of the budgets, what it leaves.
        const double band = 1 - seen.bandwidth / amounts_.bandwidth_hz;
        const double watt = 1 - seen.power / amounts_.power_w;
        const double gain = seen.samples + seen.joined;
        const double there = best_.prices.lambda * amounts_.bandwidth_hz * band +
                             best_.prices.mu * amounts_.power_w * watt + gain;
        terms.push_back({best_.value - there, gain, band, watt, seen.per_s});
    }
    std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) {
        return a.below < b.below || (a.below == b.below && a.gain < b.gain);
    });
    terms.resize(std::min(terms.size(), most_looks));
    double most = -infinity, per_s = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        for (std::size_t j = i + 1; j < terms.size(); ++j) {
            for (std::size_t k = j + 1; k < terms.size(); ++k) {
                const Term &a = terms[i], &b = terms[j], &c = terms[k];
                const double one = b.band * c.watt - c.band * b.watt;
                const double other = c.band * a.watt - a.band * c.watt;
                const double last = a.band * b.watt - b.band * a.watt;
                const double sum = one + other + last;
                if (!(std::fabs(sum) > 0)) continue;
                const double x = one / sum, y = other / sum, z = last / sum;
                if (!(std::min({x, y, z}) >= -hardly_negative)) continue;
                const double value = x * a.gain + y * b.gain + z * c.gain;
                if (!(value > most)) continue;
                most = value;
                per_s = x * a.per_s + y * b.per_s + z * c.per_s;
            }
        }
    }
    if (!(best_.value - most <= as_good * scale())) return {};
    return per_s;
}

}  // namespace mel
