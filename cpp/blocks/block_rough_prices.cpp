// Prices in whole blocks from anywhere, roughly: a start for the cutting planes.
#include <cmath>

#include "blocks/block_prices.hpp"
#include "prices/factor.hpp"

namespace mel {
namespace {
constexpr double roughly = 0.05;  // of D, and of a budget
constexpr int most_scales = 40;
}  // namespace

// Whether far more samples are taken, or far fewer, is told by both prices together; and the budget
// that is stated is kept to by their ratio.
bool come_near(BlockLooks& looks, BlockPoint& point) {
    const Problem& problem = looks.problem();
    const double samples = problem.samples_real();
    const bool band = looks.resource() == Resource::bandwidth;
    const Prices first = point.prices;
    Factor scale, stated;  // the second of the stated budget's price
    for (int round = 0; round < most_scales; ++round) {
        BlockLooks::Taken seen;
        scale = Factor(scale.value());
        for (int step = 0; step < most_scales && !scale.closed(); ++step) {
            const double here = stated.value();
            const BlockPoint at{{first.lambda * scale.value() * (band ? 1 : here),
                                 first.mu * scale.value() * (band ? here : 1)},
                                point.amount};
            if (!at.prices.usable() || !looks.may_go_on() || !looks.look(at).possible) return false;
            point.prices = at.prices;
            seen = looks.taken();
            if (std::fabs(seen.samples - samples) <= roughly * samples) break;
            if (seen.samples > samples) {
                scale.raise();
            } else {
                scale.lower();
            }
        }
        const double used = band ? seen.power_w : seen.blocks;
        const double has = band ? problem.power_w() : problem.block_budget();
        const double amount = band ? seen.blocks : seen.power_w;
        if (amount > 0 && !band) point.amount = amount;
        if (!(amount > 0)) return false;
        if (std::fabs(used - has) <= roughly * has || stated.closed()) return true;
        if (used > has) {
            stated.raise();
        } else {
            stated.lower();
        }
    }
    return false;
}

}  // namespace mel
