"""Whether a plan keeps its constraints: fractions for the sums, 60 digits for the times.

Written from the equations alone; it shares no code with the solver, the checker or the reference.
"""

from fractions import Fraction

import mpmath

from exact_limits import amounts_of, equal_shares, limit_violations

DIGITS = 60


def violations(plan) -> list[str]:
    """Return every constraint of its problem that the plan breaks, in words."""
    problem = plan.problem
    task, learners, radio = problem.task, problem.learners, problem.radio
    count = len(learners)
    found = limit_violations(plan)
    if plan.tau < 1 or plan.samples.sum() != task.samples or (plan.samples < 0).any():
        found.append(f"tau {plan.tau}, samples {plan.samples} for {task.samples}")
    for name, given, budget in (
        ("bandwidth", bandwidths(plan), radio.bandwidth_hz),
        ("power", plan.power_w, radio.power_w),
    ):
        parts = list(map(Fraction, given))
        if min(parts) < 0 or sum(parts) > Fraction(budget):
            found.append(f"{name} budget {budget}, used {float(sum(parts))!r}")
    if plan.scheme == "task_only":
        # Equal shares; the float64 plan may be rounded down.
        bandwidth, power = equal_shares(plan)
        for name, given, shares in (
            ("bandwidth", plan.bandwidth_hz, bandwidth),
            ("power", plan.power_w, power),
        ):
            if any(abs(x - share) > 1e-12 * share for x, share in zip(given, shares, strict=True)):
                found.append(f"{name} is not shared equally")
    if plan.scheme == "resource_only":
        few, many = task.samples // count, -(-task.samples // count)
        if plan.samples.min() < few or plan.samples.max() > many:
            found.append("samples are not shared equally")
    for k in range(count):
        if problem.idle == "excused" and plan.samples[k] == 0:
            continue
        total = _total_s(plan, k)
        if total > mpmath.mpf(problem.cycle_s):
            found.append(f"learner {k} takes {mpmath.nstr(total, 20)} of {problem.cycle_s} s")
    return found


def bandwidths(plan) -> list[Fraction]:
    """Return the bandwidths; those of blocks are exact products, not the float64 next to them."""
    if plan.blocks is None:
        return [Fraction(float(band)) for band in plan.bandwidth_hz]
    width = Fraction(plan.problem.radio.block_hz)
    return [int(blocks) * width for blocks in plan.blocks]


def _real(number: Fraction):
    return mpmath.mpf(number.numerator) / number.denominator


def _total_s(plan, k: int):
    problem = plan.problem
    learners, radio = problem.learners, problem.radio
    send, send_each, back, back_each, flops_each = amounts_of(problem, k)
    with mpmath.workdps(DIGITS):

        def rate(bandwidth, power):
            if bandwidth == 0 or power == 0:
                return mpmath.mpf(0)
            noise = mpmath.mpf(
                radio.noise_density_w_per_hz * mpmath.mpf(bandwidth)
                if problem.law == "density"
                else radio.noise_power_w
            )
            snr = mpmath.mpf(power) * mpmath.mpf(float(learners.gain[k])) / noise
            return mpmath.mpf(bandwidth) * mpmath.log1p(snr) / mpmath.log(2)

        def seconds(bits, bits_per_s):
            if bits == 0:
                return mpmath.mpf(0)
            return _real(bits) / bits_per_s if bits_per_s > 0 else mpmath.inf

        samples = int(plan.samples[k])
        compute = plan.tau * samples * flops_each / Fraction(float(learners.flops_per_s[k]))
        total = seconds(
            send + send_each * samples, rate(_real(bandwidths(plan)[k]), float(plan.power_w[k]))
        )
        total += seconds(
            back + back_each * samples,
            rate(float(learners.return_bandwidth_hz[k]), float(learners.return_power_w[k])),
        )
        left = Fraction(problem.cycle_s) - compute
        slack = _real(left)
        # A tie at 60 digits is a tie: only whole-number coincidences get there.
        return mpmath.mpf(problem.cycle_s) + (
            0 if abs(total - slack) < mpmath.mpf(10) ** -50 * abs(slack) else total - slack
        )
