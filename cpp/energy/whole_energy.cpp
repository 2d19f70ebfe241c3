#include "energy/whole_energy.hpp"

#include <algorithm>
#include <cmath>

#include "base/infinity.hpp"
#include "energy/energy_prices.hpp"

namespace mel {
namespace {
constexpr double band_reserve = 1e-13;  // of the bandwidth
constexpr double fine_price = 1e-11;    // how near to it a price is looked for
constexpr double no_price = 1e40;       // beyond which nothing would ever fit
constexpr double many_samples = 256;    // that a price e times as high would add
}  // namespace

bool WholeEnergy::make(JoulePrices& p) {
    const std::size_t size = learners_.size();
    more_.assign(size, infinity);
    whole_.resize(size);
    const EnergySums all = learners_.sums(1, [&](std::size_t k, EnergySums& here) {
        EnergyCost c;
        EnergySlopes slopes;
        const double d = learners_.best(k, p, c, &slopes);
        whole_[k] = std::floor(d);
        here.samples.add(whole_[k]);
        if (!(d > 0) || whole_[k] >= learners_.high(k)) return;
        learners_.remember(k, c.speed);
        if (slopes.samples_by_worth > many_samples) {
            // Where the slope hardly changes one more costs what it is half-way.
            more_[k] = p.nu * (1 + (whole_[k] + 0.5 - d) / slopes.samples_by_worth);
            return;
        }
        const double next = learners_.cost(k, p.of_hertz(), whole_[k] + 1).cost;
        more_[k] = next - learners_.cost(k, p.of_hertz(), whole_[k]).cost;
    });
    if (learners_.pool().stop().requested()) return false;
    double left = learners_.problem().samples_real() - all.samples.value();
    std::vector<std::size_t> order;
    order.reserve(size);
    for (std::size_t k = 0; k < size; ++k) {
        if (more_[k] < infinity) order.push_back(k);
    }
    if (left < 0 || left > static_cast<double>(order.size())) {
        // Room in those who take part is all that single samples find.
        double room = 0;
        for (std::size_t k = 0; k < size; ++k) {
            if (whole_[k] > 0) room += std::floor(learners_.high(k)) - whole_[k];
        }
        if (std::fabs(left) > static_cast<double>(size) || left > room) left -= bridge(p, left);
        return step_by_step(p, left);
    }
    const auto count = static_cast<std::ptrdiff_t>(left);
    const auto cheaper = [&](std::size_t a, std::size_t b) {
        return more_[a] < more_[b] || (more_[a] == more_[b] && a < b);
    };
    std::nth_element(order.begin(), order.begin() + count, order.end(), cheaper);
    for (std::ptrdiff_t i = 0; i < count; ++i) whole_[order[static_cast<std::size_t>(i)]] += 1;
    if (static_cast<std::size_t>(count) < order.size()) {
        p.nu = more_[order[static_cast<std::size_t>(count)]];
    }
    return true;
}

double WholeEnergy::bridge(const JoulePrices& p, double left) {
    constexpr double widest = 1e-2;
    const double sign = left > 0 ? 1 : -1;
    std::vector<double> other(learners_.size());
    std::vector<Switching> switching;
    double more = 0, share = 1e-13;
    for (;;) {
        const JoulePrices beyond{p.lambda, p.nu * (1 + sign * share), p.taking};
        const EnergySums sums = learners_.sums(1, [&](std::size_t k, EnergySums& here) {
            EnergyCost c;
            other[k] = std::floor(learners_.best(k, beyond, c));
            here.samples.add(other[k] - whole_[k]);
        });
        if (learners_.pool().stop().requested()) return 0;
        more = sums.samples.value();
        if (sign * (left - more) <= 0) break;
        share *= more == 0 ? 256 : std::clamp(1.5 * left / more, 16.0, 256.0);
        if (!(share < widest)) return 0;
    }
    // Who comes or goes does so at a worth of a sample of its own, the others little by little.
    const auto switches = [&](std::size_t k) {
        return learners_.rests(k) && (whole_[k] > 0) != (other[k] > 0);
    };
    double together = 0;
    for (std::size_t k = 0; k < whole_.size(); ++k) {
        if (!switches(k)) {
            together += other[k] - whole_[k];
        } else {
            const double held = std::max(whole_[k], other[k]);
            const double each = (learners_.cost(k, p.of_hertz(), held).cost + p.taking) / held;
            const double at = std::clamp(sign * (each / p.nu - 1) / share, 0.0, 1.0);
            switching.push_back({at, k});
        }
    }
    std::sort(switching.begin(), switching.end());
    double added = 0, at = 1;
    for (const Switching& one : switching) {
        at = one.at;
        if (sign * (left - added - at * together) <= 0) break;
        added += other[one.learner] - whole_[one.learner];
        whole_[one.learner] = other[one.learner];
        at = 1;
    }
    if (together != 0) at = std::clamp((left - added) / together, 0.0, at);
    for (std::size_t k = 0; k < whole_.size(); ++k) {
        if (switches(k)) continue;
        const double step = std::trunc(at * (other[k] - whole_[k]));
        const double to = whole_[k] + step;
        if (to != 0 && to < learners_.low(k)) continue;
        whole_[k] = to;
        added += step;
    }
    return added;
}

bool WholeEnergy::step_by_step(JoulePrices& p, double missing) {
    const std::size_t size = learners_.size();
    const double step = missing < 0 ? -1 : 1;
    double left = std::fabs(missing);
    if (left > 200 * static_cast<double>(size) + 2000) return false;
    struct Move {
        double cost;
        std::size_t learner;
    };
    const auto later = [](const Move& a, const Move& b) {
        return a.cost > b.cost || (a.cost == b.cost && a.learner > b.learner);
    };
    const auto cost_of = [&](std::size_t k) {
        const double d = whole_[k], to = d + step;
        // Who takes part stays.
        if (!(d > 0) || to > learners_.high(k) || to < learners_.low(k)) return infinity;
        return learners_.cost(k, p.of_hertz(), to).cost - learners_.cost(k, p.of_hertz(), d).cost;
    };
    std::vector<Move> heap;
    for (std::size_t k = 0; k < size; ++k) {
        const double cost = cost_of(k);
        if (cost < infinity) heap.push_back({cost, k});
    }
    std::make_heap(heap.begin(), heap.end(), later);
    for (; left > 0; --left) {
        if (heap.empty()) return false;
        if (std::fmod(left, 4096) == 0 && learners_.pool().stop().check()) return false;
        std::pop_heap(heap.begin(), heap.end(), later);
        const std::size_t k = heap.back().learner;
        if (learners_.receives()) p.nu = step * heap.back().cost;
        heap.pop_back();
        whole_[k] += step;
        const double cost = cost_of(k);
        if (!(cost < infinity)) continue;
        heap.push_back({cost, k});
        std::push_heap(heap.begin(), heap.end(), later);
    }
    return true;
}

template <class Above>
double WholeEnergy::dearer(double lambda, std::vector<EnergyCost>& costs, EnergySums& sums,
                           Above above) {
    for (int step = 0; step < 30 && lambda < no_price; ++step) {
        const double over = above();
        if (!(over > 0) || !(over < infinity) || learners_.pool().stop().requested()) break;
        lambda *= 1 + std::min(8 * over, 1.0) + 1e-13 * std::pow(4, step);
        sums = learners_.of_split(whole_, {lambda}, costs);
    }
    return lambda;
}

double WholeEnergy::price(JoulePrices near, std::vector<EnergyCost>& costs, EnergySums& sums) {
    if (!learners_.receives()) return price_of_all(near, costs, sums);
    // At given speeds everybody's time to receive in is, and with it what a rate takes at a price
    // of a watt: no other price of both changes that.
    if (!learners_.slows()) {
        sums = learners_.of_split(whole_, near.of_hertz(), costs);
        if (learners_.fits(sums)) return near.lambda;
    }
    if (!price_both(near, costs, sums)) {
        balance_watts(learners_, watt_slope_, fine_price, [&] {
            near.lambda = price_of_all(near, costs, sums);
            return &sums;
        });
    }
    // Both within what there is.
    const Problem& problem = learners_.problem();
    return dearer(near.lambda, costs, sums, [&] {
        return std::max(sums.bandwidth.value() / problem.bandwidth_hz(),
                        sums.power.value() / problem.power_w()) -
               (1 - band_reserve);
    });
}

bool WholeEnergy::price_both(JoulePrices& p, std::vector<EnergyCost>& costs, EnergySums& sums) {
    constexpr int few_steps = 10;
    constexpr double near = 0.5;
    const Problem& problem = learners_.problem();
    const double watt_hz = learners_.watt_hz();
    // Broyden's method: a hertz hardly moves what both leave of each other, nor a watt their sum.
    double by_all[2] = {1 / price_slope_, 0}, by_gap[2] = {0, 1 / watt_slope_};
    double x = std::log(p.lambda), y = std::log(watt_hz);
    double over = 0, gap = 0, dx = 0, dy = 0;
    for (int step = 0; step < few_steps; ++step) {
        learners_.price_watts(std::exp(y));
        sums = learners_.of_split(whole_, {std::exp(x)}, costs);
        if (learners_.pool().stop().requested() || !(std::exp(x) > learners_.hardly(p.nu))) break;
        const double was[2] = {over, gap};
        over = std::log(learners_.taken(sums) / (learners_.budget() * (1 - band_reserve))) +
               2 * fine_price;
        gap = std::log(sums.bandwidth.value() / problem.bandwidth_hz()) -
              std::log(sums.power.value() / problem.power_w());
        if (std::fabs(over) <= fine_price && std::fabs(gap) <= fine_price) {
            p.lambda = std::exp(x);
            return true;
        }
        if (step > 0) {
            const double more[2] = {over - was[0], gap - was[1]};
            const double to[2] = {by_all[0] * more[0] + by_gap[0] * more[1],
                                  by_all[1] * more[0] + by_gap[1] * more[1]};
            const double all = dx * to[0] + dy * to[1];
            const double back[2] = {(dx - to[0]) / all, (dy - to[1]) / all};
            const double of[2] = {dx * by_all[0] + dy * by_all[1], dx * by_gap[0] + dy * by_gap[1]};
            for (int i = 0; i < 2; ++i) {
                by_all[i] += back[i] * of[0];
                by_gap[i] += back[i] * of[1];
            }
        }
        dx = -(by_all[0] * over + by_gap[0] * gap);
        dy = -(by_all[1] * over + by_gap[1] * gap);
        if (!(std::fabs(dx) < near) || !(std::fabs(dy) < near)) break;
        x += dx;
        y += dy;
    }
    learners_.price_watts(watt_hz);
    return false;
}

double WholeEnergy::price_of_all(JoulePrices near, std::vector<EnergyCost>& costs,
                                 EnergySums& sums) {
    const double budget = learners_.budget();
    const double band = budget * (1 - band_reserve);
    const auto look = [&](double at) {
        sums = learners_.of_split(whole_, {at}, costs);
        return learners_.taken(sums);
    };
    double last = near.lambda;
    const auto over = [&](double ln_lambda) {
        last = std::exp(ln_lambda);
        const double taken = look(last);
        const double above =
            sums.impossible > 0 ? infinity : std::log(taken / band) + 2 * fine_price;
        const bool free = !(last > learners_.hardly(near.nu));
        return (above < 0 && free) || last > no_price ? 0 : above;
    };
    const double x = root_of(learners_.pool().stop(), std::log(near.lambda), price_slope_,
                             {.widest = 2, .fine = fine_price, .steps = 40}, over);
    const double found = std::exp(x);
    if (found != last) look(found);
    return dearer(found, costs, sums, [&] {
        const double taken = learners_.taken(sums);
        return taken > budget ? taken / band - 1 : 0;
    });
}

}  // namespace mel
