// The best whole samples and blocks of eight learners at given prices, without caps. Around the
// best real pair whole ones are tried outwards, along samples or along blocks, until even real
// numbers there are worth less than the best that was found, as PairSearch does for one learner.
// What takes many steps, or is near a bound of the arithmetic, is left to the scalar response.
#pragma once

#include "kernels/whole_lanes.hpp"

namespace mel::MEL_ISA {

inline constexpr int most_samples_aside = 6;  // in either direction
inline constexpr int most_blocks_aside = 6;
inline constexpr double most_in_lanes = 1e6;  // samples or blocks of one learner
inline constexpr double hardly_worth = 1e-9;  // of the samples: rounding decides
inline constexpr double nothing_yet = -1e300;

// The best real samples, and what a law's rates cost in real blocks.
struct DensityBlocks {
    static constexpr bool two_hills = false;
    Lanes log_gain, unit_cost, peak;
    Mask far;

    MEL_INLINE DensityBlocks of(const KernelInput&, const PriceConstants& p, const DemandLanes& q,
                                Lanes, Mask) {
        const DensityRoot root = density_root(p.ratio / q.noise);
        const Lanes unit_cost = (p.lambda + p.mu * (root.gain * q.noise)) * (ln2 / root.log_gain);
        return {root.log_gain, unit_cost, (q.budget - square_root(unit_cost * q.shape)) / q.each,
                ~((root.log_gain > 1e-60) & (root.log_gain < fill(250)))};
    }
    // What multiplies e^y - 1.
    MEL_INLINE Lanes scale(const DemandLanes& q, Lanes band) { return q.noise * band; }
    MEL_INLINE Lanes log_gain_of(const DensityBlocks& law, const PriceConstants&,
                                 const DemandLanes&, Lanes, Mask) {
        return law.log_gain;
    }
    MEL_INLINE Lanes cost(const DensityBlocks& law, const PriceConstants&, const DemandLanes&,
                          Lanes rate, Lanes, Lanes) {
        return law.unit_cost * rate;
    }
};

struct FixedBlocks {
    static constexpr bool two_hills = true;
    Lanes peak;
    Mask far;

    // Where no real samples are best between the ends of the box, its lower end.
    MEL_INLINE FixedBlocks of(const KernelInput& in, const PriceConstants& p, const DemandLanes& q,
                              Lanes low, Mask m) {
        DemandLanes safe = q;
        safe.valid = m;
        safe.shape = select(m, q.shape, fill(1));
        const FixedLaw::Wish wish = FixedLaw::wish(in, p, safe, true);
        return {select(wish.found, (q.budget - wish.slack) / q.each, low), none()};
    }
    MEL_INLINE Lanes scale(const DemandLanes& q, Lanes) { return q.noise; }
    MEL_INLINE Lanes log_gain_of(const FixedBlocks&, const PriceConstants& p, const DemandLanes& q,
                                 Lanes rate, Mask m) {
        return fixed_root(square_root(select(m, p.ratio * ln2 * rate / q.noise, fill(1))));
    }
    MEL_INLINE Lanes cost(const FixedBlocks&, const PriceConstants& p, const DemandLanes& q, Lanes,
                          Lanes band, Lanes log) {
        const Lanes gain = exponential(smaller(log, fill(690))).minus_one;
        return p.lambda * band + p.mu * (q.noise * gain);
    }
};

// The search of eight learners.
template <class Law>
struct BlockSearch {
    // Not references: what stands here is to stay in registers.
    PriceConstants p;
    BlockInput b;
    DemandLanes q;
    Law law;
    double block_price, guard;
    double off_s;  // a slack, by so much
    Lanes low, high;

    // The best so far; and the best other, with what a change of prices by the radius may add.
    Lanes value, samples, blocks, power, slack, y, rival;
    Lanes fewest;  // samples: so many and more were tried, or are of no use
    Mask unsure;

    MEL_INLINE Leeway leeway(const BlockSearch& s, Lanes d) {
        Leeway r;
        r.slack = s.q.budget - s.q.each * d;
        r.allowed = r.slack > fill(s.guard);
        r.unsure = magnitude(r.slack) <= fill(s.guard);
        return r;
    }

    MEL_INLINE Lanes rate_of(const BlockSearch& s, Lanes d, const Leeway& l) {
        return (s.q.alpha * d + s.q.beta) / select(l.allowed, l.slack, fill(1));
    }

    MEL_INLINE Lanes floor_of(Lanes x) {
        const Lanes nearest = rounded(x);
        return select(nearest > x, nearest - 1, nearest);
    }

    MEL_INLINE Lanes swing(const BlockSearch& s, Lanes n, Lanes watt) {
        return s.b.radius *
               (s.block_price * magnitude(n - s.blocks) + s.p.mu * magnitude(watt - s.power));
    }

    MEL_INLINE void offer(BlockSearch& s, Lanes d, Lanes n, const Leeway& l, Lanes rate, Mask m) {
        const Lanes band = s.b.width_hz * n;
        const Lanes log = rate * ln2 / band;
        const Lanes gain = exponential(smaller(log, fill(690))).minus_one;
        const Lanes watt = Law::scale(s.q, band) * gain;
        const Lanes cost = s.block_price * n + s.p.mu * watt, worth = d - cost;
        const Lanes apart = swing(s, n, watt);
        m = m & ~((d == s.samples) & (n == s.blocks));
        const Mask better = m & (worth > s.value);
        const Mask worse = m & ~better;
        // What is not taken may be worth more for what its slack is off by.
        const Lanes best_cost = s.block_price * s.blocks + s.p.mu * s.power;
        const Lanes here = s.off_s * (cost * (1 + log)), there = s.off_s * (best_cost * (1 + s.y));
        s.unsure = s.unsure | (worse & ((s.value - worth) * l.slack <= here)) |
                   (better & ((worth - s.value) * s.slack <= there));
        s.rival = select(better, larger(s.rival, s.value) + apart,
                         select(worse, larger(s.rival, worth + apart), s.rival));
        s.value = select(better, worth, s.value);
        s.samples = select(better, d, s.samples);
        s.blocks = select(better, n, s.blocks);
        s.power = select(better, watt, s.power);
        s.slack = select(better, l.slack, s.slack);
        s.y = select(better, log, s.y);
    }

    // What real blocks make of d samples.
    struct Real {
        Lanes rate, blocks;
        Lanes worth;  // with what a change of the prices may add
        Mask sound;
    };
    MEL_INLINE Real real_blocks(const BlockSearch& s, Lanes d, const Leeway& l, Mask m) {
        Real r;
        r.rate = rate_of(s, d, l);
        const Lanes log = Law::log_gain_of(s.law, s.p, s.q, r.rate, m);
        const Lanes band = r.rate * ln2 / log;
        r.blocks = band * (1 / s.b.width_hz);
        r.sound = (log > 1e-60) & (log < fill(250));
        const Lanes cost = Law::cost(s.law, s.p, s.q, r.rate, band, log);
        r.worth = d - cost;
        if (s.b.radius > 0) {
            const Lanes watt = (cost - s.p.lambda * band) * (1 / s.p.mu);
            r.worth += swing(s, r.blocks, watt) + s.b.near;
        }
        return r;
    }

    // The two whole numbers of blocks about the best real one.
    MEL_INLINE void try_samples(BlockSearch& s, Lanes d, const Leeway& l, const Real& r, Mask m) {
        s.unsure = s.unsure | (m & ~(r.blocks < fill(most_in_lanes)));
        const Lanes first = smaller(larger(floor_of(r.blocks), fill(1)), fill(s.b.most));
        offer(s, d, first, l, r.rate, m);
        offer(s, d, first + 1, l, r.rate, m & (first + 1 <= fill(s.b.most)));
    }

    // From d on, as far as real blocks are worth more than the best.
    static void along_samples(BlockSearch& s, Lanes d, double by, Mask m) {
        for (int step = 0; step <= most_samples_aside; ++step, d = d + by) {
            const Leeway l = leeway(s, d);
            m = m & (d >= s.low) & (d <= s.high);
            s.unsure = s.unsure | (m & l.unsure);
            m = m & l.allowed;
            if (!any(m)) return;
            const Real r = real_blocks(s, d, l, m);
            m = m & (r.worth > s.value);
            if (!any(m)) return;
            if (step == most_samples_aside) break;
            try_samples(s, d, l, r, m);
            s.fewest = select(m & (d < s.fewest), d, s.fewest);
        }
        s.unsure = s.unsure | m;
    }

    // The best whole samples with n blocks; returns what real ones are worth, as Real says.
    MEL_INLINE Lanes try_blocks(BlockSearch& s, Lanes n, Mask m) {
        const DemandLanes& q = s.q;
        const Lanes some = select(m, n, fill(1));
        const Lanes band = s.b.width_hz * some;
        const Lanes unit = ln2 / band;
        const Lanes scale = Law::scale(q, band);
        const Lanes inverse_each = 1 / q.each;
        // u + 2 ln u = 2 ln z (stationary_samples)
        const Lanes half = 0.5 * (q.alpha * unit * inverse_each);
        const Lanes root = square_root(q.shape * unit / (s.p.mu * scale)) * inverse_each;
        const Mask sound = (half < fill(600)) & (root > 1e-60) & (root < fill(1e30));
        s.unsure = s.unsure | (m & ~sound);
        const Lanes z =
            select(m & sound, root * exponential(smaller(half, fill(600))).value, fill(1));
        const Lanes u = fixed_root(z);
        const Lanes wish = (q.budget - q.shape * unit * inverse_each / u) * inverse_each;
        const Lanes d = smaller(larger(wish, s.low), s.high);
        const Leeway at = leeway(s, d);
        s.unsure = s.unsure | (m & ~at.allowed);
        const Lanes log = unit * (q.alpha * d + q.beta) / select(at.allowed, at.slack, fill(1));
        const Lanes watt = scale * exponential(smaller(log, fill(690))).minus_one;
        Lanes worth = d - (s.block_price * some + s.p.mu * watt);
        if (s.b.radius > 0) worth += swing(s, some, watt) + s.b.near;
        const Lanes below = floor_of(d);
        const Leeway first = leeway(s, below);
        const Leeway next = leeway(s, below + 1);
        const Mask more = m & (below + 1 <= s.high);
        s.unsure = s.unsure | (m & first.unsure) | (more & next.unsure);
        offer(s, below, some, first, rate_of(s, below, first), m & first.allowed);
        offer(s, below + 1, some, next, rate_of(s, below + 1, next), more & next.allowed);
        if (s.b.radius > 0) {  // the next ones on both sides may be near
            for (const double by : {-1.0, 2.0}) {
                const Lanes aside = below + by;
                const Leeway l = leeway(s, aside);
                const Mask here = m & (aside >= s.low) & (aside <= s.high) & l.allowed;
                offer(s, aside, some, l, rate_of(s, aside, l), here);
            }
        }
        return worth;
    }

    static void along_blocks(BlockSearch& s, Lanes n, double by, Mask m) {
        for (int step = 0; step < most_blocks_aside; ++step, n = n + by) {
            m = m & (n >= 1) & (n <= fill(s.b.most));
            if (!any(m)) return;
            m = m & (try_blocks(s, n, m) > s.value);
            if (!any(m)) return;
        }
        s.unsure = s.unsure | (m & (n >= 1) & (n <= fill(s.b.most)));
    }

    // `m`: who can do its part; that it may rest was offered before.
    static void run(BlockSearch& s, Mask m) {
        const Lanes peak = smaller(larger(s.law.peak, s.low), s.high);
        const Leeway at = leeway(s, peak);
        const Mask clear = at.allowed & ~s.law.far & (peak < fill(most_in_lanes));
        s.unsure = s.unsure | (m & ~clear);
        m = m & clear;
        const Real real = real_blocks(s, peak, at, m);
        s.unsure = s.unsure | (m & ~real.sound);
        m = m & real.sound;
        Mask open = m & (real.worth > s.value - hardly_worth * peak);
        // The fixed law's value may have a second hill, at the lower end.
        Mask hill = none();
        if (Law::two_hills) {
            hill = m & (peak > s.low);
            if (any(hill)) {
                const Leeway end = leeway(s, s.low);
                const Real least = real_blocks(s, s.low, end, hill);
                const Mask tried = hill & (least.worth > s.value - hardly_worth * s.low);
                if (any(tried)) try_samples(s, s.low, end, least, tried);
                open = open | tried;
            }
        }
        if (!any(open)) return;
        const Lanes below = floor_of(peak);
        s.fewest = below + 1;
        const Mask many = (s.high - s.low <= 2) | ~(real.blocks <= peak - s.low + 4);
        const Mask by_samples = open & many;
        const Mask by_blocks = open & ~many;
        if (any(by_samples)) {
            along_samples(s, below, -1, by_samples);
            along_samples(s, below + 1, 1, by_samples);
        }
        if (any(by_blocks)) {
            const Lanes first = smaller(larger(floor_of(real.blocks), fill(1)), fill(s.b.most));
            along_blocks(s, first, -1, by_blocks);
            along_blocks(s, first + 1, 1, by_blocks);
        }
        if (Law::two_hills) {
            // Between the hills nothing is worth more than at the ends of what was not tried.
            const Lanes next = s.low + 1;
            const Leeway l = leeway(s, next);
            const Mask between = hill & open & (next < s.fewest) & (next <= s.high) & l.allowed;
            if (any(between)) {
                const Real r = real_blocks(s, next, l, between);
                s.unsure = s.unsure | (between & (r.worth > s.value));
            }
        }
    }
};

struct BlocksAnswered {
    Lanes samples, blocks, power, cost;
    Lanes condition;  // see SplitSums
    Lanes by_second;  // what a second more is worth
    Mask sure, unsure;
};

template <class Law>
MEL_INLINE BlocksAnswered answer_in_blocks(const KernelInput& in, const BlockInput& b,
                                           const PriceConstants& p, std::size_t k) {
    BlockSearch<Law> s;
    s.p = p;
    s.b = b;
    s.q = demand_lanes(in, k);
    s.block_price = p.lambda * b.width_hz;
    s.guard = rounding::end_of_cycle * in.point.cycle_s;
    s.off_s = rounding::whole_bound_in_lanes * in.point.cycle_s;
    const Lanes lower = in.lower ? load(in.lower + k) : fill(in.box.lower);
    s.high = in.upper ? load(in.upper + k) : fill(in.box.upper);
    const Mask may_rest = in.excused ? lower <= 0 : none();
    s.low = select(may_rest, fill(1), lower);
    const Lanes low_slack = s.q.budget - s.q.each * s.low;
    const Mask usual = (s.q.shape > 0) & (s.q.each > 0) & (s.q.alpha * s.low + s.q.beta > fill(0));
    const Mask open = s.q.valid & (s.low <= s.high) & ~(low_slack < fill(-s.guard));
    const Mask possible = open & usual & (low_slack > fill(s.guard));
    s.unsure = (open & ~possible) | (s.q.valid & ~may_rest & ~possible);
    s.value = select(may_rest, fill(0), fill(nothing_yet));
    s.samples = s.blocks = s.power = s.y = fill(0);
    s.slack = fill(1);
    s.rival = fill(nothing_yet);
    s.fewest = s.low;
    if (any(possible)) {
        s.law = Law::of(in, p, s.q, s.low, possible);
        BlockSearch<Law>::run(s, possible);
    }
    const Mask takes = possible & (s.blocks > 0);
    const Lanes size = larger(s.samples, fill(1));
    s.unsure =
        s.unsure | (possible & ~takes & ~may_rest) | (takes & ~(s.y < fill(250))) |
        (takes & (s.samples + 1 <= s.high) & BlockSearch<Law>::leeway(s, s.samples + 1).unsure);
    // Where taking part is worth nothing, rounding decides whether it is.
    s.unsure = s.unsure | (may_rest & takes & (s.value <= hardly_worth * size)) |
               (may_rest & possible & ~takes & (s.rival > fill(0) - hardly_worth * size));
    if (b.radius > 0) s.unsure = s.unsure | (possible & ~(s.rival + b.near < s.value));
    BlocksAnswered r;
    r.samples = s.samples;
    r.blocks = s.blocks;
    r.power = s.power;
    r.cost = s.block_price * s.blocks + p.mu * s.power;
    r.condition = r.cost * (1 + s.y) * (1 / s.slack + 1 / in.point.cycle_s);
    const Lanes scale = Law::scale(s.q, b.width_hz * s.blocks);
    r.by_second = only(takes, p.mu * (s.power + scale) * s.y / s.slack);
    r.sure = s.q.valid & ~s.unsure;
    r.unsure = s.q.valid & s.unsure;
    return r;
}

}  // namespace mel::MEL_ISA
