#include "mel/need_order.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/chunks.hpp"
#include "kernels/kernels.hpp"

namespace mel {
namespace {

constexpr double hardly = 1e-3;  // of a cycle

// What of the budgets each of some learners needs.
void needs_of(const Problem& problem, const KernelInput& in, const LeastTaken& least,
              std::size_t from, std::span<float> needs) {
    const auto amount = [](const double* each, double all, std::size_t k) {
        return each ? each[k] : all;
    };
    const double shortest = hardly * problem.cycle_s();
    for (std::size_t i = 0; i < needs.size(); ++i) {
        const std::size_t k = from + i;
        const double back = in.return_s_per_bit[k];
        const double budget =
            in.point.cycle_s - amount(in.return_bits_each, in.return_bits, k) * back;
        const double each =
            in.point.tau * in.compute_s[k] +
            amount(in.return_bits_per_sample_each, in.return_bits_per_sample, k) * back;
        const double d = least[k];
        const double bits = amount(in.send_bits_per_sample_each, in.send_bits_per_sample, k) * d +
                            amount(in.send_bits_each, in.send_bits, k);
        needs[i] = static_cast<float>(in.noise[k] * bits / std::max(budget - each * d, shortest));
    }
}

}  // namespace

// Learners that agree to a hundredth stay as they come: every so-many-th of them, from half a
// stride on. A few take much of the budgets. Of that order every so-many-th has its share of them,
// but at its end: with deep fades the last of a stride needs several times what the middle does.
NeedOrder order_by_need(const Problem& problem, double tau, const LeastTaken& least,
                        const Sampling& wanted) {
    const std::size_t n = problem.size();
    const KernelInput in = kernel_input(problem, {}, {tau, problem.cycle_s(), Prices{}});
    // Which of them each goes to, and how many are in those before.
    std::vector<std::uint16_t> bucket(n);
    std::vector<std::uint32_t> before((std::size_t{1} << 16) + 1, 0);
    float needs[chunk_size];
    for (std::size_t from = 0; from < n; from += chunk_size) {
        const std::size_t count = std::min(chunk_size, n - from);
        needs_of(problem, in, least, from, {needs, count});
        for (std::size_t i = 0; i < count; ++i) {
            std::uint32_t bits;  // std::bit_cast is not in every library this is built with
            std::memcpy(&bits, &needs[i], sizeof bits);
            bucket[from + i] = static_cast<std::uint16_t>(bits >> 16);
            ++before[bucket[from + i] + std::size_t{1}];
        }
    }
    for (std::size_t b = 1; b < before.size(); ++b) before[b] += before[b - 1];
    std::size_t end = before.size() - 1;
    while (end > 0 && n - before[end - 1] <= wanted.neediest) --end;
    NeedOrder order;
    order.others = before[end];
    const std::size_t stride = wanted.stride;
    order.every.resize((order.others + stride - 1 - stride / 2) / stride);
    struct Ranks {
        std::uint32_t next, wanted;
    };
    std::vector<Ranks> ranks;
    const auto step = static_cast<std::uint32_t>(stride), half = step / 2;
    for (const std::uint32_t first : std::span(before).first(end)) {
        const std::uint32_t above = first > half ? first - half : 0;
        ranks.push_back({first, half + (above + step - 1) / step * step});
    }
    for (std::size_t k = 0; k < n; ++k) {
        if (bucket[k] >= end) {
            order.neediest.push_back(k);
            continue;
        }
        Ranks& of = ranks[bucket[k]];
        if (of.next++ != of.wanted) continue;
        order.every[(of.wanted - half) / step] = k;
        of.wanted += step;
    }
    return order;
}

}  // namespace mel
