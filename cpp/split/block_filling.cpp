#include "split/block_filling.hpp"

#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "kernels/kernels.hpp"

namespace mel {
namespace {

constexpr double rough = 1e-7;         // no finer tolerance where a plan is all that is asked
constexpr double unpayable_w = 1e300;  // stands for powers beyond the range of doubles

// Blocks for what each wishes, and their sum. Between n and n + 1 at their geometric mean: there a
// power that falls as 1/n saves as much as the blocks cost. Sums side by side and no branches: the
// compiler makes vectors of it.
struct Rounding {
    double scale;
    double most;
};
double round_wishes(std::span<const double> wishes, const Rounding& by, std::span<double> counts) {
    constexpr std::size_t side = 8;
    constexpr double largest = 1e15;  // below which round_magic rounds
    double sums[side] = {};
    const auto round = [&](std::size_t k, double& sum) {
        const double x = std::min(std::min(wishes[k] * by.scale, by.most), largest);
        const double nearest = (x + round_magic) - round_magic;
        const double whole = nearest > x ? nearest - 1 : nearest;
        const double n = x * x > whole * (whole + 1) ? whole + 1 : std::max(whole, 1.0);
        counts[k] = x > 0 ? n : 0;
        sum += counts[k];
    };
    std::size_t k = 0;
    for (; k + side <= wishes.size(); k += side) {
        for (std::size_t j = 0; j < side; ++j) round(k + j, sums[j]);
    }
    for (; k < wishes.size(); ++k) round(k, sums[0]);
    double sum = 0;
    for (const double part : sums) sum += part;
    return sum;
}

}  // namespace

bool BlockFilling::rates_at(const TimedSplit& split) {
    const std::size_t size = problem_.size();
    rates_.resize(size);
    const auto rates_of = [&](std::size_t first, std::size_t last) {
        Need need;
        for (std::size_t k = first; k < last; ++k) {
            const Demand demand = demand_of(problem_, k, split);
            const double d = split.samples[k];
            const bool rests = problem_.excused() && d == 0;
            if (!rests && !demand.allows(d)) need.impossible += 1;
            rates_[k] = rests ? 0 : demand.rate(d);
        }
        return need;
    };
    return sum_over_chunks(pool_, size, needs_, rates_of).impossible == 0;
}

// The best number of blocks of every learner at the prices 1 a hertz and `ratio` a watt.
BlockSums BlockFilling::pass(const TimedSplit& split, double ratio) {
    ++passes_;
    const std::size_t size = problem_.size();
    const KernelInput in = kernel_input(problem_, {}, {split.tau, split.cycle_s, {1.0, ratio}});
    const auto kernel = kernels_of(pool_).allocate(problem_.law());
    wishes_.resize(size);
    counts_.resize(size);
    powers_.resize(size);
    return sum_over_chunks(pool_, size, sums_, [&](std::size_t first, std::size_t last) {
        kernel(in, {1, 1, split.cycle_s}, {first, last}, split.samples, {wishes_, powers_});
        BlockSums sums;
        for (std::size_t k = first; k < last; ++k) {
            const double rate = rates_[k];
            if (!(rate > 0)) {
                counts_[k] = powers_[k] = 0;
                continue;
            }
            const BlockLink link = block_link(problem_, k);
            const double fewest = link.least_whole(rate);
            if (!(fewest <= link.most)) {
                sums.impossible += 1;
                continue;
            }
            double n = std::clamp(std::floor(wishes_[k] / link.width_hz), fewest, link.most);
            double power = link.power({.rate = rate, .blocks = n});
            if (n + 1 <= link.most) {
                const double next = link.power({.rate = rate, .blocks = n + 1});
                if (ratio * (power - next) > link.width_hz) {
                    n += 1;
                    power = next;
                }
            }
            counts_[k] = n;
            powers_[k] = std::min(power, unpayable_w);
            sums.blocks.add(n);
            sums.power.add(powers_[k]);
            sums.fewest.add(fewest);
            sums.most += link.most;
        }
        return sums;
    });
}

// Gives the blocks that are left to the learners whose power they lower most.
void BlockFilling::deal(double left) {
    struct Saving {
        double power;
        std::size_t learner;
    };
    const auto less = [](const Saving& a, const Saving& b) {
        return a.power < b.power || (a.power == b.power && a.learner > b.learner);
    };
    std::vector<Saving> heap;
    const auto saving = [&](std::size_t k) {
        const BlockLink link = block_link(problem_, k);
        if (!(rates_[k] > 0) || counts_[k] + 1 > link.most) return -1.0;
        const RateInBlocks more{.rate = rates_[k], .blocks = counts_[k] + 1};
        return powers_[k] - std::min(link.power(more), unpayable_w);
    };
    for (std::size_t k = 0; k < problem_.size(); ++k) {
        const double saved = saving(k);
        if (saved > 0) heap.push_back({saved, k});
    }
    std::make_heap(heap.begin(), heap.end(), less);
    for (; left >= 1 && !heap.empty(); --left) {
        std::pop_heap(heap.begin(), heap.end(), less);
        const std::size_t k = heap.back().learner;
        heap.pop_back();
        counts_[k] += 1;
        const RateInBlocks now{.rate = rates_[k], .blocks = counts_[k]};
        powers_[k] = std::min(block_link(problem_, k).power(now), unpayable_w);
        const double saved = saving(k);
        if (saved > 0) {
            heap.push_back({saved, k});
            std::push_heap(heap.begin(), heap.end(), less);
        }
    }
}

BlockFilling::Outcome BlockFilling::search(const TimedSplit& split, double& ratio, bool to_decide) {
    given_ = false;
    if (!rates_at(split)) return Outcome::too_much;
    const double count = problem_.block_budget();
    const double width = problem_.block_hz();
    const double watt = problem_.power_w();
    const double margin = pool_.tentative() ? 0 : rounding::block_filling_verdict;
    const double few = std::max(64.0, static_cast<double>(problem_.size()) / 64);
    struct End {
        double z;
        double blocks;
        bool known = false;
    };
    End low{}, high{};  // at most the budget's blocks, and more than those
    double z = std::log(ratio);
    double stride = 5e-4;
    bool at_low = false;
    double left = 0;
    for (int step = 0; step < 200; ++step) {
        ratio = std::exp(z);
        const BlockSums sums = pass(split, ratio);
        if (pool_.stop().check()) return Outcome::stopped;
        if (sums.impossible > 0 || above(sums.fewest, count) > 0) return Outcome::too_much;
        const double taken = sums.blocks.value();
        if (to_decide && width * taken + ratio * sums.power.value() >
                             (width * count + ratio * watt) * (1 + margin)) {
            return Outcome::too_much;
        }
        left = -above(sums.blocks, count);
        (left >= 0 ? low : high) = {z, taken, true};
        at_low = left >= 0;
        if (at_low && (left <= few || taken >= sums.most)) break;
        const double aim = count - 0.5 * few;
        if (low.known && high.known) {
            const double width_z = high.z - low.z;
            const double share = (aim - low.blocks) / (high.blocks - low.blocks);
            const double next =
                low.z + (step % 3 == 2 ? 0.5 : std::clamp(share, 0.02, 0.98)) * width_z;
            if (width_z <= 1e-14 * std::fabs(z) || next == low.z || next == high.z) break;
            z = next;
        } else {  // outwards with growing steps
            const double guess =
                2 * std::fabs(std::log(std::max(aim, 0.5 * count) / std::max(taken, 0.5)));
            stride = std::min(std::max(guess, 2 * stride), 8.0);
            z += at_low ? stride : -stride;
            if (!(std::fabs(z) < 600)) return Outcome::unclear;
        }
    }
    if (!at_low) {  // prices can not part what ties: all that ties is dealt out
        if (!low.known) return Outcome::unclear;
        ratio = std::exp(low.z);
        left = -above(pass(split, ratio).blocks, count);
    }
    deal(left);
    given_ = true;
    CompensatedSum power;
    for (const double p : powers_) power.add(p);
    power_ = power.value();
    if (power_ <= watt * (1 - margin)) return Outcome::fits;
    return power_ > watt * (1 + margin) ? Outcome::too_much : Outcome::unclear;
}

bool BlockFilling::share_out(const TimedSplit& split, double ratio) {
    ++passes_;
    const std::size_t size = problem_.size();
    const KernelInput in = kernel_input(problem_, {}, {split.tau, split.cycle_s, {1.0, ratio}});
    const auto kernel = kernels_of(pool_).allocate(problem_.law());
    wishes_.resize(size);
    powers_.resize(size);
    counts_.resize(size);
    for_each_chunk(pool_, size, [&](std::size_t, std::size_t first, std::size_t last) {
        kernel(in, {1, 1, split.cycle_s}, {first, last}, split.samples, {wishes_, powers_});
    });
    if (pool_.stop().check()) return false;
    const double count = problem_.block_budget();
    const auto taken_at = [&](double scale) {
        const auto round_chunk = [&](std::size_t first, std::size_t last) {
            BlockSums sums;
            sums.blocks.add(round_wishes(std::span(wishes_).subspan(first, last - first),
                                         {.scale = scale, .most = count},
                                         std::span(counts_).subspan(first, last - first)));
            return sums;
        };
        return sum_over_chunks(pool_, size, sums_, round_chunk).blocks.value();
    };
    const double few = static_cast<double>(size) / 2048;
    double scale = 1 / problem_.block_hz();
    double low = 0;
    double high = infinity;
    double left = -1;
    for (int step = 0; step < 60; ++step) {
        left = count - taken_at(scale);
        if (pool_.stop().check()) return false;
        (left >= 0 ? low : high) = scale;
        if (left >= 0 && left <= few) break;
        double next = scale * (1 + (left - 0.5 * few) / (count - left));
        if (!(next > low && next < high)) next = high < infinity ? 0.5 * (low + high) : 2 * scale;
        if (low > 0 && high - low < 1e-12 * high) break;
        scale = next;
    }
    if (left < 0) {
        if (low == 0) return false;  // not even one each
        left = count - taken_at(low);
    }
    for (std::size_t k = 0; k < size && left >= 1; ++k) {
        if (!(wishes_[k] > 0)) continue;
        counts_[k] += 1;
        --left;
    }
    return left >= 0;
}

BlockFilling::Need BlockFilling::need_at(const TimedSplit& split) {
    ++passes_;
    const std::size_t size = problem_.size();
    powers_.resize(size);
    return sum_over_chunks(pool_, size, needs_, [&](std::size_t first, std::size_t last) {
        Need need;
        for (std::size_t k = first; k < last; ++k) {
            powers_[k] = 0;
            if (!(counts_[k] > 0)) continue;
            const Demand demand = demand_of(problem_, k, split);
            const double d = split.samples[k];
            if (!demand.allows(d)) {
                need.impossible += 1;
                continue;
            }
            const BlockLink link = block_link(problem_, k);
            const double rate = demand.rate(d);
            const double y = link.exponent({.rate = rate, .blocks = counts_[k]});
            const double scale = link.scale(counts_[k]);
            const double gain = std::expm1(y);
            const double power = std::min(scale * gain, unpayable_w);
            const double slope = -std::min(scale * (gain + 1) * y, unpayable_w) / demand.slack(d);
            powers_[k] = power;
            need.power += power;
            need.slope += slope;
            if (power > need.worst * link.power_cap_w) {
                need.worst = power / link.power_cap_w;
                need.worst_slope = slope / link.power_cap_w;
            }
        }
        return need;
    });
}

double BlockFilling::power_at(const TimedSplit& split) {
    const Need need = need_at(split);
    return need.impossible > 0 ? infinity : need.power;
}

double BlockFilling::shortest_cycle(const TimedSplit& split, double guess_s, UpTo up_to) {
    const double tolerance = up_to.tolerance;
    const double longest_s = split.cycle_s;
    const double watt = problem_.power_w();
    double t = std::min(guess_s, longest_s);
    double best = infinity;
    double too_short = 0;
    for (int step = 0; step < 40; ++step) {
        const Need need = need_at(split.within(t));
        if (pool_.stop().check()) break;
        const double over = need.impossible > 0
                                ? infinity
                                : std::max(std::log(need.power / watt), std::log(need.worst));
        if (over <= 0) {
            best = t;
            if (over > -tolerance || !(need.power > 0)) break;
        } else {
            if (t >= longest_s) break;
            too_short = t;
        }
        // Newton's step in ln t against ln of the share, aimed just inside.
        double next = 0;
        if (over < infinity) {
            const bool by_cap = std::log(need.worst) > std::log(need.power / watt);
            const double slope = by_cap ? need.worst_slope / need.worst : need.slope / need.power;
            // What the step leaves is about the square of what it closes: once that is small it is
            // taken on trust, as the allocation looks at every learner again.
            const double inside = std::max(0.25 * tolerance, over * over);
            next = t + (over + inside) / -slope;
            if (tolerance >= rough && inside < 10 * tolerance && next > too_short &&
                next <= longest_s) {
                return next;
            }
        }
        const double end = std::min(best, longest_s);
        if (!(next > too_short && next < best)) {
            next = best < infinity || over == infinity ? 0.5 * (too_short + end) : end;
            if (over == infinity && best == infinity) next = std::min(longest_s, 1.1 * t);
        }
        next = std::min(next, longest_s);
        if (next == t) break;
        t = next;
    }
    return best;
}

bool BlockFilling::allocate(const TimedSplit& split, std::span<std::int64_t> blocks,
                            const Shares& shares) {
    const std::size_t size = problem_.size();
    const double watt = problem_.power_w();
    const double width = problem_.block_hz();
    const Need need = need_at(split);
    if (need.impossible > 0 || pool_.stop().requested()) return false;
    const double reserve = pool_.tentative() ? rounding::tentative_scale : rounding::budget_reserve;
    const double grow = need.power > 0 ? watt / need.power * (1 - reserve) : 1;
    const double deadline = problem_.cycle_s() * (1 - rounding::deadline_reserve);
    const auto allocate_chunk = [&](std::size_t first, std::size_t last) {
        BlockSums sums;
        for (std::size_t k = first; k < last; ++k) {
            const BlockLink link = block_link(problem_, k);
            const double n = counts_[k];
            const double power = std::min(powers_[k] * grow, link.power_cap_w);
            blocks[k] = static_cast<std::int64_t>(n);
            shares.bandwidth_hz[k] = n * width;
            shares.power_w[k] = power;
            sums.blocks.add(n);
            sums.power.add(power);
            const double d = split.samples[k];
            if (problem_.excused() && d == 0) continue;
            const LearnerTimes times =
                evaluate_learner(problem_, k, split.tau,
                                 {static_cast<std::int64_t>(d), shares.bandwidth_hz[k], power});
            if (!(times.total_s() <= deadline)) sums.impossible += 1;
        }
        return sums;
    };
    const BlockSums sums = sum_over_chunks(pool_, size, sums_, allocate_chunk);
    if (pool_.stop().requested()) return false;  // not all are written
    if (above(sums.blocks, problem_.block_budget()) > 0) return false;
    if (pool_.tentative()) return true;
    return sums.impossible == 0 && sums.power.value() <= watt * (1 - rounding::block_power_check);
}

}  // namespace mel
