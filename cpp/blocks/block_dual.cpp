#include "blocks/block_dual.hpp"

#include <algorithm>
#include <cmath>

namespace mel {
namespace {

constexpr int most_cuts = 120;
constexpr int cuts_between = 4;   // two looks at who still has a choice within the polygon
constexpr double finest = 1e-12;  // of the radius
constexpr int most_amounts = 8;

}  // namespace

BlockDual::BlockDual(const Problem& problem, Resource resource, const BlockPoint& point,
                     const BlockTable& table, Stop& stop)
    : table_(table),
      stop_(stop),
      resource_(resource),
      prices_(point.prices),
      block_price_(point.prices.lambda * problem.block_hz()),
      samples_(problem.samples_real()),
      blocks_(resource == Resource::bandwidth ? point.amount : problem.block_budget()),
      power_w_(resource == Resource::power ? point.amount : problem.power_w()) {
    const BlockSumsOfAnswers& sums = table.fixed;
    CompensatedSum value = sums.value;
    value.add(block_price_ * blocks_);
    value.add(prices_.mu * power_w_);
    value.add(-samples_);
    fixed_.value = value.value();
    fixed_.by_band = block_price_ * above(sums.blocks, blocks_) * -1;
    fixed_.by_watt = prices_.mu * (power_w_ - sums.power_w.value());
    fixed_.by_amount = resource_ == Resource::cycle       ? sums.by_second.value()
                       : resource_ == Resource::bandwidth ? block_price_
                                                          : prices_.mu;
}

BlockDual::Value BlockDual::of(const BlockAnswer& a, double seconds) const {
    return {a.value + a.by_second * seconds, -block_price_ * a.blocks, -prices_.mu * a.power_w,
            resource_ == Resource::cycle ? a.by_second : 0};
}

BlockDual::Value BlockDual::rest_at(double amount) const {
    Value v = fixed_;
    v.value += fixed_.by_amount * amount;
    if (resource_ == Resource::bandwidth) v.by_band += block_price_ * amount;
    if (resource_ == Resource::power) v.by_watt += prices_.mu * amount;
    return v;
}

BlockDual::Best BlockDual::best_of(const BlockTable::Choice& choice, const Place& place) const {
    Best best{choice.first, -1e300};
    for (std::uint32_t i = choice.first; i < choice.last; ++i) {
        const double worth = value(table_.answers[i], place);
        if (worth > best.worth) best = {i, worth};
    }
    return best;
}

BlockDual::Value BlockDual::at(const Open& open, const Place& place) const {
    Value sum = open.rest;
    sum.value += sum.by_band * place.band + sum.by_watt * place.watt;
    if (resource_ == Resource::bandwidth) sum.by_amount += block_price_ * place.band;
    if (resource_ == Resource::power) sum.by_amount += prices_.mu * place.watt;
    for (const BlockTable::Choice& choice : open.choices) {
        const Best best = best_of(choice, place);
        const Value v = of(table_.answers[best.answer], seconds(place));
        sum.value += best.worth;
        sum.by_band += v.by_band;
        sum.by_watt += v.by_watt;
        sum.by_amount += v.by_amount;
    }
    return sum;
}

// Who has one best answer within all of the polygon has no choice any more.
void BlockDual::fold(Open& open, const Polygon& polygon, double amount) const {
    PlanePoint low{1e300, 1e300}, high{-1e300, -1e300};
    for (const PlanePoint& corner : polygon.corners()) {
        low = {std::min(low.x, corner.x), std::min(low.y, corner.y)};
        high = {std::max(high.x, corner.x), std::max(high.y, corner.y)};
    }
    const Place middle{0.5 * (low.x + high.x), 0.5 * (low.y + high.y), amount, 0};
    const double x = 0.5 * (high.x - low.x), y = 0.5 * (high.y - low.y);
    std::size_t kept = 0;
    for (const BlockTable::Choice& choice : open.choices) {
        const auto [best, most] = best_of(choice, middle);
        const BlockAnswer& b = table_.answers[best];
        bool alone = true;
        for (std::uint32_t i = choice.first; i < choice.last && alone; ++i) {
            const BlockAnswer& a = table_.answers[i];
            const double swing = block_price_ * std::fabs(a.blocks - b.blocks) * x +
                                 prices_.mu * std::fabs(a.power_w - b.power_w) * y;
            alone = i == best || value(a, middle) + swing < most;
        }
        if (!alone) {
            open.choices[kept++] = choice;
            continue;
        }
        const Value v = of(b, seconds(middle));
        open.rest.value += v.value;
        open.rest.by_band += v.by_band;
        open.rest.by_watt += v.by_watt;
        open.rest.by_amount += v.by_amount;
    }
    open.choices.resize(kept);
}

BlockDual::Value BlockDual::least(Place& place, double radius) const {
    Polygon polygon;
    polygon.reset({{-radius, -radius}, {radius, -radius}, {radius, radius}, {-radius, radius}});
    Open open{table_.choices, rest_at(place.amount)};
    Place best = place;
    Value lowest;
    bool any = false;
    for (int cut = 0; cut < most_cuts && !stop_.check(); ++cut) {
        if (cut % cuts_between == 0) fold(open, polygon, place.amount);
        PlanePoint c;
        if (!polygon.centre(c) || polygon.extent() < finest * radius) break;
        const Place here{c.x, c.y, place.amount, 0};
        const Value v = at(open, here);
        if (!any || v.value < lowest.value) {
            lowest = v;
            best = here;
            any = true;
        }
        polygon.clip(v.value - lowest.value - v.by_band * c.x - v.by_watt * c.y, v.by_band,
                     v.by_watt);
    }
    place = best;
    return lowest;
}

BlockDual::Place BlockDual::best(Within within) const {
    const auto [radius, most] = within;
    Place place;
    for (int step = 0; step < most_amounts; ++step) {
        const Value v = least(place, radius);
        place.slope = v.by_amount;
        if (!(v.by_amount > 0) || stop_.requested()) break;
        const double next = std::clamp(place.amount - v.value / v.by_amount, -most, most);
        const bool done = std::fabs(next - place.amount) <= 1e-13 * most;
        place.amount = next;
        if (done) break;
    }
    return place;
}

}  // namespace mel
