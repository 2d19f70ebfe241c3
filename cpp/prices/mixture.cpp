#include "prices/mixture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/chunks.hpp"
#include "base/sums.hpp"
#include "kernels/battery_passes.hpp"

namespace mel {
namespace {
constexpr std::size_t dealt_in_groups = 65536;  // learners: groups of them fall evenly enough
}

MixtureSearch::Outcome MixtureSearch::run(double tau, const std::vector<Prices>& starts,
                                          const Search& search) {
    const std::size_t stride = search.stride;
    double room = search.room;
    polygon_.reset();
    cuts_.clear();
    at_.clear();
    parts_.clear();
    proof_.reset();
    const double scale = static_cast<double>(problem_.size()) /
                         static_cast<double>(learners_seen(problem_.size(), stride));
    std::size_t started = 0;
    for (int step = 0; step < search.max_passes; ++step) {
        if (pool_.stop().check()) return Outcome::stopped;
        Prices prices;
        if (started < starts.size()) {
            prices = starts[started++];
        } else if (!polygon_.centre(prices)) {
            return mix() ? Outcome::mixture : Outcome::open;
        }
        if (!prices.usable()) return Outcome::open;
        const PassPoint point{tau, problem_.cycle_s(), prices};
        PassSums sums = sweeps_.real(point, stride);
        ++passes_;
        if (pool_.stop().requested()) return Outcome::stopped;
        if (sums.impossible > 0) return Outcome::open;
        sums.scale(scale);
        const double budget =
            prices.lambda * problem_.bandwidth_hz() + prices.mu * problem_.power_w();
        if (const auto proof = proof_of(problem_, point, sums)) {
            refuting_ = prices;
            if (stride == 1) proof_ = proof;  // else of a sample of the learners
            return Outcome::infeasible;
        }
        cuts_.push_back({sums.samples / problem_.samples_real() - 1,
                         1 - sums.bandwidth / problem_.bandwidth_hz(),
                         1 - sums.power / problem_.power_w()});
        at_.push_back(prices);
        const double worth = problem_.samples_real() + budget;
        if (room > 0 && budget + sums.value - problem_.samples_real() < room * worth) {
            room = 0;  // no mixture has as much
            polygon_.reset();
            for (const Cut& cut : cuts_) polygon_.clip(cut);
        } else {
            polygon_.clip({cuts_.back().samples - room, cuts_.back().bandwidth - room,
                           cuts_.back().power - room});
        }
    }
    return Outcome::open;
}

bool MixtureSearch::mix() {
    const Mixture found = best_mixture(cuts_);
    parts_.clear();
    for (int i = 0; i < found.count; ++i) parts_.push_back({at_[found.index[i]], found.weight[i]});
    slack_ = found.slack;
    return slack_ > -1e-6;
}

namespace {

// Of the multiples of the golden section, which fall evenly, whatever order the learners come in.
std::size_t part_of(std::span<const MixturePart> parts, std::size_t turn) {
    const double at = static_cast<double>(turn) * 0.61803398874989485;
    double place = at - std::floor(at);
    std::size_t part = 0;
    while (part + 1 < parts.size() && place >= parts[part].weight) {
        place -= parts[part++].weight;
    }
    return part;
}

void deal_groups(const Problem& problem, const Box& box, const PassPoint& point,
                 std::span<const MixturePart> parts, std::size_t first_of_all, Pool& pool,
                 std::span<double> samples, std::vector<double>& chunk_totals) {
    std::vector<KernelInput> inputs;
    for (const MixturePart& part : parts) {
        inputs.push_back(kernel_input(problem, box, {point.tau, point.cycle_s, part.prices}));
    }
    const auto kernel = samples_loop(pool, problem.law(), inputs.front());
    const std::size_t size = problem.size();
    chunk_totals.assign(chunk_count(size), 0);
    for_each_chunk(pool, size, [&](std::size_t chunk, std::size_t first, std::size_t last) {
        std::array<unsigned char, chunk_size / group> turns;
        for (std::size_t k = first; k < last; k += group) {
            turns[(k - first) / group] =
                static_cast<unsigned char>(part_of(parts, (first_of_all + k) / group));
        }
        double total = 0;
        for (std::size_t part = 0; part < parts.size(); ++part) {
            KernelInput in = inputs[part];
            in.turns = turns.data();
            in.turn = static_cast<unsigned char>(part);
            total += kernel(in, {first, last}, samples);
        }
        chunk_totals[chunk] = total;
    });
}

}  // namespace

void deal(const Problem& problem, const Box& box, const PassPoint& point,
          std::span<const MixturePart> parts, Among among, Pool& pool, const Dealt& to) {
    const std::span<double> samples = to.samples, scratch = to.scratch;
    std::vector<double>& chunk_totals = to.chunk_totals;
    if (among.learners >= dealt_in_groups) {
        deal_groups(problem, box, point, parts, among.first, pool, samples, chunk_totals);
        return;
    }
    const std::size_t size = problem.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const PassPoint at{point.tau, point.cycle_s, parts[i].prices};
        real_samples(problem, box, at, pool, i == 0 ? samples : scratch, chunk_totals);
        if (i > 0) {
            for_each_learner(pool, size, [&](std::size_t k) {
                if (part_of(parts, among.first + k) == i) samples[k] = scratch[k];
            });
        }
    }
    chunk_totals.assign(chunk_count(size), 0);
    for_each_chunk(pool, size, [&](std::size_t chunk, std::size_t first, std::size_t last) {
        double total = 0;
        for (std::size_t k = first; k < last; ++k) total += samples[k];
        chunk_totals[chunk] = total;
    });
}

}  // namespace mel
