"""A plan in words: the summary and its notebook form."""

import html as markup

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.units import count, rows_as_html, with_unit
from mel_fast._base.untrusted import plain
from mel_fast.model.radio import Radio
from mel_fast.plans.columns import plan_columns
from mel_fast.plans.status import Status
from mel_fast.plans.view import PlanView
from mel_fast.plans.words.binding import limits_in_words

_REASONS = 20


def headline(plan: PlanView) -> str:
    """Return the one line that matters."""
    if plan.no_more is not None:
        of, than = plan.no_more
        most = f"{than:,.12g} of {of}" if than >= 0 else "nothing, and that is too much"
        return f"a proof: at tau = {plan.bound + 1} no plan has more than {most}"
    if plan.status is Status.INFEASIBLE:
        return "infeasible: proved that not even tau = 1 local cycle fits"
    tau = f"tau = {plan.tau}" if plan.tau else "no plan yet"
    if plan.status is Status.OPTIMAL:
        return f"optimal: {tau} local cycle{'s' * (plan.tau != 1)}, proved that one more cannot fit"
    return f"{plan.status}: {tau}, at most {plan.bound} is possible"


def facts(plan: PlanView) -> list[tuple[str, str]]:
    """Return the summary as pairs of a label and a text."""
    problem = plan.problem
    task, radio = problem.task, problem.radio
    rows = [
        ("plan", headline(plan)),
        ("scheme", f"{plan.scheme}, {task.setting}, {problem.law} law, idle {problem.idle}"),
        (
            "problem",
            f"{count(len(problem.learners), 'learner')}, {count(task.samples, 'sample')}, "
            f"cycle {with_unit(problem.cycle_s, 's')}",
        ),
        ("budgets", _budgets(radio)),
    ]
    if plan.at_least is not None:
        rows.append(("participants", f"at least {plan.at_least:,}"))
    rows += _allocation(plan)
    rows += limits_in_words(plan)
    rows += [("reason", plain(reason)) for reason in plan.reasons[:_REASONS]]
    if len(plan.reasons) > _REASONS:
        rows.append(("reason", f"and {len(plan.reasons) - _REASONS:,} more"))
    rows.append(("proof", _proof(plan)))
    return rows


def _budgets(radio: Radio) -> str:
    power = "no common power" if radio.power_w is None else with_unit(radio.power_w, "W")
    shared = "" if radio.shared == "send" else ", shared by what is returned"
    return f"{with_unit(radio.bandwidth_hz, 'Hz')}, {power}{shared}"


def _allocation(plan: PlanView) -> list[tuple[str, str]]:
    if plan.samples is None or plan.bandwidth_hz is None or plan.power_w is None:
        return []
    times = plan.times
    assert times is not None
    radio, samples = plan.problem.radio, plan.samples
    taking_part = int(np.count_nonzero(samples))
    last = int(np.argmax(times.total_s))
    bandwidth, power = float(plan.bandwidth_hz.sum()), float(plan.power_w.sum())
    return [
        (
            "used",
            f"{100.0 * bandwidth / radio.bandwidth_hz:.4g} % of the bandwidth, "
            + (
                f"{with_unit(power, 'W')} in all"
                if radio.power_w is None
                else f"{100.0 * power / radio.power_w:.4g} % of the power"
            ),
        ),
        (
            "samples",
            f"{taking_part:,} of {count(samples.size, 'learner')} get some, "
            f"{samples.min():,} to {samples.max():,} each",
        ),
        (
            "times",
            f"all end by {times.total_s[last]:.6g} s; learner {plan.problem.learners.name(last)}: "
            f"send {times.send_s[last]:.4g}, compute {times.compute_s[last]:.4g}, "
            f"return {times.return_s[last]:.4g}",
        ),
    ]


def _proof(plan: PlanView) -> str:
    effort = (
        f"{count(plan.passes, 'pass').replace('passs', 'passes')}, "
        f"{with_unit(plan.elapsed_s, 's', 3)}"
    )
    certificate = plan.certificate
    if certificate is None:
        return f"none ({effort})"
    kind = "counting samples" if certificate.get("rule") == "counts" else "equal shares"
    if certificate.get("rule") == "prices":
        leaves = sum("lambda_per_hz" in node for node in certificate["tree"])
        kind = "one price pair" if leaves == 1 else f"{leaves:,} boxes, each with its price pair"
    return f"tau = {certificate['tau']} ruled out by {kind} ({effort})"


def summary(plan: PlanView) -> str:
    """Return the facts as aligned lines."""
    rows = facts(plan)
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"{label:<{width}}  {text}" for label, text in rows)


def html(plan: PlanView) -> str:
    """Return the summary and the first learners as HTML tables."""
    top = "".join(
        f"<tr><th style='text-align:left'>{label}</th>"
        f"<td style='text-align:left'>{markup.escape(text)}</td></tr>"
        for label, text in facts(plan)
    )
    return f"<table>{top}</table>{rows_as_html(plan_columns(plan), 'learner')}"


guard(__name__)
