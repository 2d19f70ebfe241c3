// Single samples added, taken away and moved between learners until they are D, at the least cost
// (split/whole_samples.hpp).
#include <algorithm>
#include <cmath>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "learner/battery.hpp"
#include "learner/capped.hpp"
#include "learner/resource_blocks.hpp"
#include "split/whole_samples.hpp"

namespace mel {

void WholeSamples::price_at(const Box& box, const PassPoint& at) {
    box_ = &box;
    at_ = at;
    const bool by_unit = problem_.law() == LinkLaw::density && (!caps_ || whole_blocks_);
    unit_cost_.resize(by_unit ? problem_.size() : 0);
}

void WholeSamples::price_learner(std::size_t k) {
    if (unit_cost_.empty()) return;
    const UnitRate unit = density_unit(problem_.noise_over_gain()[k], at_.prices);
    unit_cost_[k] = whole_blocks_ ? unit.log_gain : unit.cost;
}

void WholeSamples::price(const Box& box, const PassPoint& at) {
    price_at(box, at);
    if (unit_cost_.empty()) return;
    for_each_learner(pool_, problem_.size(), [&](std::size_t k) { price_learner(k); });
}

double WholeSamples::detour(std::span<const double> samples) const {
    if (problem_.law() == LinkLaw::density && !whole_blocks_) return 0;
    const auto taking =
        std::count_if(samples.begin(), samples.end(), [](double d) { return d > 0; });
    return 2 * problem_.samples_real() / std::max(static_cast<double>(taking), 1.0);
}

// Of who is best at rest no number of samples costs less than it is worth; the first one costs as
// many times as much as the bits of one for each sample of them, when hurried as little.
bool WholeSamples::joins_dearly(std::size_t k) const {
    const Demand demand = demand_at(problem_, k, at_, 1);
    const double first = demand.slack(1);
    if (!(demand.per_sample_s > 0) || !(first > 0)) return false;
    const double many = std::min(std::floor(0.5 * first / demand.per_sample_s), box_->high(k));
    if (!(many >= 2)) return false;
    return (demand.alpha + demand.beta) * demand.slack(many) * many >
           2 * (demand.alpha * many + demand.beta) * first;
}

double WholeSamples::cost(std::size_t k, double d) const {
    if (problem_.excused() && d == 0) return 0;
    const Demand demand = demand_at(problem_, k, at_, d);
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

double WholeSamples::step_up(std::size_t k, double d) const {
    if (d + 1 > box_->high(k)) return infinity;
    const double more = cost(k, d + 1);
    return more < infinity ? more - cost(k, d) : infinity;
}

double WholeSamples::step_down(std::size_t k, double d) const {
    if (d - 1 < box_->low(k)) return -infinity;
    const double now = cost(k, d);
    return now < infinity ? now - cost(k, d - 1) : infinity;
}

bool WholeSamples::repair(const Box& box, const PassPoint& at, std::span<double> samples,
                          const Effort& effort) {
    const std::size_t size = problem_.size();
    CompensatedSum sum;
    for (std::size_t k = 0; k < size; ++k) sum.add(samples[k]);
    double over = above(sum, problem_.samples_real());
    const bool thorough = effort.thorough;
    if (many_batteries() && !thorough) over = repair_in_lanes(box, at, over, samples);
    const std::size_t step = thorough ? 1 : repair_step(size, {over, effort.finer});
    return repair(box, at, {.over = over, .of_all = static_cast<double>(size)}, step, effort.room,
                  samples);
}

bool WholeSamples::repair_among(const Box& box, const PassPoint& at, const Held& held,
                                std::span<double> samples) {
    return repair(box, at, held, 1, infinity, samples);
}

bool WholeSamples::repair(const Box& box, const PassPoint& at, const Held& held, std::size_t step,
                          double room, std::span<double> samples) {
    double over = held.over;
    const double of_all = held.of_all;
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
        const Demand demand = demand_of(problem_, k, at);
        return step_by(k, std::min(wanted(), most(k, demand, box.high(k)) - samples[k]), now);
    };
    // Whoever rests in whole blocks needs one for its first sample, and where its own best is to
    // rest that sample may cost twice its worth: looked at once others cost as much.
    bool resting = problem_.excused() && (whole_blocks_ || !caps_);
    const double joining = whole_blocks_ ? at.prices.lambda * problem_.block_hz() / wanted() : 2;
    const auto gather = [&](bool rest) {
        price_at(box, at);
        gains_.resize((size + step - 1) / step);
        for_each_learner(pool_, gains_.size(), [&](std::size_t i) {
            const std::size_t k = i * step;
            gains_[i] = -infinity;
            if (samples[k] == 0 && (down || (!rest && (whole_blocks_ || joins_dearly(k))))) return;
            price_learner(k);
            gains_[i] = move(k, cost(k, samples[k])).gain;
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
    double lost = 0;
    if (room < infinity) room += detour(samples);
    const bool jumps = problem_.excused() && problem_.law() == LinkLaw::density && !whole_blocks_;
    while (over != 0) {
        if (resting && !down && (heap_.empty() || heap_.front().cost < -joining)) {
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
            top.cost = again.gain;
            top.by = again.by;
            top.after = again.after;
        }
        // Who joins or leaves may win back what that loses at first.
        const double loss = top.by * (down ? 1 - top.cost : -1 - top.cost);
        const bool comes_or_goes = jumps && (samples[k] == 0 || (down && samples[k] == top.by));
        if (!comes_or_goes && std::isfinite(loss)) lost += loss;
        if (lost > room) return false;
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
    price(box, at);
    up_.resize(size);
    down_.resize(size);
    for_each_learner(pool_, size, [&](std::size_t k) { down_[k] = step_down(k, samples[k]); });
    if (pool_.stop().requested()) return false;
    // Whoever rests is no help where its first block alone costs more than any sample saves.
    const bool may_join =
        !whole_blocks_ || !problem_.excused() ||
        at.prices.lambda * problem_.block_hz() < *std::max_element(down_.begin(), down_.end());
    for_each_learner(pool_, size, [&](std::size_t k) {
        up_[k] = may_join || samples[k] > 0 ? step_up(k, samples[k]) : infinity;
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
            renew(heap_, up_, k, step_up(k, samples[k]), dearer);
            renew(down_heap_, down_, k, step_down(k, samples[k]), cheaper);
        }
        if (step % 4096 == 4095 && pool_.stop().check()) break;
    }
    return moved;
}

}  // namespace mel
