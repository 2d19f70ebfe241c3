#include "passes/proof.hpp"

namespace mel {
namespace {

bool proves(const Problem& problem, const PassPoint& point, const PassSums& sums, double error) {
    const double bound = point.prices.lambda * problem.bandwidth_hz() +
                         point.prices.mu * problem.power_w() + sums.value;
    return !(sums.impossible > 0) && bound + error < problem.samples_real();
}

}  // namespace

std::optional<ProvingPrices> proof_of(const Problem& problem, const PassPoint& point,
                                      const PassSums& sums) {
    if (!proves(problem, point, sums, proof_error(problem, point, sums))) return {};
    return ProvingPrices(point.prices);
}

std::optional<ProvingPrices> rough_proof_of(const Problem& problem, const PassPoint& point,
                                            const PassSums& sums) {
    if (!proves(problem, point, sums, rough_proof_error(problem, point, sums))) return {};
    return ProvingPrices(point.prices);
}

std::optional<ProvingPrices> proof_of(const Problem& problem, const PassPoint& point,
                                      const SplitSums& sums, Trust trust) {
    const Excess excess = excess_of(problem, point, sums);
    const bool proved = trust == Trust::tentative ? excess.value < 0 : excess.proves_infeasible();
    if (!proved) return {};
    return ProvingPrices(point.prices);
}

bool hidden_by_lanes(const Problem& problem, const PassPoint& point, const SplitSums& sums) {
    if (!(sums.in_lanes > 0) || sums.impossible > 0) return false;
    constexpr double share = rounding::whole_bound / rounding::whole_bound_in_lanes;
    const Excess excess = excess_of(problem, point, sums);
    return !excess.proves_infeasible() && excess.value + share * excess.error < 0;
}

std::optional<ProvedCapacity> proof_of_capacity(const Problem& problem, const Box& box, double tau,
                                                Pool& pool, std::vector<SplitSums>& chunks,
                                                bool part) {
    capacity_chunks(problem, box, tau, pool, chunks);
    if (pool.stop().requested()) return {};
    return proof_of_capacity(problem, reduce_tree(std::span<SplitSums>(chunks)), part);
}

std::optional<ProvedCapacity> proof_of_capacity(const Problem& problem, const SplitSums& total,
                                                bool part) {
    const double most = capacity_of(total);
    const bool impossible = most < 0;
    if (most >= problem.samples_real() || (part && !impossible)) return {};
    return ProvedCapacity(impossible);
}

}  // namespace mel
