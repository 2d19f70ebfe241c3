#include "split/whole_samples.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>

#include "base/chunks.hpp"
#include "kernels/kernels.hpp"
#include "learner/battery.hpp"
#include "learner/capped.hpp"
#include "learner/resource_blocks.hpp"
#include "split/rounded_up.hpp"

namespace mel {
namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
}  // namespace

// A few samples find room among a part of the learners. Odd: kinds of learners often alternate.
std::size_t repair_step(std::size_t size, double over) {
    const auto enough = static_cast<std::size_t>(std::max(4096.0, 16 * std::fabs(over)));
    return size >= 2 * enough ? (size / enough) | 1 : 1;
}

double in_order(std::span<const double> chunks) {
    CompensatedSum sum;
    for (const double part : chunks) sum.add(part);
    return sum.value();
}

void plan_carry(double factor, std::span<const double> free, std::span<const double> stay,
                CarryPlan& plan) {
    plan.factor = factor;
    plan.starts.resize(free.size());
    plan.wholes.resize(free.size());
    CompensatedSum before;
    for (std::size_t b = 0; b < free.size(); ++b) {
        const double whole = nearest_integer(before.value());
        plan.starts[b] = before.value() - whole;
        before.add(free[b] * factor + stay[b]);
        plan.wholes[b] = nearest_integer(before.value()) - whole;
    }
}

void WholeSamples::begin(std::span<const double> chunk_totals) {
    memory_.stay.assign(chunk_totals.size(), 0);
    memory_.free.assign(chunk_totals.begin(), chunk_totals.end());
}

bool WholeSamples::clamp(const Box& box, double factor, std::span<double> samples) {
    if (box.lower.empty()) return false;
    std::atomic<bool> moved = false;
    const auto clamp_chunk = [&](std::size_t chunk, std::size_t first, std::size_t last) {
        double stay = 0, free = 0;
        for (std::size_t k = first; k < last; ++k) {
            const double low = box.low(k), high = box.high(k);
            double& d = samples[k];
            const double wish = d * factor;
            const bool at_bound = d <= low || d >= high;
            if (!at_bound && wish > low && wish < high) {
                free += d;
                continue;
            }
            if (!at_bound) moved.store(true, std::memory_order_relaxed);
            d = std::max(std::min(at_bound ? d : wish, high), std::max(low, 0.0));
            stay += d;
        }
        // Kept to the bit where nothing stands at a bound: the kernel then rounds the chunk.
        if (stay > 0) memory_.free[chunk] = free;
        memory_.stay[chunk] = stay;
    };
    for_each_chunk(pool_, problem_.size(), clamp_chunk);
    return moved;
}

double WholeSamples::carry(const Box& box, const Times& times, std::span<const double> chunk_totals,
                           std::span<double> samples) {
    begin(chunk_totals);
    const auto clamp_all = [&](double factor) {
        const bool moved = clamp(box, factor, samples);
        return Clamped{in_order(memory_.free), in_order(memory_.stay), moved};
    };
    double factor = 1;
    if (caps_ && caps_->battery()) {
        // Beyond its real a learner may lack the energy: repair() finds others for what is missing.
        const Clamped own = clamp_all(1);
        if (!(own.free > 0) && !(own.stays > 0)) return 0;
        if (own.free > 0)
            factor = std::clamp((problem_.samples_real() - own.stays) / own.free, 0.0, 1.0);
        if (factor < 1) clamp_all(factor);
    } else {
        factor = scale_factor(problem_.samples_real(), !box.lower.empty(), clamp_all);
    }
    if (factor == 0) return 0;
    plan_carry(factor, memory_.free, memory_.stay, memory_.plan);
    return carry_by(box, times, memory_.plan, samples).value();
}

CompensatedSum WholeSamples::carry_by(const Box& box, const Times& times, const CarryPlan& plan,
                                      std::span<double> samples) {
    const std::size_t size = problem_.size();
    const double factor = plan.factor;
    at_.tau = times.tau;
    const bool may_rest = problem_.excused();
    const bool columns = !box.lower.empty();
    const auto bound = [&](std::size_t k) {
        return columns && (samples[k] >= box.high(k) || samples[k] <= box.low(k));
    };
    const bool batteries = caps_ && caps_->battery();
    const auto kernel = kernels_of(pool_).carry;
    // Learners at a cap seldom take more than their real; others then take several samples more, or
    // are given them by repair(), which looks at many learners' energies at once.
    const double most_more = caps_ && !many_batteries() ? 4 : 1;
    const auto carry_chunk = [&](std::size_t first, std::size_t last) {
        const std::size_t b = first / chunk_size;
        double left = plan.starts[b];
        double total = 0;
        CompensatedSum sum;
        const CarryTarget target{factor, plan.starts[b], plan.wholes[b], box};
        // The kernel knows of no caps, and scales all alike.
        const bool plain = !caps_ && memory_.stay[b] == 0;
        if (plain && last - first == chunk_size) {
            const KernelInput in = kernel_input(problem_, box, {times.tau, times.cycle_s, {}});
            if (kernel(in, target, first, samples)) {
                sum.add(plan.wholes[b]);
                return sum;
            }
        }
        std::unique_ptr<const RoundedUp> looked;
        if (batteries) {
            const KernelInput in = kernel_input(problem_, box, {times.tau, times.aim_s, {}});
            looked = std::make_unique<const RoundedUp>(pool_, problem_.law(), in, first, last,
                                                       samples, factor);
        }
        for (std::size_t k = first; k < last; ++k) {
            const double wish = bound(k) ? samples[k] : samples[k] * factor;
            double d = nearest_integer(wish + left);
            const double low = box.low(k);
            if (!(wish > 0)) {
                d = std::max(low, 0.0);
            } else {
                const double near = nearest_integer(wish);
                const double whole = near > wish ? near - 1 : near;
                d = std::clamp(d, whole, whole + most_more);
                const double high = box.high(k);
                const double least = may_rest && low <= 0 ? 1 : low;
                d = high < least ? low : std::clamp(d, least, high);
                const Demand demand = demand_of(problem_, k, times.tau, times.cycle_s);
                if (!(demand.slack(d) > 0) && !demand.allows(d)) d = std::max(d - 1, low);
                if (caps_ && !(looked && looked->settle(k, samples[k], whole, low, d))) {
                    const Demand aim = demand_of(problem_, k, times.tau, times.aim_s);
                    while (d > whole && d > low && steep(k, aim, samples[k], d)) --d;
                    if (!carries(k, demand, d)) d = std::max(most(k, demand, d), low);
                }
            }
            left += wish - d;
            total += d;
            samples[k] = d;
        }
        sum.add(total);
        return sum;
    };
    return sum_over_chunks(pool_, size, totals_, carry_chunk);
}

bool WholeSamples::steep(std::size_t k, const Demand& demand, double real, double d) const {
    if (!(d > real)) return false;
    if (!(demand.slack(d) > 0)) return true;
    if (caps_->battery()) {
        const Battery battery = battery_of(problem_, k, at_.tau);
        const double most =
            std::min(battery.bandwidth_hz, steep_bandwidth * battery.bandwidth(demand, real));
        return !(battery.bandwidth(demand, d) <= most);
    }
    const double before = demand.rate(real);
    const double after = demand.rate(d);
    if (after > caps_->max_rate[k] || (d >= real + 1 && after > 1.5 * before)) return true;
    if ((after - before) * ln2 > caps_->max_bandwidth_hz[k]) return true;
    if (problem_.law() == LinkLaw::fixed) return false;
    const double most = caps_->max_power_w[k] / (problem_.noise_over_gain()[k] * ln2);
    return most - after < 0.5 * (most - before);
}

double WholeSamples::most(std::size_t k, const Demand& demand, double high) const {
    if (!caps_) return largest_allowed(demand, high);
    if (caps_->battery()) return largest_carried(battery_of(problem_, k, at_.tau), demand, high);
    return largest_within(demand, high, caps_->max_rate[k]);
}

bool WholeSamples::carries(std::size_t k, const Demand& demand, double d) const {
    if (caps_->battery()) return battery_of(problem_, k, at_.tau).carries(demand, d);
    return demand.rate(d) <= caps_->max_rate[k];
}

void WholeSamples::price(const Box& box, const PassPoint& at, std::size_t step) {
    box_ = &box;
    at_ = at;
    if (problem_.law() != LinkLaw::density || (caps_ && !whole_blocks_)) return;
    const std::size_t size = problem_.size();
    unit_cost_.resize(size);
    for_each_chunk(pool_, size, [&](std::size_t, std::size_t first, std::size_t last) {
        for (std::size_t k = (first + step - 1) / step * step; k < last; k += step) {
            const UnitRate unit = density_unit(problem_.noise_over_gain()[k], at.prices);
            unit_cost_[k] = whole_blocks_ ? unit.log_gain : unit.cost;
        }
    });
}

double WholeSamples::cost(std::size_t k, double d) const {
    if (problem_.excused() && d == 0) return 0;
    const Demand demand = demand_of(problem_, k, at_.tau, at_.cycle_s);
    if (!demand.allows(d)) return infinity;
    if (whole_blocks_) {
        const double log_gain = problem_.law() == LinkLaw::density ? unit_cost_[k] : 0;
        return block_cost(block_link(problem_, k), demand, problem_.excused(), d, at_.prices,
                          log_gain);
    }
    if (caps_ && caps_->battery()) {
        const Battery battery = battery_of(problem_, k, at_.tau);
        const double band = battery.bandwidth(demand, d);
        return battery.fits(band) ? at_.prices.lambda * band : infinity;
    }
    const double rate = demand.rate(d);
    if (caps_) {
        const Caps caps = caps_of(*caps_, k);
        if (rate > caps.rate) return infinity;
        return buy_capped(link_of(problem_, k), at_.prices, caps, rate).purchase.cost;
    }
    if (problem_.law() == LinkLaw::density) return unit_cost_[k] * rate;
    return buy_fixed(problem_.noise_over_gain()[k], at_.prices, rate).cost;
}

double WholeSamples::step_up(std::size_t k, double d, double by) const {
    if (d + by > box_->high(k)) return infinity;
    const double more = cost(k, d + by);
    return more < infinity ? (more - cost(k, d)) / by : infinity;
}

double WholeSamples::step_down(std::size_t k, double d, double by) const {
    if (d - by < box_->low(k)) return -infinity;
    const double now = cost(k, d);
    return now < infinity ? (now - cost(k, d - by)) / by : infinity;
}

bool WholeSamples::repair(const Box& box, const PassPoint& at, std::span<double> samples,
                          bool thorough) {
    const std::size_t size = problem_.size();
    CompensatedSum sum;
    for (std::size_t k = 0; k < size; ++k) sum.add(samples[k]);
    sum.add(-problem_.samples_real());
    double over = sum.value();
    if (many_batteries() && !thorough) over = repair_in_lanes(box, at, over, samples);
    const std::size_t step = thorough ? 1 : repair_step(size, over);
    return repair(box, at, over, static_cast<double>(size), step, samples);
}

bool WholeSamples::repair_among(const Box& box, const PassPoint& at, double over, double of_all,
                                std::span<double> samples) {
    return repair(box, at, over, of_all, 1, samples);
}

bool WholeSamples::repair(const Box& box, const PassPoint& at, double over, double of_all,
                          std::size_t step, std::span<double> samples) {
    const std::size_t size = problem_.size();
    if (over == 0) return true;
    const bool down = over > 0;
    // A max-heap of what a step saves a sample, or of minus what it costs. Steps shrink with what
    // is left to move; a learner near its bound steps by one.
    const auto less = [](const Marginal& a, const Marginal& b) {
        return a.cost < b.cost || (a.cost == b.cost && a.learner > b.learner);
    };
    const double part = (of_all > static_cast<double>(most_for_thorough_search) ? 0.5 : 4) * of_all;
    const auto wanted = [&] { return std::max(1.0, std::floor(std::fabs(over) / part)); };
    struct Move {
        double by;
        double gain;   // a sample; minus infinity where there is none
        double after;  // what is then held costs
    };
    // By so many of what is held, at a cost of `now`.
    const auto step_by = [&](std::size_t k, double by, double now) {
        const double d = down ? samples[k] - by : samples[k] + by;
        if (!(by >= 1) || (down ? d < box.low(k) : d > box.high(k))) return Move{by, -infinity, 0};
        const double after = cost(k, d);
        if (down) return Move{by, now < infinity ? (now - after) / by : infinity, after};
        return Move{by, after < infinity ? (now - after) / by : -infinity, after};
    };
    const auto move = [&](std::size_t k, double now) {
        const double most_by = down ? std::min(wanted(), samples[k] - box.low(k)) : wanted();
        const Move found = step_by(k, most_by, now);
        if (down || !(most_by > 1) || found.gain > -infinity) return found;
        const Demand demand = demand_of(problem_, k, at.tau, at.cycle_s);
        return step_by(k, std::min(wanted(), most(k, demand, box.high(k)) - samples[k]), now);
    };
    // Whoever rests in whole blocks needs one for its first sample: looked at once others cost as
    // much.
    bool resting = whole_blocks_ && problem_.excused() && !down;
    const double first_block = at.prices.lambda * problem_.block_hz() / wanted();
    const auto gather = [&](bool rest) {
        price(box, at, step);
        gains_.resize((size + step - 1) / step);
        for_each_learner(pool_, gains_.size(), [&](std::size_t i) {
            const std::size_t k = i * step;
            gains_[i] = rest || samples[k] > 0 ? move(k, cost(k, samples[k])).gain : -infinity;
        });
        heap_.clear();
        for (std::size_t i = 0; i < gains_.size(); ++i) {
            if (gains_[i] > -infinity) heap_.push_back({gains_[i], i * step, 0, 0});
        }
        std::make_heap(heap_.begin(), heap_.end(), less);
    };
    gather(!resting);
    if (pool_.stop().requested()) return false;
    long steps = 0;
    while (over != 0) {
        if (resting && (heap_.empty() || heap_.front().cost < -first_block)) {
            resting = false;
            gather(true);
        }
        if (heap_.empty() && step > 1) {
            step = 1;
            gather(true);
        }
        if (heap_.empty() || (++steps % 4096 == 0 && pool_.stop().check())) return false;
        std::pop_heap(heap_.begin(), heap_.end(), less);
        Marginal top = heap_.back();
        heap_.pop_back();
        const std::size_t k = top.learner;
        const double by_now = down ? std::min(wanted(), samples[k] - box.low(k)) : wanted();
        if (top.by != by_now) {
            const Move again = move(k, cost(k, samples[k]));
            top.by = again.by;
            top.after = again.after;
        }
        samples[k] += down ? -top.by : top.by;
        over += down ? -top.by : top.by;
        const Move next = move(k, top.after);
        if (!(next.gain > -infinity)) continue;
        heap_.push_back({next.gain, k, next.by, next.after});
        std::push_heap(heap_.begin(), heap_.end(), less);
    }
    return true;
}

bool WholeSamples::exchange(const Box& box, const PassPoint& at, std::span<double> samples) {
    const std::size_t size = problem_.size();
    price(box, at, 1);
    up_.resize(size);
    down_.resize(size);
    for_each_learner(pool_, size, [&](std::size_t k) { down_[k] = step_down(k, samples[k], 1); });
    if (pool_.stop().requested()) return false;
    // Whoever rests is no help where its first block alone costs more than any sample saves.
    const bool may_join =
        !whole_blocks_ || !problem_.excused() ||
        at.prices.lambda * problem_.block_hz() < *std::max_element(down_.begin(), down_.end());
    for_each_learner(pool_, size, [&](std::size_t k) {
        up_[k] = may_join || samples[k] > 0 ? step_up(k, samples[k], 1) : infinity;
    });
    if (pool_.stop().requested()) return false;
    // Heaps of all marginals, the stale ones too: those are passed over when they surface.
    const auto dearer = [](const Marginal& a, const Marginal& b) {
        return a.cost > b.cost || (a.cost == b.cost && a.learner > b.learner);
    };
    const auto cheaper = [](const Marginal& a, const Marginal& b) {
        return a.cost < b.cost || (a.cost == b.cost && a.learner > b.learner);
    };
    const auto fill = [size](std::vector<Marginal>& heap, const std::vector<double>& costs,
                             const auto& order) {
        heap.resize(size);
        for (std::size_t k = 0; k < size; ++k) heap[k] = {costs[k], k, 0, 0};
        std::make_heap(heap.begin(), heap.end(), order);
    };
    const auto top = [](std::vector<Marginal>& heap, const std::vector<double>& costs,
                        const auto& order) {
        while (heap.front().cost != costs[heap.front().learner]) {
            std::pop_heap(heap.begin(), heap.end(), order);
            heap.pop_back();
        }
        return heap.front().learner;
    };
    const auto renew = [](std::vector<Marginal>& heap, std::vector<double>& costs, std::size_t k,
                          double cost, const auto& order) {
        costs[k] = cost;
        heap.push_back({cost, k, 0, 0});
        std::push_heap(heap.begin(), heap.end(), order);
    };
    fill(heap_, up_, dearer);
    fill(down_heap_, down_, cheaper);
    bool moved = false;
    for (std::size_t step = 0; step < 4 * size + 16; ++step) {
        const std::size_t to = top(heap_, up_, dearer);
        const std::size_t from = top(down_heap_, down_, cheaper);
        if (to == from || !(up_[to] < down_[from] * (1 - 1e-12))) break;
        samples[to] += 1;
        samples[from] -= 1;
        moved = true;
        for (const std::size_t k : {to, from}) {
            renew(heap_, up_, k, step_up(k, samples[k], 1), dearer);
            renew(down_heap_, down_, k, step_down(k, samples[k], 1), cheaper);
        }
        if (step % 4096 == 4095 && pool_.stop().check()) break;
    }
    return moved;
}

}  // namespace mel
