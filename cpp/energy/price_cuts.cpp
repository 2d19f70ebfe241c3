#include "energy/price_cuts.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "energy/takers.hpp"

namespace mel {
namespace {

constexpr std::size_t rows = price_count + 1;
constexpr std::size_t most_looks = 80;
constexpr int most_pivots = 200;
constexpr double first_reach = 8;
constexpr double longest_reach = 1e4;
constexpr double shortest_reach = 1.001;
constexpr double taken_share = 0.1;  // of what the tangents foretell, for a step to be taken

using Row = std::array<double, rows>;

// The programme of the tangents, from its other side: weights of tangents that sum to 1 and whose
// slopes, with what the ends of the box hold against them, cancel. A basis of four columns.
class Weights {
  public:
    Weights(std::vector<Row> columns, std::vector<double> costs,
            std::array<std::size_t, rows> basis)
        : columns_(std::move(columns)), costs_(std::move(costs)), basis_(basis) {
        invert();
    }

    // The multipliers of the four sums where the weights cost least.
    Row solve() {
        for (int pivot = 0; pivot < most_pivots; ++pivot) {
            const Row price = multipliers();
            std::size_t enters = columns_.size();
            double most = 1e-13;
            for (std::size_t c = 0; c < columns_.size(); ++c) {
                double gain = -costs_[c], scale = std::fabs(costs_[c]) + 1;
                for (std::size_t r = 0; r < rows; ++r) {
                    gain += price[r] * columns_[c][r];
                    scale += std::fabs(price[r] * columns_[c][r]);
                }
                if (gain > most * scale) {
                    enters = c;
                    most = gain / scale;
                }
            }
            if (enters == columns_.size() || !replace(enters)) return price;
        }
        return multipliers();
    }

  private:
    Row multipliers() const {
        Row price{};
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t i = 0; i < rows; ++i) price[r] += costs_[basis_[i]] * inverse_[i][r];
        }
        return price;
    }
    bool replace(std::size_t enters) {
        Row by{}, weight{};
        for (std::size_t i = 0; i < rows; ++i) {
            weight[i] = inverse_[i][0];  // of the sums 1, 0, 0, 0
            for (std::size_t r = 0; r < rows; ++r) by[i] += inverse_[i][r] * columns_[enters][r];
        }
        std::size_t leaves = rows;
        double least = no_limit;
        for (std::size_t i = 0; i < rows; ++i) {
            if (!(by[i] > 1e-12)) continue;
            const double share = std::max(weight[i], 0.0) / by[i];
            if (share < least) {
                least = share;
                leaves = i;
            }
        }
        if (leaves == rows) return false;
        basis_[leaves] = enters;
        return invert();
    }
    // Of the basis, by elimination; false where rounding leaves it none.
    bool invert() {
        std::array<std::array<double, 2 * rows>, rows> table{};
        for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t r = 0; r < rows; ++r) table[r][i] = columns_[basis_[i]][r];
            table[i][rows + i] = 1;
        }
        for (std::size_t i = 0; i < rows; ++i) {
            std::size_t top = i;
            for (std::size_t r = i + 1; r < rows; ++r) {
                if (std::fabs(table[r][i]) > std::fabs(table[top][i])) top = r;
            }
            if (!(std::fabs(table[top][i]) > 1e-14)) return false;
            std::swap(table[i], table[top]);
            const double pivot = table[i][i];
            for (double& x : table[i]) x /= pivot;
            for (std::size_t r = 0; r < rows; ++r) {
                if (r == i) continue;
                const double times = table[r][i];
                for (std::size_t c = 0; c < 2 * rows; ++c) table[r][c] -= times * table[i][c];
            }
        }
        for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t r = 0; r < rows; ++r) inverse_[i][r] = table[i][rows + r];
        }
        return true;
    }

    std::vector<Row> columns_;
    std::vector<double> costs_;
    std::array<std::size_t, rows> basis_;
    std::array<Row, rows> inverse_{};
};

// What the learners' bound is at prices of a hertz, a watt and a sample, and its slopes: what each
// of them is missing.
PriceCuts::Cut look(EnergyLearners& learners, const Prices3& at, std::size_t stride) {
    const Problem& problem = learners.problem();
    JoulePrices p{at[0], at[2]};
    if (learners.receives()) learners.price_watts(at[1] / at[0]);
    p.taking = taking_of_count(learners, p);
    const EnergySums s = learners.at(p, stride);
    const double share = learners.share(stride);
    const double samples = problem.samples_real() * share;
    const double band = problem.bandwidth_hz() * share;
    const double power = learners.receives() ? problem.power_w() * share : 0;
    PriceCuts::Cut cut{0, at, {}, p.taking};
    cut.slope = {s.bandwidth.value() - band, learners.receives() ? s.power.value() - power : 0,
                 samples - s.samples.value()};
    const double mu = learners.receives() ? at[1] : 0;
    cut.value = s.cost.value() + p.nu * cut.slope[2] - p.lambda * band - mu * power;
    cut.value += p.taking * s.takers + learners.proved_by_count(p);
    if (s.impossible > 0) cut.value = -no_limit;
    return cut;
}

// Whether some price went as far as it might.
bool at_edge(const Prices3& to, const Prices3& from, double reach) {
    for (std::size_t j = 0; j < price_count; ++j) {
        const double by = to[j] / from[j];
        if (by >= reach * (1 - 1e-9) || by <= (1 + 1e-9) / reach) return true;
    }
    return false;
}

}  // namespace

PriceCuts::Top PriceCuts::top(const Cut& center, double reach) const {
    const double scale = std::max(std::fabs(center.value), 1e-300);
    std::vector<Row> columns;
    std::vector<double> costs;
    // Prices as shares of the center's, values as shares of its value.
    for (const Cut& cut : cuts_) {
        Row column{1, 0, 0, 0};
        double at_none = cut.value;
        for (std::size_t j = 0; j < price_count; ++j) {
            column[j + 1] = cut.slope[j] * center.at[j] / scale;
            at_none -= cut.slope[j] * cut.at[j];
        }
        columns.push_back(column);
        costs.push_back(at_none / scale);
    }
    std::array<std::size_t, rows> basis{cuts_.size() - 1};
    const Row first = columns.back();
    for (std::size_t j = 0; j < price_count; ++j) {
        for (const bool upper : {true, false}) {
            Row column{};
            column[j + 1] = upper ? -1 : 1;
            if (upper == (first[j + 1] > 0)) basis[j + 1] = columns.size();
            columns.push_back(column);
            costs.push_back(upper ? reach : -1 / reach);
        }
    }
    const Row price = Weights(std::move(columns), std::move(costs), basis).solve();
    Top top{price[0] * scale, {}};
    for (std::size_t j = 0; j < price_count; ++j) {
        top.at[j] = center.at[j] * std::clamp(-price[j + 1], 1 / reach, reach);
    }
    return top;
}

void find_by_cuts(EnergyLearners& learners, JoulePrices& prices, std::size_t stride, double fine) {
    const double watt = learners.receives() ? learners.watt_hz() : 1;
    PriceCuts cuts;
    // Whether the look told anything.
    const auto see = [&](const Prices3& at, PriceCuts::Cut& cut) {
        cut = look(learners, at, stride);
        if (!(cut.value > -no_limit) || learners.pool().stop().requested()) return false;
        cuts.add(cut);
        return true;
    };
    PriceCuts::Cut center, next;
    bool told = see({prices.lambda, prices.lambda * watt, prices.nu}, center);
    double reach = first_reach;
    const auto enough = [&] { return stride == 1 && center.value > learners.enough(); };
    while (told && cuts.size() < most_looks && !enough()) {
        const PriceCuts::Top top = cuts.top(center, reach);
        const double foretold = top.value - center.value;
        if (!(foretold > fine * std::fabs(center.value))) break;
        told = see(top.at, next);
        if (!told) break;
        if (next.value - center.value > taken_share * foretold) {
            if (at_edge(next.at, center.at, reach)) reach = std::min(reach * reach, longest_reach);
            center = next;
        } else {
            reach = std::max(std::sqrt(reach), shortest_reach);
        }
    }
    prices = {center.at[0], center.at[2], center.taking};
    if (learners.receives()) learners.price_watts(center.at[1] / center.at[0]);
}

}  // namespace mel
