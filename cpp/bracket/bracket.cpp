// The least amount of a resource from both sides at once (docs/algorithm.md, section 5): by prices,
// in whole blocks by the search of their own before.
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "blocks/block_bracket.hpp"
#include "bracket/block_takers.hpp"
#include "bracket/bracket_search.hpp"
#include "bracket/closing_by_decisions.hpp"
#include "mel/usual_arithmetic.hpp"
#include "model/choice.hpp"
#include "tree/few_blocks.hpp"

namespace mel {
namespace {

// So few blocks are decided as quickly as they are looked for prices of.
constexpr double fewest_blocks = 256;

bool closed_in_blocks(const Problem& problem, Resource resource, const Bracket& found) {
    if (found.samples.empty() || !(found.lower > 0)) return false;
    if (resource != Resource::bandwidth) {
        return found.need.amount - found.lower <= ends_apart * found.need.amount;
    }
    const double width = problem.block_hz();
    return BlockWidth{width}.blocks_in(found.lower) + 1 >=
           BlockWidth{width}.blocks_in(found.need.amount);
}

// The better of both ends.
void take_better(Bracket& found, Bracket other) {
    found.passes += other.passes;
    if (other.lower > found.lower) {
        found.lower = other.lower;
        found.tree = std::move(other.tree);
        found.prices = other.prices;
    }
    const bool better = found.samples.empty() || other.need.amount < found.need.amount;
    if (!other.samples.empty() && better) {
        found.samples = std::move(other.samples);
        found.need = std::move(other.need);
    }
}

// What is known of those who are not looked at, and what serves in place of a search.
struct Others {
    bool part;    // others may hold what these can not
    bool decide;  // whether a number of blocks suffices is soon decided
    bool closes;  // a decision costs next to nothing
};

Bracket among_all(const Problem& problem, std::int64_t tau, Resource resource, Settings settings,
                  Interval box, double too_short, const BlockPoint& from, Others others) {
    const bool few = few_blocks(problem);
    const Stop clock(settings.time_limit_s, {});
    const double limit = settings.time_limit_s;
    const auto over = [&] {
        settings.time_limit_s = limit - clock.elapsed_s();
        return !(settings.time_limit_s > 0) || (settings.should_stop && settings.should_stop({}));
    };
    Bracket found = block_bracket(problem, tau, resource, settings, box, from, others.decide);
    if (from.prices.usable()) settings.start = Start{static_cast<double>(tau), from.prices};
    if (closed_in_blocks(problem, resource, found) || over()) return found;
    if (others.closes) {
        close_by_decisions(problem, tau, resource, settings, box, found);
        return found;
    }
    if (few) return found;
    // Numbers above those that are ruled out are soon decided.
    if (others.decide || (resource == Resource::bandwidth && found.lower > 0)) return found;
    take_better(found,
                bracket_search(problem, tau, resource, settings, box, too_short, others.part));
    const bool enclosed = found.lower > 0 && !found.samples.empty();
    if (resource != Resource::cycle || !enclosed || over()) return found;
    if (closed_in_blocks(problem, resource, found)) return found;
    take_better(found, block_bracket_near(problem, tau, resource, settings, box, found.prices,
                                          found.lower));
    return found;
}

Bracket bracket_in_blocks(const Problem& problem, std::int64_t tau, Resource resource,
                          const Settings& settings, double too_short) {
    const Interval box = scheme_box(problem, settings.scheme);
    const Stop clock(settings.time_limit_s, {});
    const bool few = few_blocks(problem);
    const bool bands = resource == Resource::bandwidth;
    const bool very_few = few && !bands && problem.block_budget() < fewest_blocks;
    BlockPoint rough;
    if (may_be_few(problem) && !very_few && (few || bands || blocks_in_lanes(problem))) {
        rough = block_prices_roughly(problem, tau, resource, settings, box);
    }
    const Problem about = with_about(problem, resource, rough);
    const bool decide = bands && rough.amount > 0 && few_blocks(about);
    const auto ask = [&](const Problem& part, double time_limit_s, const BlockPoint& from) {
        Settings of_part = settings;
        of_part.time_limit_s = time_limit_s;
        const bool fewer = part.size() < problem.size();
        const bool closes = fewer && !bands && part.size() <= soon_decided;
        return among_all(part, tau, resource, of_part, box, too_short, from,
                         {fewer, decide, closes});
    };
    Settings left = settings;  // what the rough prices took is gone
    left.time_limit_s -= clock.elapsed_s();
    if (auto found = bracket_of_takers(problem, tau, resource, left, box, rough, about, ask)) {
        return std::move(*found);
    }
    if (decide) {
        Bracket found;
        found.prices = rough.prices;
        found.need.amount = amount_of(about, resource);
        return found;
    }
    if (very_few) return {};
    return ask(problem, settings.time_limit_s - clock.elapsed_s(), {});
}

}  // namespace

Bracket bracket(const Problem& problem, std::int64_t tau, Resource resource,
                const Settings& settings, double too_short) {
    const UsualArithmetic usual;
    refuse_choice(problem);
    if (problem.sends_nothing()) return {};
    try {
        if (problem.block_hz() > 0) {
            return bracket_in_blocks(problem, tau, resource, settings, too_short);
        }
        return bracket_search(problem, tau, resource, settings,
                              scheme_box(problem, settings.scheme), too_short);
    } catch (const std::invalid_argument&) {
        return {};  // the search left what a problem may be
    }
}

}  // namespace mel
