#include "blocks/block_prices.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/bracketed.hpp"
#include "base/infinity.hpp"
#include "least/least_parts.hpp"
#include "prices/polygon.hpp"

namespace mel {
namespace {

constexpr int most_cuts = 60;
constexpr std::size_t most_fruitless = 12;  // looks that rule out nothing at all
constexpr int most_widenings = 4;
constexpr double wider = 8;
constexpr int most_shorter = 6;
constexpr double much_shorter = 0.7;    // times a cycle that nothing rules out
constexpr double first_stretch = 1e-3;  // of a cycle that is ruled out: what is tried next
constexpr double longest_stretch = 1e3;
constexpr int most_roots = 12;
constexpr double finest_root = 1e-9;
constexpr double close_to_root = 1e-6;  // of D
constexpr double longest = 0.5;         // by which a cycle moves at once
constexpr double farthest = 0.3;        // and a price, with everybody
constexpr double near_enough = 1e-3;
constexpr double flat = 1e-7;
constexpr double aside = 1e-4;  // of a cycle: to see what more of it is worth

}  // namespace

BlockPart::BlockPart(Problem of, const Box& whole, std::span<const std::size_t> learners,
                     double each)
    : problem(std::move(of)), box{whole.uniform}, weight(each) {
    if (whole.lower.empty()) return;
    for (const std::size_t k : learners) {
        low.push_back(whole.low(k));
        high.push_back(whole.high(k));
    }
    box.lower = low;
    box.upper = high;
}

void BlockLooks::pass(const BlockPoint& at) {
    ++passes_;
    sums_ = {};
    for (const BlockPart& part : parts_) {
        if (pool_.stop().check()) {
            sums_.possible = false;
            return;
        }
        samples_.resize(part.problem.size());
        looked_at_ += static_cast<double>(part.problem.size());
        // Of blocks nobody takes more than there are.
        const Problem here = resource_ == Resource::bandwidth
                                 ? part.problem.with_blocks(std::max(std::ceil(at.amount), 1.0))
                             : over_cycle() ? with_amount(part.problem, resource_, at.amount)
                                            : part.problem;
        const PassPoint point{tau_, here.cycle_s(), at.prices};
        const SplitSums sums = exact_pass(here, part.box, point, pool_, chunks_, samples_);
        CompensatedSum worth = sums.samples;
        worth.add(-sums.cost.value());
        worth.add(sums.overlooked);
        sums_.worth += part.weight * worth.value();
        sums_.samples += part.weight * sums.samples.value();
        sums_.bandwidth += part.weight * sums.bandwidth.value();
        sums_.power += part.weight * sums.power.value();
        sums_.possible = sums_.possible && sums.impossible == 0;
    }
}

BlockLooks::Look BlockLooks::judge(const BlockPoint& at) const {
    Look seen;
    seen.possible = sums_.possible;
    if (!seen.possible) return seen;
    const Prices p = at.prices;
    const double width = problem_.block_hz();
    const bool of_blocks = resource_ == Resource::bandwidth;
    const double band = width * (of_blocks ? at.amount : problem_.block_budget());
    const double watt = resource_ == Resource::power ? at.amount : problem_.power_w();
    const double worth = sums_.worth - problem_.samples_real();
    seen.excess = worth + p.lambda * band + p.mu * watt;
    seen.by_band = p.lambda * (band - sums_.bandwidth);
    seen.by_watt = p.mu * (watt - sums_.power);
    if (of_blocks) {
        seen.rules_out = -(worth + p.mu * watt) / (p.lambda * width);
    } else if (resource_ == Resource::power) {
        seen.rules_out = -(worth + p.lambda * band) / p.mu;
    }
    return seen;
}

BlockLooks::Look BlockLooks::look(const BlockPoint& at) {
    pass(at);
    return judge(at);
}

BlockLooks::Look BlockLooks::look_there(BlockPoint& at) {
    pass(at);
    const Look seen = judge(at);
    if (!seen.possible || !(seen.rules_out > 0)) return seen;
    at.amount = seen.rules_out;
    return judge(at);
}

namespace {

// What a look forbids, in units of the first prices.
struct PriceCut {
    double x, y;        // where it was
    double excess;      // with `amount`
    double by_x, by_y;  // by the prices, in those units
    double amount;
};

// Cutting planes at prices between none and `reach` times those of the point: the prices that rule
// out most.
class Cuts {
  public:
    Cuts(BlockLooks& looks, const BlockPoint& from) : looks_(looks), first_(from.prices) {}

    // False where no look is possible. `point` is the best looked at.
    bool run(BlockPoint& point, Between ends, double tolerance) {
        const auto [low, high] = ends;
        polygon_.reset({{low, low}, {high, low}, {high, high}, {low, high}});
        for (const PriceCut& cut : seen_) clip(cut);
        PlanePoint at{1, 1};
        const double good_enough = tolerance * tolerance * looks_.problem().samples_real();
        bool inside = low < 1 && high > 1 && seen_.empty();
        for (int pass = 0; pass < most_cuts; ++pass) {
            PlanePoint centre;
            if (!polygon_.centre(centre)) break;
            if (any_ && polygon_.extent() < tolerance * std::min(centre.x, centre.y)) break;
            if (!inside) at = centre;
            inside = false;
            if (!looks_.may_go_on() || !look(at, point.amount)) return false;
            if (!(promise_ > good_enough)) break;
            if (seen_.size() > most_fruitless && !(best_.amount > 0)) return false;
        }
        if (!any_) return false;
        point = best_;
        return true;
    }

    bool at_edge(Between ends) const {
        const auto [low, high] = ends;
        const double edge = 0.1 * (high - low);
        return std::max(at_.x, at_.y) > high - edge ||
               (low > 0 && std::min(at_.x, at_.y) < low + edge);
    }
    bool ruled_out() const { return ruled_out_; }  // any amount at all

  private:
    bool look(PlanePoint at, double amount) {
        BlockPoint here{{first_.lambda * at.x, first_.mu * at.y}, any_ ? best_.amount : amount};
        BlockLooks::Look seen = looks_.look(here);
        bool better = !any_;
        if (looks_.over_cycle()) {
            if (!seen.possible || seen.excess < 0) {
                if (!lengthen(here, seen)) return false;
                ruled_out_ = better = true;
            }
        } else {
            if (!seen.possible) return false;
            amount = here.amount;
            ruled_out_ = true;
            better = better || seen.rules_out > best_.amount;
            here.amount = seen.rules_out;
        }
        if (better) {
            best_ = here;
            at_ = at;
            any_ = true;
        }
        seen_.push_back({at.x, at.y, seen.excess, seen.by_band / at.x, seen.by_watt / at.y,
                         looks_.over_cycle() ? here.amount : amount});
        clip(seen_.back());
        return true;
    }

    // The longest cycle that the prices rule out, or hardly more: costs change with it, so that it
    // is a root between ends.
    bool lengthen(BlockPoint& here, BlockLooks::Look& seen) {
        const double samples = looks_.problem().samples_real();
        double low = here.amount, low_value = seen.possible ? seen.excess : -infinity;
        double step = first_stretch;
        do {
            if (!looks_.may_go_on() || !(step < longest_stretch)) return false;
            here.amount = low * (1 + step);
            seen = looks_.look(here);
            if (seen.possible && seen.excess >= 0) break;
            low = here.amount;
            low_value = seen.possible ? seen.excess : -infinity;
            step *= 4;
        } while (true);
        double high = here.amount;
        for (int i = 0; i < most_roots && high - low > finest_root * high; ++i) {
            if (seen.excess <= close_to_root * samples || !looks_.may_go_on()) break;
            double next = 0.5 * (low + high);
            if (i % 3 != 2 && low_value > -infinity) {
                next = low + (high - low) * low_value / (low_value - seen.excess);
                next = std::clamp(next, low + 0.1 * (high - low), high - 0.1 * (high - low));
            }
            BlockPoint middle{here.prices, next};
            const BlockLooks::Look there = looks_.look(middle);
            if (there.possible && there.excess >= 0) {
                high = next;
                seen = there;
            } else {
                low = next;
                low_value = there.possible ? there.excess : -infinity;
            }
        }
        here.amount = high;
        return true;
    }

    // Only prices that rule out more than the best are of interest. With a longer cycle more
    // samples fit: what forbids prices at a shorter one does so all the more.
    void clip(const PriceCut& cut) {
        double value = cut.excess, by_x = cut.by_x, by_y = cut.by_y;
        if (!looks_.over_cycle()) {
            const bool band = looks_.resource() == Resource::bandwidth;
            const double unit = band ? first_.lambda * looks_.problem().block_hz() : first_.mu;
            const double more = unit * (best_.amount - cut.amount);
            value += more * (band ? cut.x : cut.y);
            (band ? by_x : by_y) += more;
        }
        value -= by_x * cut.x + by_y * cut.y;
        promise_ = 0;
        for (const PlanePoint& corner : polygon_.corners()) {
            promise_ = std::max(promise_, -(value + by_x * corner.x + by_y * corner.y));
        }
        polygon_.clip(value, by_x, by_y);
    }

    BlockLooks& looks_;
    Prices first_;
    Polygon polygon_;
    std::vector<PriceCut> seen_;
    BlockPoint best_;
    PlanePoint at_{};
    double promise_ = 0;  // by how much the bound may be lower than at the last prices
    bool any_ = false;
    bool ruled_out_ = false;
};

// What a relative change of the cycle adds.
double worth_of_cycle(BlockLooks& looks, const BlockPoint& point, double excess) {
    BlockPoint later = point;
    later.amount *= 1 + aside;
    const BlockLooks::Look more = looks.look(later);
    return more.possible ? (more.excess - excess) / aside : 0;
}

}  // namespace

bool search_by_cuts(BlockLooks& looks, BlockPoint& point, CutsWithin within) {
    BlockPoint from = point;
    for (int shorter = 0; shorter < most_shorter; ++shorter) {
        Cuts cuts(looks, from);
        double high = within.reach;
        for (int round = 0; round < most_widenings; ++round) {
            const double low = within.reach < 2 ? 1 / high : 0;
            if (!cuts.run(point, {low, high}, within.tolerance)) return false;
            if (!cuts.at_edge({low, high})) break;
            high *= wider;
        }
        if (cuts.ruled_out()) return point.prices.usable() && point.amount > 0;
        // A cycle that no prices rule out says nothing of shorter ones.
        from.amount *= much_shorter;
        point = from;
    }
    return false;
}

BlockCurve curve_near(BlockLooks& looks, const BlockPoint& point, double apart) {
    BlockCurve curve;
    const auto gradient = [&](double x, double y) {
        return looks.look(
            {{point.prices.lambda * (1 + x), point.prices.mu * (1 + y)}, point.amount});
    };
    // Of the gradient by the prices themselves: what the learners take.
    const auto taken = [&](double x, double y) {
        BlockLooks::Look seen = gradient(x, y);
        seen.by_band /= 1 + x;
        seen.by_watt /= 1 + y;
        return seen;
    };
    const BlockLooks::Look right = taken(apart, 0), left = taken(-apart, 0);
    const BlockLooks::Look up = taken(0, apart), down = taken(0, -apart);
    const double each = 1 / (2 * apart * looks.problem().samples_real());
    curve.band_band = (right.by_band - left.by_band) * each;
    curve.watt_watt = (up.by_watt - down.by_watt) * each;
    curve.band_watt = 0.5 * (right.by_watt - left.by_watt + up.by_band - down.by_band) * each;
    if (looks.over_cycle()) {
        const BlockLooks::Look here = gradient(0, 0);
        curve.by_cycle = worth_of_cycle(looks, point, here.excess) / looks.problem().samples_real();
    }
    return curve;
}

double step_by_curve(BlockLooks& looks, BlockPoint& point, const BlockCurve& curve, int steps) {
    const double samples = looks.problem().samples_real();
    if (looks.over_cycle() && !(curve.by_cycle > 0)) return -1;
    const double a = curve.band_band * samples, b = curve.band_watt * samples,
                 c = curve.watt_watt * samples;
    const double det = a * c - b * b;
    const bool curved = a > 0 && c > 0 && det > flat * a * c;
    // Where one price is of no matter the other moves alone.
    const auto alone = [samples](double slope, double bend) {
        return bend > flat * samples ? -slope / bend : 0.0;
    };
    double moved = farthest;
    BlockPoint before = point;
    for (int step = 0; step < steps; ++step) {
        const BlockLooks::Look seen =
            looks.over_cycle() ? looks.look(point) : looks.look_there(point);
        if (looks.pool().stop().check()) return -1;
        if (!seen.possible) {
            if (step == 0) return -1;
            point = before;  // too short a cycle for somebody
            break;
        }
        before = point;
        double x = alone(seen.by_band, a), y = alone(seen.by_watt, c);
        if (curved) {
            x = (b * seen.by_watt - c * seen.by_band) / det;
            y = (b * seen.by_band - a * seen.by_watt) / det;
        }
        x = std::clamp(x, -farthest, farthest);
        y = std::clamp(y, -farthest, farthest);
        point.prices.lambda *= 1 + x;
        point.prices.mu *= 1 + y;
        moved = std::max(std::fabs(x), std::fabs(y));
        if (looks.over_cycle()) {
            const double drop = -0.5 * (seen.by_band * x + seen.by_watt * y);
            const double change = std::clamp(-(seen.excess - drop) / (curve.by_cycle * samples),
                                             -longest, 2 * longest);
            point.amount *= 1 + change;
            moved = std::max(moved, std::fabs(change));
        }
        if (!point.prices.usable()) return -1;
        if (moved < near_enough) break;
    }
    return moved;
}

}  // namespace mel
