"""What a check found."""

import textwrap
from dataclasses import dataclass, field

_COLUMNS = 80
_LONGEST_REPR = 119


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """What the checker found; true in a boolean context when everything is proved.

    Attributes
    ----------
    ok : bool
        The plan (if there is one) keeps every constraint, and `bound` + 1 is impossible.
    reasons : list of str
        What failed and where; empty when `ok`. Never many, never long, plain ASCII.
    checked : bool
        False where the check ended before it came to a verdict: the time limit was over, or it
        had taken more steps than it may without one, or memory ran out. Then `ok` is false and
        nothing is said about the plan.
    status, tau, bound
        What the file claims (None, 0, 0 when it could not be read).
    learners, leaves : int
        Learners of the problem, boxes whose bound was computed.
    spare_s : float
        Least time that a learner of the plan has to spare (infinite when nobody takes part).
    margin : float
        Least D - U over the boxes, in samples (infinite when no split is left to bound).
    no_more : str
        What is ruled out at ``bound + 1`` in place of `bound` + 1 itself, in words; empty where
        the file is a plan's.
    least_energy_j : tuple of float or None
        Joules that the plan spends at most, and that every plan with its tau spends at least.
    bits : int
        Largest precision that a decision needed.

    Examples
    --------
    >>> import mel_fast as mel
    >>> plan = mel.solve(mel.scenarios.table1(learners=4))
    >>> verdict = mel.verify(plan.problem, plan)
    >>> verdict.ok, verdict.tau == plan.tau, verdict.margin > 0
    (True, True, True)
    """

    ok: bool
    reasons: list[str] = field(default_factory=list, hash=False)
    status: str | None = None
    tau: int = 0
    bound: int = 0
    learners: int = 0
    leaves: int = 0
    spare_s: float = float("inf")
    margin: float = float("inf")
    bits: int = 0
    checked: bool = True
    no_more: str = ""
    least_energy_j: tuple[float, float] | None = None

    def __bool__(self) -> bool:
        return self.ok

    def summary(self) -> str:
        """Return one line of text."""
        if not self.checked:
            return "not checked: " + "; ".join(self.reasons)
        if not self.ok:
            return "refused: " + "; ".join(self.reasons)
        boxes = "1 box" if self.leaves == 1 else f"{self.leaves} boxes"
        plan = f"a plan with tau = {self.tau} holds" if self.tau else "no plan is claimed"
        beyond = f"tau = {self.bound + 1} is impossible"
        if self.no_more:
            beyond = f"at tau = {self.bound + 1} there is no plan of more than {self.no_more}"
        if self.least_energy_j is not None:
            joules, least = self.least_energy_j
            plan += f" and spends {joules:.9g} J, where none spends less than {least:.9g} J"
        return (
            f"{self.status}, proved: {plan}, {beyond} "
            f"({self.learners} learners, {boxes}, margin {self.margin:.3g} samples, "
            f"{self.bits} bits)"
        )

    def __str__(self) -> str:
        return textwrap.fill(
            self.summary(),
            _COLUMNS,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )

    def __repr__(self) -> str:
        if self.ok:
            words = f"ok, {self.status}, tau={self.tau}, bound={self.bound}, bits={self.bits}"
        else:
            words = f"{'refused' if self.checked else 'not checked'}: {''.join(self.reasons[:1])}"
        line = f"Verdict({words})"
        return line if len(line) <= _LONGEST_REPR else f"{line[: _LONGEST_REPR - 4]}...)"

    def _repr_html_(self) -> str:
        from html import escape  # here: it takes longer than it may when the package is imported

        return f"<pre>{escape(str(self))}</pre>"
