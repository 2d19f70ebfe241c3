"""Planted bugs of the core: each an exact piece of source, and what it becomes.

Left out on purpose: Halley's step with the wrong sign of its second-order term. The iteration ends
where it should all the same, only a step later, so that no test can tell and no answer changes.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One planted bug and the tests that are expected to notice."""

    name: str
    file: str  # below cpp/, or below python/mel_fast/
    old: str
    new: str
    tests: str  # names of native tests, or nodes of tests/python; separated by blanks


ROOT = "tau_is_the_one_that_enumeration_finds"
TREE = "trees_cover_every_split_and_every_leaf_is_closed"
PLAN = "plans_of_all_schemes_keep_every_constraint"
ORACLE = "pass_agrees_with_the_scalar_oracle"
RESPOND = "respond_finds_the_best_integer_of_the_box"
PRICE = "a_rate_is_bought_at_the_least_price"
FILL = "filling_says_fits_where_the_oracle_does_and_its_allocation_keeps_every_constraint"
PAIR = "a_learner_buys_the_best_pair_of_samples_and_blocks"
WHOLE = "whole_samples_on_lanes_are_those_of_the_scalar_response"
SWITCHING = "brackets_close_where_learners_switch"
MODEL = "the_model_finds_the_lowest_bound_and_what_it_rules_out"
HELD = "a_tree_of_fixed_jumps_closes_exactly_where_every_answer_rules_out_enough"
TAKERS = "who_is_left_out_is_worth_nothing_at_these_prices_or_higher"
SEARCH = "price_search_proves_only_what_enumeration_confirms"
CHOSEN = "what_is_worth_most_is_that_of_every_split_and_its_tree_proves_it"
JUST = "just_d_samples_with_so_many_fit_where_some_split_does"
BID = "nobody_learns_more_than_the_bound_of_any_bid_whatever_the_prices"
NODES = "nodes_of_pieces_are_the_tree_of_the_whole"
SHARDS = "shards_answer_as_the_whole_to_the_bit"
FEW_IN_SHARDS = "shards_of_whom_few_take_part_answer_as_the_whole"
ASKED_BACK = "whoever_the_first_part_lacks_is_asked_back_before_anything_is_proved"
UNSENT = "shards_to_whom_nothing_is_sent_are_filled_one_after_the_other_as_the_whole"
PAYLOADS = "shards_whose_learners_differ_in_payload_answer_as_the_whole"
SUBSETS = "the_best_subset_of_changes_is_that_of_all_of_them"
ONE_MORE = "what_some_lose_to_one_more_cycle_refutes_as_many_samples"
EACH = "each_learner_is_worth_what_its_own_response_says"
LAST = "many_served_learners_give_up_samples_but_not_their_last"
QUICKER = "one_box_for_all_is_no_column_and_real_samples_within_it_prove_as_much"
ROUNDING = "allowances_cover_what_is_counted_of_them"

PACE = "no_samples_at_an_own_pace_are_worth_more_than_their_bounds_or_much_less"
PACE_SLOPES = "what_an_own_pace_is_worth_follows_prices_cycle_and_tau_as_its_slopes_say"
SPEED = "the_cost_of_energy_is_that_of_the_best_speed_and_its_slope_that_of_the_cost"
FRUGAL = "a_plan_of_least_energy_keeps_what_there_is_and_the_bound_lies_just_below"

WHOLES = "where_real_samples_say_too_much_whole_ones_say_which_tau_is_next"
MUTANTS = [
    Mutant("own pace: a chord that meets the slack at no integer", "learner/pacing.cpp",
           "line.budget_s += p.work_s * n * next", "line.budget_s += p.work_s * next * next", PACE),
    Mutant("own pace: what returning takes of the energy left out of a slope", "learner/pacing.cpp",
           "line.per_sample_s += p.work_s * (slow.slower * (1.5 + 0.5 * slow.share) - 1);",
           "line.per_sample_s += p.work_s * (slow.slower * 1.5 - 1);", PACE),
    Mutant("own pace: between two lines always the steeper one", "learner/pacing.hpp",
           "(found > high ? flat : steep) = middle;", "flat = middle;", PACE),
    Mutant("own pace: a line that cuts the slack", "kernels/paced_lanes.hpp",
           "q.budget = full.budget + 0.5 * s.busy * (1 + s.share);",
           "q.budget = full.budget + 0.4 * s.busy * (1 + s.share);", PACE),
    Mutant("own pace: full speed kept beyond the kink", "kernels/paced_lanes.hpp",
           "beyond |\n                (free", "beyond &\n                (free", PACE),
    Mutant("own pace: slower learners that follow tau as if they were not",
           "kernels/paced_lanes.hpp", "1.5 / in.point.tau * s.busy", "1.0 / in.point.tau * s.busy",
           PACE_SLOPES),
    Mutant("least energy: returning forgotten in what one more sample costs",
           "learner/energy_cost.cpp", "computing +\n              b.return_each;", "computing;",
           SPEED),
    Mutant("least energy: a second of receiving worth too little", "learner/energy_sending.cpp",
           "s.time_w = p.unit_cost * rate / t;", "s.time_w = 0.9 * p.unit_cost * rate / t;", SPEED),
    Mutant("least energy: a speed that weighs a second of computing wrongly",
           "learner/energy_sending.hpp", "return 2 * each_j / work_s * speed * speed * speed;",
           "return 3 * each_j / work_s * speed * speed * speed;", SPEED),
    Mutant("least energy: a first sample that is not worth it taken", "learner/best_at_worth.cpp",
           "t > q.budget_s * (1 - 1e-3) && at.slope > worth * (1 + 1e-6)", "t > 2 * q.budget_s",
           FRUGAL),
    Mutant("least energy: power in common that costs nothing in the bound",
           "energy/energy_bound.cpp", "bound.add(-p.lambda * learners.budget());",
           "bound.add(-p.lambda * problem.bandwidth_hz());", FRUGAL),
    Mutant("least energy: a watt never dearer or cheaper than at first", "energy/energy_prices.hpp",
           "learners.price_watts(std::exp(ln_watt));", "static_cast<void>(ln_watt);", FRUGAL),
    Mutant("wrong sign in the gradient's tau part", "kernels/real_loops.hpp",
           "value_tau.part[j] -= push", "value_tau.part[j] += push", ORACLE),
    Mutant("wrong sign of the power price in kappa", "learner/link_law.cpp",
           "(prices.lambda + watt_per_hz * x) * b", "(prices.lambda - watt_per_hz * x) * b", PRICE),
    Mutant("kappa without its power part", "learner/link_law.cpp",
           "(prices.lambda + watt_per_hz * x) * b", "prices.lambda * b", PRICE),
    Mutant("beta missing from what is sent", "learner/response.hpp",
           "const double bits = alpha * d + beta;\n        return bits > 0",
           "const double bits = alpha * d;\n        return bits > 0", TREE),
    Mutant("beta missing from what is returned", "learner/response.hpp",
           "cycle_s - problem.return_bits(k) * back", "cycle_s - 0 * back", PLAN + " " + TREE),
    Mutant("off by one in a lower box", "tree/branch_and_bound.cpp",
           "up.lower[learner] = at + 1;", "up.lower[learner] = at + 2;", TREE + " " + ROOT),
    Mutant("off by one in an upper box", "tree/branch_and_bound.cpp",
           "down.upper[learner] = at;", "down.upper[learner] = at - 1;", TREE + " " + ROOT),
    Mutant("symmetry the wrong way round", "tree/branch_and_bound.cpp",
           "down.upper[j] = std::min(down.upper[j], at);",
           "down.upper[j] = std::min(down.upper[j], at - 1);", TREE + " " + ROOT),
    Mutant("twins that differ in power", "model/twins.cpp",
           "if (!values.column.empty())",
           "if (!values.column.empty() && values.column.data() != s.return_power_w.data())",
           "twins_are_the_learners_equal_in_all_four_columns"),
    Mutant("the bits of one learner taken for all", "include/mel/problem.hpp",
           "return place_[which] > 0 ? columns_[place_[which] * padded() + k] : amounts_[which];",
           "return place_[which] > 0 ? columns_[place_[which] * padded()] : amounts_[which];",
           "learners_with_payloads_of_their_own_are_solved_as_enumeration_has_it"),
    Mutant("bits of the return taken from the way there", "kernels/learner_lanes.hpp",
           "return {amount(in.return_bits_each, in.return_bits, k) * back,",
           "return {amount(in.send_bits_each, in.send_bits, k) * back,",
           "learners_with_payloads_of_their_own_are_solved_as_enumeration_has_it"),
    Mutant("tolerance instead of exactness in a proof", "passes/exact_pass.hpp",
           "return value + error < 0;", "return value - error < 0;",
           "a_bound_that_rounding_could_have_made_proves_nothing"),
    Mutant("no error added outward", "passes/exact_pass.cpp",
           "return {value.value(), error *", "return {value.value(), 0 * error *",
           "the_error_of_a_bound_covers_its_distance_from_the_exact_one"),
    Mutant("budget exceeded by a tolerance", "split/water_filling.cpp",
           "budget / sum * (1 - rounding::budget_reserve)",
           "budget / sum * (1 + 1e-9)", PLAN + " " + FILL),
    Mutant("late learners let pass", "kernels/fill_lanes.hpp",
           "(seconds <= fill(scale.deadline_s))", "(seconds <= fill(1e9 * scale.deadline_s))",
           "allocation_is_refused_where_a_learner_would_be_late"),
    Mutant("bandwidth and power swapped in the budget", "passes/exact_pass.cpp",
           "point.prices.lambda * problem.bandwidth_hz() + point.prices.mu * problem.power_w()",
           "point.prices.lambda * problem.power_w() + point.prices.mu * problem.bandwidth_hz()",
           SEARCH + " " + ROOT),
    Mutant("only the sample below the stationary point", "learner/response.cpp",
           "std::clamp(d + 1, box.lower, box.upper), true};",
           "std::clamp(d, box.lower, box.upper), true};", RESPOND),
    Mutant("fixed law: the lower end forgotten", "learner/response.cpp",
           "if (link.law == LinkLaw::fixed || !in.found) candidates.add(low);",
           "if (!in.found) candidates.add(low);",
           "fixed_law_takes_the_lower_end_where_costs_are_concave"),
    Mutant("excused learners served", "learner/response.cpp",
           "const bool may_rest = excused && box.lower <= 0;", "const bool may_rest = false;",
           RESPOND + " " + ROOT),
    Mutant("monotonicity slip: a refuted tau below a plan", "solve/tau_search.cpp",
           "next = least;\n            upper_ = next - 1;",
           "next = least;\n            upper_ = next;", ROOT),
    Mutant("learners who would take a little are left out", "tree/takers.cpp",
           "const bool counts_here = samples[k] > 0 ||",
           "const bool counts_here = samples[k] > 40 ||", TAKERS),
    Mutant("a box closed by capacity too early", "tree/branch_and_bound.cpp",
           "return (above(most, samples) < 0 &&", "return (above(most, samples) <= 0 &&",
           TREE + " " + ROOT),
    Mutant("a plain sum where a compensated one decides", "base/sums.hpp",
           "low_ += (high_ - (sum - part)) + (x - part);", "low_ += 0 * part;",
           "compensated_sum_keeps_what_plain_addition_loses "
           "one_unit_above_an_integer_is_seen_where_the_sum_is_no_double"),
    Mutant("equal shares rounded up", "solve/equal_shares.cpp",
           "if (std::fma(share, learners, -budget) > 0) share = std::nextafter(share, 0.0);",
           "share = std::nextafter(share, 1e300);", PLAN),
    Mutant("equal shares: the largest split, not the fitting one", "solve/equal_shares.cpp",
           "std::floor(fixed / each)", "std::ceil(fixed / each)", PLAN),
    Mutant("a root that stops one step too early", "learner/link_law.cpp",
           "std::fabs(delta) <= 1e-9 * l;", "std::fabs(delta) <= 1e-3 * l;",
           "density_root_is_good_to_a_few_ulps_for_every_exponent"),
    Mutant("a root in lanes that stops one step too early", "kernels/roots.hpp",
           "1e-4 * smaller(l, fill(1))", "1e-1 * smaller(l, fill(1))",
           "density_root_in_lanes_keeps_its_contract_for_every_exponent"),
    Mutant("lanes: only the integer below", "kernels/whole_lanes.hpp",
           "const Mask up = high.allowed &", "const Mask up = none() & high.allowed &", WHOLE),
    Mutant("lanes: the lower end forgotten", "kernels/whole_lanes.hpp",
           "safe.valid & wish.found & (w.samples - w.cost <", "none() & (w.samples - w.cost <",
           WHOLE),
    Mutant("blocks: a climb that does not turn back", "learner/resource_blocks.cpp",
           "step *= 2;\n                        moved = true;", "step *= 2;", PAIR),
    Mutant("blocks: a hill beyond the caps forgotten", "learner/resource_blocks.cpp",
           "scan(std::min(d, end), range, look);",
           "scan(d, Range{low_, high_, low_}, look);", PAIR),
    Mutant("fixed choices: the order of twins the wrong way round", "bracket/fixed_choices.cpp",
           "problem_.later_twins(learner,", "problem_.earlier_twins(learner,", SWITCHING),
    Mutant("fixed choices: what a twin has decided is split again", "bracket/fixed_choices.cpp",
           "if (high_[k] <= most) return refute_box(tree, few, here);", "", SWITCHING),
    Mutant("whole samples that prove nothing taken for a proof", "passes/proof.cpp",
           "if (!proved) return {};", "", SEARCH + " " + SWITCHING),
    Mutant("a kink forgotten", "bracket/jump_model.cpp",
           "if (top <= 0) continue;", "if (top <= 1) continue;", MODEL),
    Mutant("fixed jumps that lose nothing", "bracket/jump_model.cpp",
           "fixed.value -= j.margin;", "fixed.value -= 0;", HELD),
    Mutant("switching learners looked for on one side only", "bracket/jump_model.cpp",
           "const double margin = takes_many ? gain : -gain;", "const double margin = gain;",
           "jumps_are_the_learners_that_another_answer_suits_nearly_as_well"),
    Mutant("a bracket that no proof closes from below", "bracket/enclosing.cpp",
           "if (seen.excess.proves_infeasible())", "if (!seen.excess.proves_infeasible())",
           "a_bracket_is_tight_and_holds_at_both_ends"),
    Mutant("equal shares: sums of a pass that was cut short believed", "solve/equal_shares.cpp",
           "if (!stop_.requested()) store({tau, late}, result);\n"
           "        if (!stop_.requested()) return;",
           "store({tau, late}, result);\n        return;",
           "equal_shares_that_are_stopped_have_a_true_plan_or_none"),
    Mutant("half the allowance of a checked budget", "base/rounding.hpp",
           "budget_check = units(128)", "budget_check = units(64)", ROUNDING),
    Mutant("half the reserve of a budget", "base/rounding.hpp",
           "budget_reserve = 5e-14", "budget_reserve = 2.5e-14", ROUNDING),
    Mutant("half the allowance of a bound of whole samples", "base/rounding.hpp",
           "whole_bound = units(64)", "whole_bound = units(32)", ROUNDING),
    Mutant("a participant that is worth nothing", "select/choices.cpp",
           "(low > 0 ? bid.per_learner : 0)", "0", BID),
    Mutant("whoever may sit out must not", "select/choices.cpp",
           "if (rests) none.possible = true;", "none.possible = false;", CHOSEN),
    Mutant("a weight left out of a bound", "select/choices.cpp",
           "const double s = bid.per_sample * weight(k);\n    Box box;",
           "const double s = bid.per_sample;\n    Box box;", BID),
    Mutant("off by one above a selection's split", "select/selection_tree.cpp",
           "double low = at + 1;", "double low = at + 2;", CHOSEN),
    Mutant("identical learners the wrong way round in a selection", "select/selection_tree.cpp",
           "if (k <= learner) {", "if (k >= learner) {", CHOSEN),
    Mutant("just enough participants taken for too few", "select/selection_tree.cpp",
           "static_cast<double>(minima.size()) < needed",
           "static_cast<double>(minima.size()) <= needed", JUST),
    Mutant("a subset that costs more than there is room for", "select/subsets.cpp",
           "(end - 1)->cost > room - a.cost)", "(end - 1)->cost > room - a.cost + 1)", SUBSETS),
    Mutant("of subsets that are worth as much the dearest", "select/subsets.cpp",
           "a.worth == b.worth && a.cost < b.cost", "a.worth == b.worth && a.cost > b.cost",
           SUBSETS),
    Mutant("one cycle more is ruled out whatever it takes from some", "select/lowest_sample.cpp",
           "return now.value - now.error - then.most();", "return now.value;", ONE_MORE),
    Mutant("whole samples are asked last, whatever they told", "solve/tau_search.cpp",
           "    rung(plans && sends && wholes_first_, [&] { return by_wholes(tau, prices_); });\n",
           "", WHOLES),
    Mutant("a tau foretold as if few samples fell as slowly as many", "solve/tau_next.cpp",
           "std::log(fits_.samples / over_.samples) / std::log(over_.tau / fits_.tau)", "1",
           WHOLES),
    Mutant("what overflows is bought for nothing", "learner/capped.cpp",
           "if (p.cost < beyond_any_budget) return p;", "return p;",
           "whoever_must_take_a_sample_takes_one_whatever_it_costs"),
    Mutant("what is not taken errs by nothing", "learner/response.cpp",
           "d - costs[i] + costs[i] * off_s / slack - best_value", "d - costs[i] - best_value",
           "the_error_of_a_bound_covers_what_was_not_taken_as_well"),
    Mutant("a participant loses its last sample", "select/fitting_whole.cpp",
           "count <= needed ? 1.0 : 0.0", "0.0", LAST),
    Mutant("whoever holds nothing is worth nothing, however it came", "passes/each.cpp",
           "if (problem.excused() && whole_in_lanes(problem)) {",
           "if (whole_in_lanes(problem)) {", EACH),
    Mutant("bounds of all learners that bound those above alone", "model/problem_with.cpp",
           "limits.min_samples = all(least);", "limits.min_samples = all(most);",
           QUICKER),
    Mutant("the way back forgotten where nothing is sent", "select/fitting_shares.cpp",
           "if (problem.returns_nothing()) return", "return", CHOSEN),
    Mutant("a node of sums taken for another's", "base/nodes.hpp",
           "if (first + width / 2 < chunks)", "if (first + width < chunks)", NODES),
    Mutant("every shard rounds as if it were the first", "shards/sharded_solver.cpp",
           "step.insert(step.end(), column->begin() + first, column->begin() + first + count);",
           "step.insert(step.end(), column->begin(), column->begin() + count);", SHARDS),
    Mutant("a mixture dealt out anew by every shard", "prices/mixture.cpp",
           "part_of(parts, among.first + k) == i", "part_of(parts, k) == i", FEW_IN_SHARDS),
    Mutant("who is worth something in a shard is not asked back", "shards/sharded_takers.cpp",
           "back.learners.push_back(wanted.learners[i]);\n", "continue;\n", ASKED_BACK),
    Mutant("every shard is filled as if nothing had been given out", "shards/sharded_solver.cpp",
           "left -= std::min(left, part.room);", "left -= 0 * part.room;", UNSENT),
    Mutant("a shard knows no more of payloads than its own", "model/problem_with.cpp",
           "part.differs_ = differs_ || all.differ;", "", PAYLOADS),
]  # fmt: skip
