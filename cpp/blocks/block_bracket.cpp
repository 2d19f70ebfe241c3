// The least amount of a resource from both sides at once, in whole blocks (docs/algorithm.md,
// section 5).
#include "blocks/block_bracket.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "blocks/block_dual.hpp"
#include "blocks/block_sample.hpp"
#include "blocks/block_search.hpp"

namespace mel {
namespace {

constexpr std::size_t few_learners = 768;    // for a first look,
constexpr std::size_t some_learners = 6144;  // and a second
constexpr double first_reach = 8;            // times the prices of the continuous problem
constexpr double to_begin_with = 0.05;
constexpr double after_few = 1.5;
constexpr double closely = 4e-3;
constexpr double hardly_shorter = 1.25;
constexpr double apart = 0.02;  // prices between which curvature is seen
constexpr int most_steps = 4;
constexpr int most_gatherings = 12;
constexpr int most_astray = 4;
constexpr double least_radius = 1e-5;
constexpr double first_radius = 0.01;
constexpr double most_radius = 0.3;
constexpr std::size_t many_answers = 32768;  // or one a learner
constexpr double inside = 0.9;               // of the radius: then the best prices are within it
constexpr double gained = 1e-11;             // relative: so little more that edges are no matter
constexpr double astray = 0.01;              // relative: prices were not found near here
constexpr double still = 1e-8;               // relative: a cycle that hardly moved
constexpr double missed = 1e-10;             // of D: so much the answers gathered left out
constexpr double fewer = 0.1;                // of what is near, where that is too many
constexpr std::size_t core_learners = 600;
constexpr double clearly = 1.05;  // times what is enough: then a sample tells
constexpr double unsure = 1e-3;   // share by which prices from elsewhere may be off

bool far_apart(double a, double b) { return a > 3 * b || b > 3 * a; }

}  // namespace

Bracket BlockBracket::run(const BlockPoint& from, bool decided) {
    decided_ = decided;
    if (shop_.boxes.contradicts()) return {};
    const bool known = from.prices.usable();
    point_ = known ? from : BlockPoint{shop_.begin(problem_, tau_, settings_).prices, stated()};
    if (counts_blocks() && close_at_fewest()) return found();
    if ((known || begin()) &&
        approach({.enough = infinity, .reach = known ? after_few : first_reach}))
        enclose();
    return found();
}

BlockPoint BlockBracket::roughly() {
    if (shop_.boxes.contradicts()) return {};
    point_ = {shop_.begin(problem_, tau_, settings_).prices, stated()};
    if (!begin()) return {};
    const BlockSample sample(problem_, box_, pass_point(), shop_.pool);
    if (sample.takers() == 0 || stopped()) return {};
    const double of_reals = point_.amount;
    const bool found = among(sample.parts(few_learners), {first_reach, to_begin_with}, nullptr) &&
                       among(sample.parts(some_learners), {after_few, to_begin_with}, nullptr);
    if (!found) return {};
    // A few learners begin at cycles that are surely too short.
    const bool shorter = point_.amount < of_reals && of_reals < hardly_shorter * point_.amount;
    if (resource_ == Resource::cycle && shorter) point_.amount = of_reals;
    return point_;
}

Bracket BlockBracket::run_near(Prices prices, double amount) {
    if (shop_.boxes.contradicts()) return {};
    point_ = {prices, amount};
    if (resource_ == Resource::power) enough_ = amount;
    moved_ = unsure;
    enclose();
    return found();
}

Bracket BlockBracket::run_within(double enough) {
    if (shop_.boxes.contradicts()) return {};
    enough_ = enough;
    point_ = {shop_.begin(problem_, tau_, settings_).prices, stated()};
    if (begin() && approach({.enough = enough, .reach = first_reach})) enclose();
    return found();
}

Bracket BlockBracket::found() {
    bracket_.prices = point_.prices;
    if (bracket_.tree.empty()) bracket_.tree = {TreeNode{-1, 0, point_.prices}};
    bracket_.passes += shop_.switching_point.passes();
    return std::move(bracket_);
}

double BlockBracket::stated() const {
    return counts_blocks() ? problem_.block_budget() : amount_of(problem_, resource_);
}

bool BlockBracket::begin() {
    SwitchingPoint& switching_point = shop_.switching_point;
    const std::size_t stride = sample_stride(problem_.size(), searched_learners);
    PassPoint at{tau_, problem_.cycle_s(), point_.prices};
    const bool found =
        (stride == 1 ||
         switching_point.find_least(at, resource_,
                                    {.tolerance = 1e-6, .max_passes = 80, .stride = stride})) &&
        switching_point.find_least(at, resource_, {.tolerance = 1e-6, .max_passes = 24});
    const SwitchingPoint::Best& best = switching_point.best();
    const BlockPoint usual = point_;
    if (found) {
        point_ = {at.prices, switching_point.amount(resource_, at)};
    } else {
        point_ = {best.point.prices,
                  resource_ == Resource::cycle ? best.point.cycle_s : best.amount};
    }
    if (counts_blocks()) point_.amount /= problem_.block_hz();
    const bool usable = point_.prices.usable() && std::isfinite(point_.amount) && point_.amount > 0;
    if (!usable) point_ = usual;
    return !stopped();
}

bool BlockBracket::approach(Approach to) {
    auto [enough, reach] = to;
    const BlockPoint begun = point_;
    std::optional<BlockSample> sample(std::in_place, problem_, box_, pass_point(), shop_.pool);
    if (sample->takers() == 0 || stopped()) return false;
    BlockCurve curve;
    if (sample->takers() > 4 * few_learners) {
        if (!among(sample->parts(few_learners), {reach, to_begin_with}, nullptr)) return false;
        reach = after_few;
    }
    // At prices far from the first others take most.
    if (far_apart(begun.amount, point_.amount)) {
        sample.emplace(problem_, box_, pass_point(), shop_.pool);
        if (sample->takers() == 0 || stopped()) return false;
    }
    if (!among(sample->parts(some_learners), {reach, closely}, &curve)) return false;
    if (point_.amount > clearly * enough) return false;
    BlockLooks looks(problem_, all_, tau_, resource_, shop_.pool);
    moved_ = step_by_curve(looks, point_, curve, most_steps);
    bracket_.passes += looks.passes();
    return moved_ >= 0 && !stopped();
}

bool BlockBracket::among(const std::vector<BlockPart>& parts, CutsWithin within,
                         BlockCurve* curve) {
    BlockLooks looks(problem_, parts, tau_, resource_, shop_.pool);
    if (resource_ == Resource::cycle) point_.amount *= 1 - within.tolerance;  // surely too short
    const BlockPoint begun = point_;
    if (!search_by_cuts(looks, point_, within)) {
        point_ = begun;
        const bool nearer = within.reach < first_reach ||
                            (resource_ != Resource::cycle && come_near(looks, point_));
        within.reach = first_reach;
        if (!nearer || !search_by_cuts(looks, point_, within)) return false;
    }
    if (curve) *curve = curve_near(looks, point_, apart);
    bracket_.passes += looks.passes();
    return !stopped();
}

PassPoint BlockBracket::pass_point() const {
    const double cycle = resource_ == Resource::cycle ? point_.amount : problem_.cycle_s();
    return {tau_, cycle, point_.prices};
}

void BlockBracket::enclose() {
    BlockAnswers answers(problem_, box_, shop_.pool);
    BlockAnswers::Near near{std::clamp(moved_, least_radius, first_radius),
                            answers.usual_margin(pass_point(), core_learners)};
    double& radius = near.radius;
    double most = most_radius;
    double before = infinity;
    int astray_for = 0;  // rounds in which the prices went as far as they might for as little
    for (int round = 0; round < most_gatherings; ++round) {
        const bool few = answers.gather(pass_point(), near);
        ++bracket_.passes;
        if (stopped() || !answers.possible()) return;
        if (!few) {
            most = radius *= fewer;
            near.margin *= fewer;
            continue;
        }
        const BlockDual dual(problem_, resource_, point_, answers.table(), shop_.pool.stop());
        const BlockDual::Place place =
            dual.best({.radius = radius, .amount = radius * point_.amount});
        const double far = std::max(std::fabs(place.band), std::fabs(place.watt));
        const double grown = std::fabs(place.amount) / point_.amount;
        // Where there is far more than enough any split will do.
        if (clearly * point_.amount < enough_) {
            close_in(answers, point_, near, problem_.block_budget());
            if (!bracket_.samples.empty()) return;
        }
        const bool edge = far > inside * radius && grown > gained && !same_blocks(place.amount);
        astray_for = edge && radius >= most_radius && grown > 0.5 * before ? astray_for + 1 : 0;
        before = grown;
        const bool last = round + 1 >= most_gatherings || astray_for >= most_astray;
        if (edge && radius >= most_radius && grown > astray && enough_ == 0) return;
        const bool moving = resource_ == Resource::cycle && grown > still;
        const BlockPoint at = point_;
        point_.prices.lambda *= 1 + place.band;
        point_.prices.mu *= 1 + place.watt;
        point_.amount += place.amount;
        if (!point_.prices.usable() || !(point_.amount > 0)) return;
        if ((edge || moving) && !last) {
            if (!edge) {
                radius = std::max({0.1 * radius, 4 * far * far, least_radius});
            } else if (answers.table().answers.size() < std::max(problem_.size(), many_answers)) {
                radius = std::min(4 * radius, most);
            }
            continue;
        }
        const bool refuted = refute();
        if (stopped()) return;
        if (left_out_ > missed * problem_.samples_real() && !last) {
            radius = std::max(0.25 * radius, least_radius);
            continue;
        }
        if (!refuted) return;
        const double goal = counts_blocks() ? std::ceil(point_.amount) : problem_.block_budget();
        close_in(answers, at, near, goal);
        look_wider(answers, near, goal);
        if (bracket_.samples.empty() && resource_ != Resource::cycle) fill(goal);
        if (counts_blocks() && bracket_.samples.empty() && !decided_) {
            close_blocks(goal, place.watt < inside * radius);
        }
        return;
    }
    refute();
}

std::vector<BlockPart> BlockBracket::everybody() const {
    std::vector<BlockPart> all;
    all.emplace_back(problem_, box_);
    return all;
}

Bracket block_bracket(const Problem& problem, std::int64_t tau, Resource resource,
                      const Settings& settings, Interval box, const BlockPoint& from,
                      bool decided) {
    return BlockBracket(problem, static_cast<double>(tau), resource, settings, box)
        .run(from, decided);
}

BlockPoint block_prices_roughly(const Problem& problem, std::int64_t tau, Resource resource,
                                const Settings& settings, Interval box) {
    return BlockBracket(problem, static_cast<double>(tau), resource, settings, box).roughly();
}

Bracket block_bracket_near(const Problem& problem, std::int64_t tau, Resource resource,
                           const Settings& settings, Interval box, Prices prices, double amount) {
    return BlockBracket(problem, static_cast<double>(tau), resource, settings, box)
        .run_near(prices, amount);
}

}  // namespace mel
