// What taking part must be worth for enough learners to do it: the third price of the least bound.
// At given other prices it is a question of counting, along one line on which the bound is convex:
// its slope there is how many more take part than must.
#include <algorithm>
#include <cmath>
#include <utility>

#include "least/least_bound.hpp"

namespace mel {
namespace {

constexpr double first_share = 1e-3;  // of the last price, or of samples a participant: a step
constexpr double wider = 8;
constexpr double beyond = 1.25;
constexpr double enough_to_tell = 16;  // learners: how many join for a price
constexpr int most_looks = 120;
constexpr double as_low = 1e-14;  // relative: what two tangents may leave below what was seen

// The mixture of two responses, so much of the first.
PassSums mixed_sums(const PassSums& one, const PassSums& other, double share) {
    PassSums a = one, b = other;
    a.scale(share);
    b.scale(1 - share);
    a.add(b);
    return a;
}

}  // namespace

// The look at these prices where taking part is worth what makes it lowest: a response of just so
// many, or the mixture of two between whom the last of them are of two minds.
LeastBound::Step LeastBound::look_with_members(Prices prices) {
    Seen low{}, high{};  // fewer take part, and more
    double below = 0, above = 0;
    bool from_below = false, from_above = false;
    double at = members_price_;
    double step = first_share * (at > 0 ? at : std::max(problem_.samples_real(), 1.0) / at_least_);
    for (int i = 0; i < most_looks; ++i) {
        Seen here{};
        const Step found = see(prices, std::max(at, unpriced), here);
        if (found != Step::on || !here.sound) {
            sums_ = here.sums;
            return found;
        }
        const double more = here.look.takers - at_least_;
        if (more == 0 || (more > 0 && !(at > 0))) {
            members_price_ = at;
            keep(here);
            return Step::on;
        }
        (more < 0 ? low : high) = here;
        (more < 0 ? below : above) = at;
        (more < 0 ? from_below : from_above) = true;
        if (!from_below || !from_above) {
            // As far as so many joined or left the last time, and some more.
            if (i == 0 && joined_per_price_ > 0)
                step = beyond * std::fabs(more) / joined_per_price_;
            at = more < 0 ? at + step : std::max(at - step, 0.0);
            step *= wider;
            continue;
        }
        // Where the tangents meet, and where the slopes would, were they straight.
        const double fall = low.look.takers - at_least_, rise = high.look.takers - at_least_;
        const double share = rise / (rise - fall);
        if (rise - fall >= enough_to_tell) joined_per_price_ = (rise - fall) / (above - below);
        const double met =
            (low.look.value - high.look.value + rise * above - fall * below) / (rise - fall);
        const double least = std::min(low.look.value, high.look.value);
        const double left = least - (low.look.value + fall * (met - below));
        at = i % 3 == 2 ? met : above - share * (above - below);
        const double fine = std::max(as_low * std::max(std::fabs(least), 1.0), members_fine_);
        if (left <= fine || !(at > below && at < above)) {
            members_price_ = low.look.value < high.look.value ? below : above;
            keep(mixed(low, high, share));
            return Step::on;
        }
    }
    return Step::stopped;
}

LeastBound::Seen LeastBound::mixed(const Seen& low, const Seen& high, double share) const {
    Seen both = low.look.value < high.look.value ? low : high;
    both.sums = mixed_sums(low.sums, high.sums, share);
    const auto mix = [&](double Look::* of) {
        both.look.*of = share * (low.look.*of) + (1 - share) * (high.look.*of);
    };
    for (const auto of : {&Look::samples, &Look::bandwidth, &Look::power, &Look::per_s}) mix(of);
    both.look.takers = at_least_;
    both.look.joined = 0;
    return both;
}

}  // namespace mel
