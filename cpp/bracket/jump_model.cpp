#include "bracket/jump_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/chunks.hpp"
#include "learner/answers.hpp"
#include "learner/pacing.hpp"

namespace mel {
namespace {

constexpr int most_cuts = 90;
constexpr int cuts_between = 4;   // two looks at which kinks are still within the polygon
constexpr double finest = 1e-10;  // of the radius
constexpr int most_amounts = 8;
constexpr int most_flips = 512;
constexpr std::size_t most_pairs = 64;
constexpr double on_a_kink = 1e-7;  // relative: prices so near to one are at it

// The other answer of learner k, further off than a step; false where there is none within radius.
struct Near {
    double taken;  // samples
    double radius;
    double step;
};
bool jump_of(const Problem& problem, const Box& box, const PassPoint& point, Near near,
             Jump& jump) {
    const auto [taken, radius, step] = near;
    const std::size_t k = jump.learner;
    const Prices prices = point.prices;
    const Demand full = demand_of(problem, k, point);
    const double low = box.low(k);
    const bool may_rest = problem.excused() && low <= 0;
    const Demand demand = demand_at(problem, k, point, low);
    const Answer few = answer_with(problem, k, demand, may_rest, low, prices);
    // Who takes more than the fewest takes what is best inside already.
    const Interval inside{may_rest ? 1 : low, box.high(k)};
    const Answer many =
        taken > low + 1
            ? answer_with(problem, k, demand_at(problem, k, point, taken), false, taken, prices)
            : answer_inside(problem, k, full, inside, {point.tau, prices});
    const double apart = many.samples - few.samples;
    if (!many.possible || !(apart > step) || !few.possible) return false;
    const double gain = apart - (many.paid.cost - few.paid.cost);
    const bool takes_many = taken > few.samples;
    const double margin = takes_many ? gain : -gain;
    const double to = takes_many ? 1 : -1;  // of what many take more
    jump.samples = takes_many ? few.samples : many.samples;
    jump.margin = std::max(margin, 0.0);
    jump.by_band = to * prices.lambda * (many.paid.bandwidth_hz - few.paid.bandwidth_hz);
    jump.by_watt = to * prices.mu * (many.paid.power_w - few.paid.power_w);
    jump.by_amount = -to * (many.by_second - few.by_second);
    return margin < radius * apart;
}

}  // namespace

std::vector<Jump> jumps_near(const Problem& problem, const Box& box, const PassPoint& point,
                             const Picked& picked, double radius, Pool& pool, std::size_t most) {
    const std::span<const double> samples = picked.samples, preference = picked.preference;
    std::vector<Jump> jumps;
    const bool of_one = most != all_jumps && problem.excused();
    const auto step_of = [&](std::size_t k) { return of_one && box.low(k) <= 0 ? 0.0 : 1.0; };
    for (std::size_t k = 0; k < problem.size(); ++k) {
        if (!(std::fabs(preference[k]) < radius)) continue;
        // Between numbers that are one apart nobody jumps: that is a step. With the fixed law the
        // fewest may be taken where many are as good.
        const double few = box.low(k);
        const bool takes_many = samples[k] > few && problem.law() == LinkLaw::density;
        const double many = takes_many ? samples[k] : box.high(k);
        if (many - few > step_of(k)) jumps.push_back({.learner = k});
    }
    const std::size_t alike = jumps.size() / 2 > most ? (jumps.size() / most + 1) | 1 : 1;
    if (alike > 1) {
        std::size_t place = 0;
        std::erase_if(jumps, [&](const Jump&) { return place++ % alike != alike / 2; });
    }
    std::vector<char> near(jumps.size());
    for_each_learner(pool, jumps.size(), [&](std::size_t i) {
        const double taken = samples[jumps[i].learner];
        const double step = step_of(jumps[i].learner);
        near[i] = jump_of(problem, box, point, {.taken = taken, .radius = radius, .step = step},
                          jumps[i]);
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < jumps.size(); ++i) {
        if (near[i]) jumps[kept++] = jumps[i].times(static_cast<double>(alike));
    }
    jumps.resize(kept);
    return jumps;
}

std::vector<Jump> steps_near(const Problem& problem, const Box& box, const PassPoint& point,
                             std::span<const double> samples, double reach, Pool& pool) {
    const Prices prices = point.prices;
    std::vector<std::vector<Jump>> found(chunk_count(problem.size()));
    pool.run(found.size(), [&](std::size_t b) {
        const std::size_t last = std::min(problem.size(), (b + 1) * chunk_size);
        for (std::size_t k = b * chunk_size; k < last; ++k) {
            const bool may_rest = problem.excused() && box.low(k) <= 0;
            const auto answer = [&](double d) {
                const Demand demand = demand_at(problem, k, point, d);
                return answer_with(problem, k, demand, may_rest, d, prices);
            };
            const Answer now = answer(samples[k]);
            for (const double to : {1.0, -1.0}) {
                const double other = samples[k] + to;
                if (other < box.low(k) || other > box.high(k)) continue;
                const Answer then = answer(other);
                const double margin = std::max((then.paid.cost - now.paid.cost) - to, 0.0);
                if (!then.possible || !(margin < reach)) continue;
                Jump jump{.learner = k, .samples = other, .margin = margin};
                jump.by_band = prices.lambda * (now.paid.bandwidth_hz - then.paid.bandwidth_hz);
                jump.by_watt = prices.mu * (now.paid.power_w - then.paid.power_w);
                jump.by_amount = then.by_second - now.by_second;
                found[b].push_back(jump);
            }
        }
    });
    std::vector<Jump> steps;
    for (const auto& part : found) steps.insert(steps.end(), part.begin(), part.end());
    return steps;
}

Jump Jump::times(double alike) const {
    return {learner, samples, alike * margin, alike * by_band, alike * by_watt, alike * by_amount};
}

double JumpModel::Place::length() const { return std::max(std::fabs(band), std::fabs(watt)); }

double JumpModel::ruled_out(double most) const {
    double change = 0;
    for (int step = 0; step < most_amounts; ++step) {
        double here = value + by_amount * change;
        double slope = by_amount;
        for (const Jump& jump : jumps) {
            const double more = jump.by_amount * change - jump.margin;
            if (more > 0) {
                here += more;
                slope += jump.by_amount;
            }
        }
        if (!(slope > 0)) break;
        const double next = std::clamp(change - here / slope, -most, most);
        const bool done = std::fabs(next - change) <= 1e-13 * most;
        change = next;
        if (done) break;
    }
    return change;
}

// With the amount fixed: the kinks, and everything else.
void JumpModel::begin(double amount) {
    base_ = {value + by_amount * amount, by_band + band_amount * amount,
             by_watt + watt_amount * amount, by_amount};
    near_ = jumps;
    for (Jump& jump : near_) jump.margin -= jump.by_amount * amount;
}

// Kinks that lie nowhere within the polygon go to the rest or away.
void JumpModel::fold_jumps() {
    PlanePoint low{1e300, 1e300}, high{-1e300, -1e300};
    for (const PlanePoint& corner : polygon_.corners()) {
        low = {std::min(low.x, corner.x), std::min(low.y, corner.y)};
        high = {std::max(high.x, corner.x), std::max(high.y, corner.y)};
    }
    std::size_t kept = 0;
    for (const Jump& jump : near_) {
        const double x = jump.by_band, y = jump.by_watt;
        const double top =
            (x > 0 ? high.x : low.x) * x + (y > 0 ? high.y : low.y) * y - jump.margin;
        const double bottom =
            (x > 0 ? low.x : high.x) * x + (y > 0 ? low.y : high.y) * y - jump.margin;
        if (top <= 0) continue;
        if (bottom >= 0) {
            base_.value -= jump.margin;
            base_.by_band += x;
            base_.by_watt += y;
            base_.by_amount += jump.by_amount;
            continue;
        }
        near_[kept++] = jump;
    }
    near_.resize(kept);
}

JumpModel::Value JumpModel::at(const Place& place) const {
    const double x = place.band, y = place.watt;
    Value v = base_;
    const double hx = band_band * x + band_watt * y;
    const double hy = band_watt * x + watt_watt * y;
    v.value += (base_.by_band + 0.5 * hx) * x + (base_.by_watt + 0.5 * hy) * y;
    v.by_band += hx;
    v.by_watt += hy;
    for (const Jump& jump : near_) {
        const double more = jump.by_band * x + jump.by_watt * y - jump.margin;
        if (more > 0) {
            v.value += more;
            v.by_band += jump.by_band;
            v.by_watt += jump.by_watt;
            v.by_amount += jump.by_amount;
        }
    }
    v.by_amount += band_amount * x + watt_amount * y;
    return v;
}

// Where no kink is left: the quadratic's own minimum, if it lies within radius.
bool JumpModel::smooth_least(Place& place, double radius) const {
    if (!curved()) return false;
    const Place to = newton(base_.by_band, base_.by_watt);
    if (!(to.length() < radius)) return false;
    place.band = to.band;
    place.watt = to.watt;
    return true;
}

JumpModel::Value JumpModel::least(Place& place, double radius) {
    begin(place.amount);
    polygon_.reset({{-radius, -radius}, {radius, -radius}, {radius, radius}, {-radius, radius}});
    Place best{0, 0, place.amount};
    Value lowest = at(best);
    for (int cut = 0; cut < most_cuts && !stopped(); ++cut) {
        if (cut % cuts_between == 0) {
            fold_jumps();
            Place here = place;
            if (near_.empty() && smooth_least(here, radius)) {
                const Value rest = base_;
                begin(place.amount);
                const Value v = at(here);
                if (v.value <= lowest.value) {
                    place = here;
                    return v;
                }
                base_ = rest;  // beyond the polygon, where other kinks count
                near_.clear();
            }
        }
        PlanePoint c;
        if (!polygon_.centre(c) || polygon_.extent() < finest * radius) break;
        const Place here{c.x, c.y, place.amount};
        const Value v = at(here);
        if (v.value < lowest.value) {
            lowest = v;
            best = here;
        }
        polygon_.clip(v.value - lowest.value - v.by_band * c.x - v.by_watt * c.y, v.by_band,
                      v.by_watt);
    }
    place = best;
    return lowest;
}

JumpModel::Place JumpModel::best(Within within) {
    const auto [radius, most] = within;
    Place place;
    for (int step = 0; step < most_amounts; ++step) {
        const Value v = least(place, radius);
        if (!(v.by_amount > 0)) break;
        const double next = std::clamp(place.amount - v.value / v.by_amount, -most, most);
        const bool done = std::fabs(next - place.amount) <= 1e-13 * most;
        place.amount = next;
        if (done) break;
    }
    return place;
}

JumpModel::Place JumpModel::lowest(double radius) {
    Place place;
    least(place, radius);
    return place;
}

double JumpModel::drop(const Place& place) {
    begin(place.amount);
    return value - at(place).value;
}

bool JumpModel::curved() const {
    return band_band * watt_watt - band_watt * band_watt > 1e-12 * band_band * watt_watt;
}

double JumpModel::loss(double x, double y) const {
    const double det = band_band * watt_watt - band_watt * band_watt;
    return 0.5 * (watt_watt * x * x - 2 * band_watt * x * y + band_band * y * y) / det;
}

// To where the quadratic has no gradient; from one of (x, y) here.
JumpModel::Place JumpModel::newton(double x, double y) const {
    const double det = band_band * watt_watt - band_watt * band_watt;
    return {(band_watt * y - watt_watt * x) / det, (band_watt * x - band_band * y) / det, 0};
}

double JumpModel::spread() const {
    double far = 0;
    if (!curved()) return far;
    for (const Jump& jump : jumps) far = std::max(far, newton(jump.by_band, jump.by_watt).length());
    return far;
}

JumpModel::Place JumpModel::making_up(const std::vector<std::size_t>& flips) const {
    if (!curved()) return {};
    double x = by_band, y = by_watt;
    for (const std::size_t flip : flips) {
        x += jumps[flip].by_band;
        y += jumps[flip].by_watt;
    }
    return newton(x, y);
}

std::vector<std::size_t> JumpModel::best_flips() const {
    std::vector<std::size_t> flipped;
    if (!curved()) return flipped;
    std::vector<double> sign(jumps.size(), 1.0);  // of the next change of mind
    std::vector<std::size_t> near;
    double x = by_band, y = by_watt, margin = 0;
    double lowest = loss(x, y);
    const auto after = [&](std::size_t i) {
        return sign[i] * jumps[i].margin +
               loss(x + sign[i] * jumps[i].by_band, y + sign[i] * jumps[i].by_watt);
    };
    const auto flip = [&](std::size_t i) {
        margin += sign[i] * jumps[i].margin;
        x += sign[i] * jumps[i].by_band;
        y += sign[i] * jumps[i].by_watt;
        sign[i] = -sign[i];
    };
    constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();
    for (int round = 0; round < most_flips && !stopped(); ++round) {
        // One learner, or, where no single one helps, two that are not far from switching.
        std::size_t one = nobody, two = nobody;
        double best = lowest * (1 - 1e-9);
        near.clear();
        for (std::size_t i = 0; i < jumps.size(); ++i) {
            if (jumps[i].margin < lowest && near.size() < most_pairs) near.push_back(i);
            if (margin + after(i) < best) {
                best = margin + after(i);
                one = i;
            }
        }
        for (std::size_t a = 0; one == nobody && a < near.size(); ++a) {
            const std::size_t i = near[a];
            flip(i);
            for (std::size_t b = a + 1; b < near.size(); ++b) {
                if (margin + after(near[b]) < best) {
                    best = margin + after(near[b]);
                    two = near[b];
                }
            }
            flip(i);
            if (two != nobody) one = i;
        }
        if (one == nobody) break;
        flip(one);
        if (two != nobody) flip(two);
        lowest = best;
    }
    for (std::size_t i = 0; i < jumps.size(); ++i) {
        if (sign[i] < 0) flipped.push_back(i);
    }
    return flipped;
}

JumpModel JumpModel::fixing(std::size_t jump, bool other) const {
    JumpModel fixed = *this;
    const Jump& j = jumps[jump];
    if (other) {
        fixed.value -= j.margin;
        fixed.by_band += j.by_band;
        fixed.by_watt += j.by_watt;
        fixed.by_amount += j.by_amount;
    }
    fixed.jumps.erase(fixed.jumps.begin() + static_cast<std::ptrdiff_t>(jump));
    return fixed;
}

std::size_t JumpModel::switching_learner(const Place& place) const {
    std::size_t switching = jumps.size();
    double nearest = on_a_kink;
    for (std::size_t i = 0; i < jumps.size(); ++i) {
        const Jump& j = jumps[i];
        const double swing = std::fabs(j.by_band) + std::fabs(j.by_watt);
        const double apart = std::fabs(gain(j, place)) / swing;
        if (apart < nearest) {
            nearest = apart;
            switching = i;
        }
    }
    return switching;
}

}  // namespace mel
