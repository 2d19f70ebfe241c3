// Prices among many learners, found by samples of them.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/infinity.hpp"
#include "bracket/parts_prices.hpp"

namespace mel {
namespace {

constexpr std::size_t many = 8192;    // learners: then samples of them are asked first
constexpr double rough = 1e-3;        // relative: what a sample of all leaves
constexpr double after_sample = 0.1;  // how far off its prices may be
constexpr double left = 3e-3;         // of the square of how far off prices may be
constexpr double nearer = 1.0 / 64;   // at most, by one model of what changes about a place
constexpr double misled = 0.25;       // of the reach of a model that led to a worse place
constexpr double wider = 8;           // where prices went to the end of their reach
constexpr double narrowest = 1e-7;
constexpr double least_price = 1e-6;
constexpr double nearly = 0.99;
constexpr double worth_nothing = 1e-4;  // of what its samples are worth: a part
constexpr double unlikely = 3;          // times what a model is off by
constexpr double far = 2;
constexpr int most_models = 16;

Vector positive(Vector at) {
    for (double& x : at) x = std::max(x, least_price);
    return at;
}

}  // namespace

// Where everybody would sooner take part than anywhere within reach, and where later.
PartsPrices::Ends PartsPrices::ends_of(const Vector& at, const Reach& reach) {
    constexpr Vector sooner{1, -1, 1};
    const double up = std::min(reach.along, nearly * at[2] / parts_for_samples[0]);
    const double down = std::min(reach.along, nearly * at[0] / parts_for_samples[0]);
    return {positive(plus(plus(at, -down, parts_for_samples), reach.across, sooner)),
            positive(plus(plus(at, up, parts_for_samples), -reach.across, sooner))};
}

PartsPrices::Reach PartsPrices::apart(const Vector& a, const Vector& b) {
    const Vector way = plus(a, -1, b);
    const double along = inner(way, parts_for_samples);
    return {std::fabs(along), std::sqrt(std::max(inner(way, way) - along * along, 0.0))};
}

// Whether a look at all where a model led says that there is no more to find; `off`: by how much
// the model was, infinite before there is one.
bool PartsPrices::arrived(Question question, const Seen& here, double off) const {
    if (question == Question::refutation) {
        if (refuted_) return here.beyond > sure * here.error;
        return here.beyond + unlikely * off < 0;
    }
    // Even more than suffices is ruled out, or no more is to be found.
    if (resource_ == Resource::cycle) {
        return (known_ >= asked_.upper && here.beyond > 0) || off <= finest * asked_.upper * steep_;
    }
    return stated() + here.beyond >= asked_.upper || off <= finest * asked_.upper;
}

// At first by a sample of all, then by models of what changes about the best so far, ever nearer,
// until all say there what a model foretold.
Vector PartsPrices::best_of_many(Question question, const Vector& from, double radius) {
    Vector at = from;
    Reach reach{radius, radius};
    if (radius > after_sample) {
        model_.emplace(problem_, box_, tau_, *some_);
        at = best_of_some(question, at, reach, rough);
        reach = {1, after_sample};
    }
    const bool of_cycle = resource_ == Resource::cycle && question == Question::least;
    const auto cycle_s = [&] { return of_cycle ? known_ : problem_.cycle_s(); };
    double foretold = infinity;
    struct {
        Vector at;
        double worth, known;
    } best{at, -infinity, 0};
    Reach used = reach;
    double fine = rough;
    bool inside = false;  // and as finely as is wanted
    for (int models = 0; models < most_models && !pool_.stop().check(); ++models) {
        if (question == Question::least && at[2] < worth_nothing) break;
        if (of_cycle) known_ = std::min(known_, asked_.upper);
        const PartsModel::At place{bid_at(at), cycle_s()};
        if (!place.bid.prices.usable()) break;
        PartsSums sums = some_->look().of_all(place.bid, place.cycle_s, pool_);
        looked_at_ += some_->who().size();
        const Seen here = seen_in(sums, at, place.cycle_s);
        if (!here.possible || pool_.stop().requested()) break;
        const double off = inside ? std::fabs(here.beyond - foretold) : infinity;
        if (arrived(question, here, off)) break;
        const double moves = of_cycle && steep_ > 0 ? 1 / steep_ : 1;
        const double worth = (of_cycle ? place.cycle_s : 0) + moves * here.beyond;
        if (models > 0 && worth < best.worth - finest * asked_.upper) {
            // The model misled.
            at = best.at;
            known_ = best.known;
            reach = {misled * used.along, misled * used.across};
            best.worth = -infinity;
            inside = false;
            continue;
        }
        best = {at, worth, place.cycle_s};
        used = reach;
        const Ends ends = ends_of(at, reach);
        looked_at_ += 2 * some_->who().size();
        model_.emplace(problem_, box_, tau_, *some_, place, std::move(sums), bid_at(ends.sooner),
                       bid_at(ends.later), pool_);
        fine = std::clamp(left * reach.across * reach.across, finest, fine);
        const Vector next = best_of_some(question, at, reach, fine);
        foretold = look_at(next, cycle_s()).beyond;
        const Reach moved = apart(next, at);
        at = next;
        const bool along = 2 * moved.along < reach.along;
        const bool across = 2 * moved.across < reach.across;
        inside = along && across && (fine <= finest || question == Question::refutation);
        if (!along) reach.along = std::min(wider * reach.along, 1.0);
        if (!across) reach.across = std::min(wider * reach.across, after_sample);
        if (!along || !across) continue;
        reach.along = std::max({nearer * reach.along, moved.along, narrowest});
        reach.across = std::max({nearer * reach.across, moved.across, narrowest});
    }
    model_.reset();
    return at;
}

// What need not be exceeded; where only a model says what is ruled out it may be.
double PartsPrices::ceiling() const { return model_ ? far * asked_.upper : asked_.upper; }

Vector PartsPrices::best(Question question, const Vector& from, double radius) {
    return some_->who().size() < many ? best_of_some(question, from, {radius, radius}, finest)
                                      : best_of_many(question, from, radius);
}

}  // namespace mel
