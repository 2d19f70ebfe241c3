// The best speed for given samples, and the best real samples at a price of bandwidth. The limit of
// power alone has a root in closed form but for one unknown. Where the energy does not suffice for
// that, the best is at the join, where both leave the same power at full speed, or beyond it, by
// Newton's method in samples and the logarithm of the speed at once.
//
// Nothing rests on how near the steps come: B is convex in the samples, so that its tangent where
// they end bounds what any other number of samples is worth. What does not settle is left to the
// scalar response.
#pragma once

#include "kernels/battery_slopes_lanes.hpp"
#include "kernels/density_approach_lanes.hpp"
#include "kernels/fixed_approach_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr int most_battery_steps = 24;
inline constexpr double best_samples = 1e-9;     // of a sample's worth: good enough a slope
inline constexpr double best_speed = 1e-7;       // error of ln v: the bandwidth's is its square
inline constexpr double held_speed = 1e-9;       // where v follows from the limits instead
inline constexpr double slope_rounding = 4e-12;  // of the price of a sample
inline constexpr double first_few = 1e-6;        // samples
inline constexpr double parallel = 1e-7;         // limits that rounding can not tell apart

// How the slopes are where the learner is, and where Newton's method would go from there.
struct BatteryStep {
    RiseLanes s;
    Lanes off, off_samples, off_speed;  // of ln v: minus its error, and how that changes
    Lanes total_steep;                  // where the speed follows the samples
    Lanes rise_speed;
    Mask both;     // limits hold
    Mask pinned;   // the speed is at an end
    Mask settled;  // the speed is right
};

template <class Law>
MEL_INLINE BatteryStep battery_step(const BatteryLanes& b, const HeldLanes& h, const RatioLanes& r,
                                    Mask by_joules, Mask wanted) {
    BatteryStep step;
    step.s = by_power<Law>(r);
    step.off = step.off_samples = step.rise_speed = fill(0);
    step.off_speed = fill(1);
    step.both = none();
    step.pinned = step.settled = ~none();
    if (any(by_joules)) {
        const RiseLanes e = by_energy<Law>(r, h.gain);
        step.s.rise = select(by_joules, e.rise, step.s.rise);
        step.s.steep = select(by_joules, e.steep, step.s.steep);
    }
    step.total_steep = step.s.steep;
    const Mask chosen = by_joules & b.chosen & wanted;
    if (!any(chosen)) return step;
    const SpeedLanes v = speed_slopes<Law>(r, h.gain, h.samples, step.s, chosen & h.sound);
    const BothLanes both = by_both<Law>(r, h, chosen & h.sound);
    const Lanes alone = -v.wish / v.wish_speed;
    const Lanes along = both.off / both.off_speed;
    const Mask fastest = h.speed == fill(1);
    const Mask full = fastest & (alone >= fill(0));
    step.both = chosen & ~full & (along > alone);
    const Lanes to = select(step.both, along, alone);
    step.pinned =
        ~chosen | (fastest & (to >= fill(0))) | ((h.speed == b.slowest) & (to <= fill(0)));
    step.off = select(step.both, both.off, -v.wish);
    const Lanes nearest = held_speed + 1e-15 * (b.energy / select(h.sound, h.sending_j, fill(1)));
    step.settled =
        step.pinned | (magnitude(step.off) <= select(step.both, nearest, fill(best_speed)));
    step.off_samples = select(step.both, both.off_samples, v.wish_samples);
    step.off_speed = select(step.both, both.off_speed, v.wish_speed);
    step.s.rise = select(step.both, both.s.rise, step.s.rise);
    step.s.steep = select(step.both, both.s.steep, step.s.steep);
    const Mask free = chosen & ~step.both & ~step.pinned;
    step.rise_speed = only(free, v.rise_speed);
    const Lanes less = step.rise_speed * step.off_samples / step.off_speed;
    step.total_steep = step.s.steep - select(less < 0.9 * step.s.steep, less, fill(0));
    return step;
}

// Speeds between which there is time to send, and energy; both ends are open.
struct SpeedRange {
    Lanes low, high;
};
template <class Law>
MEL_INLINE SpeedRange speed_range(const BatteryLanes& b, Lanes d) {
    const Lanes floor = Law::joules_a_bit(b) * (b.q.alpha * d + b.q.beta);
    const Lanes left = larger((b.energy - floor) / (b.joules * d), fill(0));
    const Lanes base = b.q.budget - b.other * d;
    return {b.work * d / larger(base, fill(1e-300)), square_root(smaller(left, fill(4)))};
}

MEL_INLINE Lanes move_speed(const BatteryLanes& b, const SpeedRange& range, Lanes v, Lanes to) {
    const Lanes middle = 0.5 * (range.low + range.high);
    const Lanes below = select(v > range.low, 0.05 * v + 0.95 * range.low, middle);
    const Lanes above = select(v < range.high, 0.05 * v + 0.95 * range.high, middle);
    to = select(to > range.low, to, below);
    to = select(to < range.high, to, above);
    return larger(smaller(to, fill(1)), b.slowest);
}

// Where a search for the speed begins: as fast as both limits allow, if sending takes little of the
// energy; else full speed, if there is energy for it.
MEL_INLINE Lanes first_speed(const BatteryLanes& b, const SpeedRange& range, Lanes d) {
    const Lanes fastest = smaller(range.high, fill(1));
    const Lanes slack = b.q.budget - b.other * d - b.work * d / larger(fastest, fill(1e-300));
    const Lanes sending = b.power * larger(slack, fill(0));
    const Lanes share = (b.energy - sending) / (b.joules * d);
    const Mask little = (2 * sending < b.energy) & (share < fill(1)) & (share > fill(0));
    return move_speed(b, range, fastest,
                      select(little, square_root(larger(share, fill(0))), fill(1)));
}

// The samples at which computing leaves so much slack of the cycle and nothing of the energy.
MEL_INLINE Lanes samples_with_slack(const BatteryLanes& b, Lanes slack, Mask wanted) {
    const Lanes time = b.q.budget - slack;
    const Lanes cube = time * time * b.energy / (b.joules * b.work * b.work);
    const Mask sane = wanted & (cube > fill(1e-200)) & (cube < fill(1e200)) & (time > 0);
    const Lanes third = logarithm(select(sane, cube, fill(1))) * (1.0 / 3);
    Lanes d = exponential(third).value;
    const Lanes unit = b.work * square_root(select(sane, b.joules / b.energy, fill(1)));
    for (int step = 0; step < 2; ++step) {
        const Lanes computing = unit * d * square_root(d);
        d = d - (computing + b.other * d - time) / (1.5 * computing / d + b.other);
        d = larger(d, fill(1e-300));
    }
    return select(sane, d, fill(0));
}

// Where the best with all of the energy nearly is. Begins where the limits meet at full speed, and
// with a chosen speed where seven tenths of the slack that power alone wishes for are left.
template <class Law>
MEL_INLINE ApproachLanes approach(const BatteryLanes& b, double lambda, Lanes join, Lanes slack,
                                  Lanes log_gain, Mask wanted) {
    Lanes d = join;
    Lanes v = fill(1);
    Lanes t = b.q.budget - b.q.each * join;
    Mask slower = none();
    const Mask chosen = wanted & b.chosen;
    if (any(chosen)) {
        const Lanes there = samples_with_slack(b, 0.7 * slack, chosen);
        slower = chosen & (there > 0);
        const Lanes safe = select(slower, there, fill(1));
        v = select(slower, first_speed(b, speed_range<Law>(b, safe), safe), v);
        d = select(slower, there, d);
        t = select(slower, 0.7 * slack, t);
    }
    ApproachLanes both{fill(1), fill(1), none()};
    if (any(slower)) both = Law::Approach::both(b, lambda, log_gain, v, slower);
    const Mask others = wanted & ~both.found & (t > 0);
    if (!any(others)) return both;
    const Lanes first = Law::Approach::first(b, lambda, d, v, t, slower);
    const ApproachLanes a = Law::Approach::find(b, lambda, first, v, others);
    return {select(both.found, both.samples, a.samples), select(both.found, both.speed, a.speed),
            both.found | a.found};
}

// v e^x for small x.
MEL_INLINE Lanes grown(Lanes v, Lanes x) {
    x = larger(smaller(x, fill(1)), fill(-1));
    return v * (2 + x) / (2 - x);
}

// With the least bandwidth that carries given samples; `sure` where that is found.
template <class Law>
MEL_INLINE HeldLanes hold_given(const BatteryLanes& b, Lanes d, Mask wanted, Mask& sure,
                                BatteryStep& step) {
    Lanes v = fill(1);
    const Mask full_power = b.energy - b.joules * d >= b.power * (b.q.budget - b.q.each * d);
    const Mask by_joules = wanted & ~full_power;
    Mask open = by_joules & b.chosen;
    if (any(open)) {
        const SpeedRange range = speed_range<Law>(b, d);
        const Lanes first = first_speed(b, range, d);
        const Lanes both = both_speed(b, d, first, open);
        const Mask fits = open & (both < fill(1)) & (both > b.slowest);
        const Mask alone = open & ~(fits & Law::Approach::too_fast(b, d, both, fits));
        Lanes near = both;
        if (any(alone)) {
            const Lanes left = b.energy - b.joules * d * first * first;
            near = select(alone, Law::Approach::speed(b, d, first, left, alone), near);
        }
        v = select(open, move_speed(b, range, first, near), v);
    }
    for (int round = 0;; ++round) {
        const HeldLanes h = hold_lanes<Law>(b, d, v, wanted);
        const RatioLanes r = ratios<Law>(b, h);
        step = battery_step<Law>(b, h, r, by_joules, open | by_joules);
        open = open & ~step.settled;
        if (round == most_battery_steps || !any(open)) {
            sure = h.sound & ~open;
            step.off = fill(0);
            return h;
        }
        const Lanes to = grown(v, step.off / step.off_speed);
        v = select(open, move_speed(b, speed_range<Law>(b, d), v, to), v);
    }
}

template <class Law>
MEL_INLINE WorthLanes worth_of(const HeldLanes& h, const RatioLanes& r, const BatteryStep& step,
                               Mask by_joules) {
    WorthLanes worth = worth_by_power<Law>(r);
    const WorthLanes alone = worth_by_energy<Law>(h);
    worth.by_slack = select(by_joules, alone.by_slack, worth.by_slack);
    worth.by_joule = select(by_joules, alone.by_joule, worth.by_joule);
    if (any(step.both)) {
        const WorthLanes both = worth_by_both<Law>(r, h);
        worth.by_slack = select(step.both, both.by_slack, worth.by_slack);
        worth.by_joule = select(step.both, both.by_joule, worth.by_joule);
    }
    return worth;
}

struct BatteryBestLanes {
    HeldLanes held;
    Lanes cost, value;
    Lanes excess;    // no samples are worth more than so much above `value`
    Lanes interior;  // - d samples / d ln lambda, where they are free
    WorthLanes worth;
    Mask active, impossible;
    Mask doubtful;  // no proof from here
    Mask unsure;    // for the scalar response
};

template <class Law>
MEL_APART BatteryBestLanes best_lanes(const KernelInput& in, const PriceConstants& p,
                                      const BatteryLanes& b, std::size_t k) {
    const DemandLanes& q = b.q;
    Lanes low = in.lower ? load(in.lower + k) : fill(in.box.lower);
    const Lanes high = in.upper ? load(in.upper + k) : fill(in.box.upper);
    const Mask may_rest = in.excused ? low <= 0 : none();
    low = select(may_rest, fill(1), low);
    // Nobody without samples computes, at whatever speed: how the bandwidth rises from there is
    // what the best speed of a first few says.
    const Lanes least = low;
    low = select(b.chosen & (low < fill(first_few)), smaller(high, fill(first_few)), low);

    const Lanes low_slack = q.budget - q.each * low;
    const Lanes low_left = b.energy - b.joules * low;
    const Lanes low_bits = q.alpha * low + q.beta;
    const Lanes low_joules = smaller(low_left, b.power * low_slack);
    const Mask room = q.valid & (low <= high);
    const Mask full_speed = (low_slack > 0) & (low_joules > Law::joules_a_bit(b) * low_bits);
    const Mask possible = room & full_speed & (low_bits > 0);
    Mask unsure = room & ~possible & (b.chosen | ~(low_bits > 0));

    // At the limit of power.
    Lanes slack;
    const PowerCapWish wish = Law::wish(b, p.band, possible, slack);
    unsure = unsure | (possible & ~wish.converged);
    Lanes d = select(possible, (q.budget - slack) / q.each, fill(1));
    d = larger(smaller(d, high), low);
    Lanes v = fill(1);
    const Mask by_joules = possible & (b.energy - b.joules * d < b.power * (q.budget - q.each * d));

    // And with the energy, from where the limits meet.
    const Lanes gap = b.joules - b.power * q.each;
    const Mask onward = gap > 0;  // more samples need energy rather than power
    Mask open = none();
    Mask begun = none();
    Mask joined = none();
    Mask stays = none();
    Lanes bottom = low, top = high;
    Lanes ceiling = smaller(high, q.budget / q.each);  // no better above, surely
    if (any(by_joules)) {
        const Mask alike = magnitude(gap) <= parallel * b.power * q.each;
        unsure = unsure | (by_joules & alike);
        const Lanes join =
            (b.energy - b.power * q.budget) / select(by_joules & ~alike, gap, fill(1));
        joined = by_joules & (join > low) & (join < high);
        d = select(by_joules, larger(smaller(join, high), low), d);
        const Lanes floor = Law::joules_a_bit(b);
        Lanes end = q.budget / q.each;
        end = select(b.chosen, end,
                     smaller(end, (b.energy - floor * q.beta) / (b.joules + floor * q.alpha)));
        end = end - 1e-9 * (end - d);
        bottom = select(by_joules & onward, d, low);
        top = select(by_joules & ~onward, d, high);
        top = select(by_joules & onward, smaller(top, larger(end, d)), top);
        open = begun = by_joules & ~unsure;
        const ApproachLanes near = approach<Law>(b, p.lambda, d, slack, wish.log_gain, open);
        const Mask use = near.found & (near.samples > bottom) & (near.samples < top);
        d = select(use, near.samples, d);
        begun = begun & ~use;
        if (any(by_joules & b.chosen)) {
            const SpeedRange range = speed_range<Law>(b, d);
            v = select(by_joules & b.chosen, move_speed(b, range, v, select(use, near.speed, v)),
                       v);
        }
    }

    BatteryBestLanes best;
    HeldLanes h;
    RatioLanes r;
    BatteryStep step;
    Lanes price;  // of one more sample
    for (int round = 0;; ++round) {
        h = hold_lanes<Law>(b, d, v, possible);
        r = ratios<Law>(b, h);
        step = battery_step<Law>(b, h, r, by_joules, by_joules);
        price = p.lambda * h.band * step.s.rise;
        if (!any(open)) break;
        const Mask dear = (price >= fill(1)) | ~h.sound;
        const Mask settled = step.settled & h.sound;
        // At the start: whether going on is worth it.
        const Mask worse = (onward & dear) | (~onward & ~(price > fill(1)));
        stays = stays | (open & begun & settled & worse);
        open = open & ~stays;
        const Mask leaves = begun & settled & open;
        begun = begun & ~settled & open;
        const Mask under_way = open & ~begun & ~leaves;
        const Mask there = settled & (magnitude(1 - price) <= fill(best_samples));
        const Mask at_end = settled & ((~dear & (d == top)) | (dear & (d == bottom)));
        open = open & ~(under_way & (there | at_end));
        const Mask told = (under_way | leaves) & (settled | ~b.chosen);
        bottom = select(told & ~dear, d, bottom);
        top = select(told & dear, d, top);
        ceiling = select(told & dear & h.sound, d, ceiling);
        if (round == most_battery_steps || !any(open)) break;
        // 1/sqrt(price) falls nearly like a line.
        const Lanes wanted = 2 * (1 - square_root(price)) / step.total_steep;
        const Lanes coupled = step.rise_speed * step.off / (step.off_speed * step.total_steep);
        Lanes to = d + (wanted - coupled);
        to = larger(smaller(to, top), bottom);
        Mask jumped = none();
        const Mask stuck = told & ((to == d) | ~h.sound | ~(step.total_steep > fill(0)));
        to = select(stuck, 0.5 * (bottom + top), to);
        to = select(begun, d, to);
        // From where the speed is full it is far to where it is not.
        const Mask far = leaves & b.chosen & onward;
        if (any(far)) {
            const Lanes there_s = samples_with_slack(b, 0.7 * slack, far);
            const Mask use = far & (there_s > d) & (there_s < top);
            to = select(use, there_s, to);
            v = select(use, first_speed(b, speed_range<Law>(b, to), to), v);
            jumped = use;
        }
        if (any(open & b.chosen)) {
            // A speed must remain.
            for (int halves = 0; halves < 2; ++halves) {
                const SpeedRange range = speed_range<Law>(b, to);
                to = select(b.chosen & ~(range.low < range.high), d + 0.25 * (to - d), to);
            }
            const SpeedRange range = speed_range<Law>(b, to);
            const Lanes by = (step.off - step.off_samples * (to - d)) / step.off_speed;
            const Mask moves = open & b.chosen & ~step.pinned & ~jumped;
            v = select(open & b.chosen, move_speed(b, range, v, select(moves, grown(v, by), v)), v);
        }
        d = select(open, to, d);
    }
    unsure = unsure | (possible & (open | ~h.sound | ~step.settled));
    if (in.max_bandwidth) {
        unsure = unsure | (possible & ~(h.band <= load(in.max_bandwidth + k)));
    }

    best.held = h;
    best.cost = p.lambda * h.band + p.mu * b.power;
    best.value = d - best.cost;
    const Mask up = price < fill(1);
    const Lanes range = select(up, ceiling - d, d - select(bottom > low, bottom, least));
    best.excess = (magnitude(1 - price) + slope_rounding) * larger(range, fill(0));
    // Where both limits hold the bandwidth is as far off as the speed.
    best.excess += only(step.both, 2 * p.lambda * h.band * r.whole * magnitude(step.off));
    best.worth = worth_of<Law>(h, r, step, by_joules);
    Mask inside = (d > low) & (d < high);
    const Mask kink = joined & stays & (v == fill(1));
    if (any(kink)) {
        // Any mixture of both tangents bounds from above: that which is level.
        const RiseLanes power = by_power<Law>(r);
        const Lanes other = p.lambda * h.band * power.rise;
        const Mask astray = kink & ((onward & (other > fill(1))) | (~onward & (other < 1)));
        unsure = unsure | astray;
        const Lanes between = price - other;
        const Lanes share =
            select(kink & ~astray & (magnitude(between) > 0), (1 - other) / between, fill(1));
        const WorthLanes alone = worth_by_power<Law>(r);
        best.worth.by_slack = select(
            kink, share * best.worth.by_slack + (1 - share) * alone.by_slack, best.worth.by_slack);
        best.worth.by_joule = select(kink, share * best.worth.by_joule, best.worth.by_joule);
        const Lanes apart = magnitude(h.left_j / select(kink, h.cap_j, fill(1)) - 1);
        const Lanes blur = 4 * p.lambda * h.band * (1 + h.gain.theta) * apart;
        best.excess =
            select(kink, blur + slope_rounding * larger(ceiling - low, fill(0)), best.excess);
        inside = inside & ~kink;
    }
    inside = inside & (magnitude(1 - price) < fill(1e-6)) & (step.total_steep > fill(0));
    best.interior = select(inside, 1 / step.total_steep, fill(0));
    best.active = possible & (~may_rest | (best.value > 0));
    best.impossible = q.valid & ~possible & ~may_rest;
    best.unsure = unsure;
    const Mask clear = (h.slack > least_battery_share * q.budget) &
                       (~by_joules | (h.left_j > least_battery_share * b.energy)) &
                       (h.gain.log_gain > fill(1e-4));
    best.doubtful = possible & ~clear;
    return best;
}

}  // namespace mel::MEL_ISA
