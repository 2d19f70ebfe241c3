#include "bracket/block_takers.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "blocks/block_bracket.hpp"
#include "bracket/part_of_problem.hpp"
#include "tree/few_blocks.hpp"

namespace mel {
namespace {

constexpr std::size_t fewest_learners = 8192;  // below, all of them are looked at soon enough
constexpr double most = 0.25;                  // of the learners
constexpr double cheaper = 0.4;                // times the first prices: who would take part then
constexpr double hardly_longer = 1.01;
constexpr int most_rounds = 16;

// All who take part at the prices, or must.
std::vector<std::size_t> takers_at(const Problem& problem, const Box& box, const PassPoint& point,
                                   Pool& pool) {
    std::vector<SplitSums> chunks;
    std::vector<double> samples(problem.size());
    exact_chunks(problem, box, point, pool, chunks, {samples});
    std::vector<std::size_t> found;
    for (std::size_t k = 0; k < problem.size(); ++k) {
        if (samples[k] > 0 || box.low(k) > 0) found.push_back(k);
    }
    return found;
}

}  // namespace

Problem with_about(const Problem& problem, Resource resource, const BlockPoint& rough) {
    if (!(rough.amount > 0) || !rough.prices.usable()) return problem;
    if (resource == Resource::bandwidth) {
        return problem.with_blocks(std::max(std::ceil(rough.amount), 1.0));
    }
    return with_amount(problem, resource, rough.amount * hardly_longer);
}

bool may_be_few(const Problem& problem) {
    return problem.excused() && problem.size() >= fewest_learners;
}

std::optional<Bracket> bracket_of_takers(const Problem& problem, std::int64_t tau,
                                         Resource resource, const Settings& settings, Interval box,
                                         const BlockPoint& rough, const Problem& about,
                                         const BracketOfPart& ask) {
    if (!may_be_few(problem)) return {};
    const bool known = rough.prices.usable() && rough.amount > 0;
    const bool few = few_blocks(about);
    if (!known && (!few || resource == Resource::bandwidth)) return {};
    const auto t = static_cast<double>(tau);
    Workshop shop(problem, settings, box);
    if (shop.boxes.contradicts()) return {};
    BlockPoint from = rough;
    // Whole samples come into reach all at once as a cycle grows.
    const double cycle =
        resource == Resource::cycle ? rough.amount * hardly_longer : problem.cycle_s();
    const PassPoint at{t, cycle, {rough.prices.lambda * cheaper, rough.prices.mu * cheaper}};
    const auto first = [&] {
        if (!few) return takers_at(problem, shop.boxes.whole(t), at, shop.pool);
        return first_with_blocks(about, shop.boxes.whole(t), at, shop.stop);
    };
    std::vector<std::size_t> part = first();
    std::int64_t passes = 1;
    for (int round = 0; round < most_rounds && !shop.stop.check(); ++round) {
        if (part.empty() ||
            static_cast<double>(part.size()) > most * static_cast<double>(problem.size())) {
            return {};
        }
        const Problem of_part = problem.taken(part);
        Bracket found = ask(of_part, settings.time_limit_s - shop.stop.elapsed_s(), from);
        passes += found.passes;
        const auto of_whole = [&] {
            Bracket whole = in_whole_columns(std::move(found), part, problem.size());
            whole.passes = passes;
            return whole;
        };
        if (shop.stop.check()) {
            found.lower = 0;  // nobody looked at the others
            return of_whole();
        }
        if (!(found.lower > 0)) {
            if (found.samples.empty()) return {};
            return of_whole();
        }
        Boxes boxes(of_part, shop.pool, box);
        const Problem refuted = with_amount(of_part, resource, found.lower);
        const RaisedTree raised(refuted, boxes, t, found.tree, shop.pool);
        ++passes;
        const MustJoin joining =
            must_join(with_amount(problem, resource, found.lower), shop.boxes.whole(t), t,
                      raised.leaves(), part, shop.pool);
        if (shop.stop.requested()) found.lower = 0;
        if (joining.proved || shop.stop.requested()) return of_whole();
        if (joining.learners.empty()) return {};
        part = joined(part, joining.learners);
        from.prices = found.prices;
    }
    return {};
}

}  // namespace mel
