#include "mel/shards.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/chunks.hpp"
#include "base/infinity.hpp"
#include "mel/problem.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "shards/sharded_solver.hpp"
#include "tree/takers.hpp"

namespace mel {
namespace {

static_assert(shard_grain == chunk_size);

void check(const Places& places) {
    std::size_t end = 0;
    for (const std::size_t first : places.first) {
        if (first % chunk_size != 0 || (first == 0) != (end == 0) || first < end) {
            throw std::invalid_argument("places begin with whole chunks, in their order");
        }
        end = first + 1;
    }
    if (places.size < end) throw std::invalid_argument("the last place ends with the learners");
}

void refuse_what_shards_cannot(const Problem& problem) {
    refuse_choice(problem);
    if (problem.block_hz() > 0) throw std::invalid_argument("shards: bandwidth comes in blocks");
}

AllFacts facts_of(const std::vector<Message>& answers, const Places& places, double samples) {
    AllFacts all;
    all.largest_tau = infinity;
    all.extremes = {places.size, all.largest_tau, 0, all.largest_tau, 0, 0};
    CompensatedSum least, most;
    for (const Message& answer : answers) {
        std::size_t at = 0;
        const auto here = taken<Facts>(answer, at);
        all.limited = all.limited || here.limited != 0;
        all.capped = all.capped || here.capped != 0;
        all.contradicts = all.contradicts || here.contradicts != 0;
        least.add(here.least);
        most.add(here.most);
        all.largest_tau = std::min(all.largest_tau, here.largest_tau);
        Problem::Elsewhere& e = all.extremes;
        e.fastest_compute_s = std::min(e.fastest_compute_s, here.fastest_compute_s);
        e.fastest_flops_per_s = std::max(e.fastest_flops_per_s, here.fastest_flops_per_s);
        e.fewest_bits_sent = std::min(e.fewest_bits_sent, here.fewest_bits_sent);
        if (here.slowest_s > e.slowest_s) {
            e.slowest_s = here.slowest_s;
            e.slowest_return = static_cast<std::size_t>(here.slowest_return);
        }
        all.conceivable_tau =
            std::max(all.conceivable_tau, static_cast<std::int64_t>(here.conceivable_tau));
    }
    const bool outside = above(least, samples) > 0 || above(most, samples) < 0;
    all.contradicts = all.contradicts || (all.limited && outside);
    return all;
}

}  // namespace

std::vector<std::size_t> sampled_learners(std::size_t size) {
    std::vector<std::size_t> all;
    for (std::size_t k = 0; k < size; k += Problem::typical_step(size)) all.push_back(k);
    for (const std::size_t learners :
         {searched_learners, drawing_learners, stepped_learners, bent_learners}) {
        const std::size_t stride = sample_stride(size, learners);
        if (stride == 1) continue;
        const std::vector<std::size_t> more = of_groups(size, stride);
        all.insert(all.end(), more.begin(), more.end());
    }
    const std::size_t step = asked_stride(size);  // of whole groups, whether few take part
    for (const std::size_t k : of_groups(size / group * group, step)) all.push_back(k);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

ShardedResult solve_sharded(const Places& places, const Settings& settings) {
    const UsualArithmetic usual;
    check(places);
    std::vector<std::size_t> few;
    const std::size_t step = Problem::typical_step(places.size);
    for (std::size_t k = 0; k < places.size; k += step) few.push_back(k);
    const Problem typical = places.some(few);
    refuse_what_shards_cannot(typical);
    const Message question = written({Ask::facts, {}, {}, {}});
    const std::vector<Message> answers =
        places.ask(std::vector<Message>(places.first.size(), question));
    ShardedResult found;
    if (answers.size() != places.first.size()) {  // stopped
        found.result.stopped = true;
        found.result.bound = static_cast<std::int64_t>(largest_count);
        found.result.tree = {TreeNode{}};
        return found;
    }
    const AllFacts facts = facts_of(answers, places, typical.samples_real());
    const Problem whole = typical.elsewhere(facts.extremes);
    ShardedSolver solver(places, whole, facts, settings);
    found.result = solver.run();
    if (found.result.tau > 0) found.plan = solver.plan();
    return found;
}

}  // namespace mel
