"""From the sums of all parts to a verdict."""

from collections.abc import Callable
from typing import Any

from flint import arb

from mel_fast.verify._learner import precision
from mel_fast.verify._plan import PRECISIONS
from mel_fast.verify._verdict import Verdict
from mel_fast.verify.claim._entries import RefusedError
from mel_fast.verify.claim._read import Leaf
from mel_fast.verify.shards.claim import ShardedClaim
from mel_fast.verify.shards.part import ON_ARRAYS, LeafSums, PlanSums, budgets, paid

_SCALE = 2**64
_REFUSED = 3  # leaves that fail before the others are left

Box = dict[int, tuple[int, int]]


def judge(
    claim: ShardedClaim,
    one: dict[str, Any],
    plan_sums: Callable[[], PlanSums],
    leaf_sums: Callable[[Leaf, Box, int], LeafSums],
) -> Verdict:
    """Ask for the sums of all parts, and say what follows.

    Parameters
    ----------
    claim
        What is claimed.
    one
        The columns of any one learner.
    plan_sums
        What all learners get in all, each checked.
    leaf_sums
        What all are worth at most at a leaf, in a box, at ``bound + 1``, with so many bits.
    """
    try:
        samples, bandwidth_hz, power_w = budgets(claim.stated, one)
        sums = plan_sums() if claim.tau else PlanSums()
        reasons = list(sums.reasons)
        if claim.tau:
            if sums.samples != samples:
                reasons.append(f"samples: the sum is {sums.samples - samples:+d} off {samples}")
            for name, total, budget in (
                ("bandwidth_hz", sums.bandwidth_hz, bandwidth_hz),
                ("power_w", sums.power_w, power_w),
            ):
                if budget is not None and total > budget:
                    off = float(total - budget)
                    reasons.append(f"{name}: the sum is {off:+.6g} off {float(budget)!r}")
        own_power = power_w is None
        margin, leaves, bits, failed = _cover(claim, one, samples, leaf_sums, own_power=own_power)
    except RefusedError as refusal:
        return Verdict(False, [str(refusal)])
    reasons += failed
    return Verdict(
        ok=not reasons,
        reasons=reasons,
        status=claim.status,
        tau=claim.tau,
        bound=claim.bound,
        learners=claim.learners,
        leaves=leaves,
        spare_s=sums.spare_s,
        margin=margin,
        bits=max(sums.bits, bits),
    )


def _cover(
    claim: ShardedClaim,
    one: dict[str, Any],
    samples: int,
    leaf_sums: Callable[[Leaf, Box, int], LeafSums],
    *,
    own_power: bool,
) -> tuple[float, int, int, list[str]]:
    if claim.tree is None:
        nothing = f"certificate is null: nothing rules out tau = {claim.bound + 1}"
        return float("inf"), 0, 0, [nothing]
    margin, most_bits = float("inf"), 0
    failed: list[str] = []
    leaves = claim.leaves()
    for number, (stated, box) in enumerate(leaves):
        # Where nobody shares power, what it costs proves nothing.
        leaf = stated._replace(mu_per_w=0.0) if own_power else stated
        refuted = False
        if len(failed) >= _REFUSED:
            failed.append(f"certificate.tree: not looked at beyond leaf {number}")
            break
        for bits in (ON_ARRAYS, *PRECISIONS):
            most_bits = max(most_bits, bits)
            sums = leaf_sums(leaf, box, bits)
            if sums.none or sums.least > samples or sums.most < samples:
                break
            with precision(max(bits, PRECISIONS[0])):
                upper = paid(claim.stated, leaf, one) + arb(sums.value) / _SCALE
                left = samples - upper
            if left > 0:
                margin = min(margin, float(left.lower()))
                break
            if bits == ON_ARRAYS and not sums.open and not sums.none:
                with precision(PRECISIONS[0]):
                    reached = paid(claim.stated, leaf, one) + arb(sums.reached) / _SCALE
                    refuted = reached >= samples
            if refuted or (left <= 0 and bits > PRECISIONS[0]):
                failed.append(
                    f"leaf {number}: the bound {upper.str(20, radius=False)} is not below D = "
                    f"{samples}"
                )
                break
        else:
            failed.append(f"leaf {number}: no precision tells whether its bound is below D")
    return margin, len(leaves), most_bits, failed
