"""A plan: what each learner gets, and what proves that no better one exists."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, NoReturn, cast

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import Table
from mel_fast._base.frozen import hashable, same
from mel_fast._base.validation import FloatColumn, IntColumn, choice, integer, real
from mel_fast.model import grammar
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.certificate import certificate_of, checked_certificate
from mel_fast.plans.claims.no_more import NoMore, checked_at_least, checked_no_more
from mel_fast.plans.columns import PlanColumns, checked_allocation, checked_speeds, plan_columns
from mel_fast.plans.status import SCHEMES, STATUSES, Scheme, Status
from mel_fast.plans.verbs import Verbs

if TYPE_CHECKING:
    from mel_fast.plans.claims.least_energy import SpendsLeast

_LONGEST = 2**63 - 1


class Plan(Verbs, PlanColumns, Table):
    """What :func:`mel_fast.solve` found, immutable; arrays are read-only.

    True in a boolean context when there is an allocation (`tau` is at least 1). Equal by value,
    the seconds that the solver took left out.

    Attributes
    ----------
    status : Status
        ``optimal``, ``feasible``, ``infeasible`` or ``undecided``.
    scheme : str
        ``joint``, ``task_only`` or ``resource_only``.
    tau, bound : int
        ``tau <= true optimum <= bound``; tau is 0 when there is no plan.
    samples, bandwidth_hz, power_w : ndarray of shape (K,) or None
        The allocation d_k (int64), B_k and P_k (float64); None when there is no plan.
    allocation : Allocation
        The same without the None; asking for it where there is no plan is a ValueError.
    blocks : ndarray of shape (K,) or None
        n_k, resource blocks of each learner (int64), ``bandwidth_hz = blocks * radio.block_hz``;
        None where bandwidth does not come in blocks and when there is no plan.
    send_s, compute_s, return_s, total_s : ndarray of shape (K,) or None
        Equations (6) to (8) and their sum for this allocation.
    flops_per_s : ndarray of shape (K,) or None
        The speeds of computing: the learners' own, or with `energy_coefficient` those chosen;
        None when there is no plan.
    energy_j : ndarray of shape (K,) or None
        Joules that each learner spends; None where neither its `energy_per_flop_j` nor its
        `energy_coefficient` is known.
    certificate : dict or None
        Proof that ``bound + 1`` local cycles are impossible: prices, or a tree of boxes.
    reasons : tuple of str
        In words and numbers, why there is no plan or no proof; empty when optimal.
    nodes, passes, elapsed_s : int, int, float
        Boxes of branch and bound, passes over the learners, seconds in the solver.
    problem : Problem
        What was solved.
    at_least : int or None
        Learners that must have samples, where `solve` was told so.
    no_more : NoMore or None
        Of a proof of :func:`mel_fast.most`: the certificate rules out that any plan at
        ``bound + 1`` local cycles, whatever its number of samples, is worth more.
    least_energy : SpendsLeast or None
        Of a plan of least energy: what it spends in all, and what no plan with `tau` local cycles
        goes below, with the prices that prove it.

    Parameters
    ----------
    problem, scheme, status, tau, bound, samples, bandwidth_hz, power_w, blocks, certificate, \
reasons, nodes, passes, elapsed_s, at_least, no_more, flops_per_s, \
least_energy
        As above; where bandwidth comes in blocks `bandwidth_hz` may be left out, and where speeds
        are chosen `flops_per_s`: then the highest that everybody's energy allows. Plans normally
        come from `solve`, `load` or `from_dict`; building one from an allocation of one's own is
        for checking it with :func:`mel_fast.verify`.

    Raises
    ------
    ValueError, TypeError
        Naming the field, index, value and allowed range.

    Examples
    --------
    >>> import mel_fast as mel
    >>> plan = mel.solve(mel.scenarios.table1(learners=4, cycle_s=30.0))
    >>> plan.status, int(plan.samples.sum()), bool((plan.total_s <= 30.0).all())
    (<Status.OPTIMAL: 'optimal'>, 60000, True)
    """

    problem: Problem
    scheme: Scheme
    status: Status
    tau: int
    bound: int
    at_least: int | None = None
    no_more: NoMore | None = None
    least_energy: "SpendsLeast | None" = None
    _result: _core.Result | None
    _row = "learner"

    def __init__(
        self,
        problem: Problem,
        *,
        status: Status | str,
        tau: int,
        bound: int,
        scheme: Scheme = "joint",
        samples: Any = None,
        bandwidth_hz: Any = None,
        power_w: Any = None,
        blocks: Any = None,
        certificate: Mapping[str, Any] | None = None,
        reasons: Sequence[str] = (),
        nodes: int = 0,
        passes: int = 0,
        elapsed_s: float = 0.0,
        at_least: int | None = None,
        no_more: Any = None,
        flops_per_s: Any = None,
        least_energy: Any = None,
    ) -> None:
        if not isinstance(problem, Problem):
            raise TypeError(f"problem is a {type(problem).__name__}: must be a Problem")
        scheme = cast(Scheme, choice("scheme", scheme, SCHEMES))
        bound = integer("bound", bound, low=0, high=_LONGEST - 1)
        self.__dict__.update(
            problem=problem,
            scheme=scheme,
            status=Status(choice("status", status, list(Status))),
            tau=integer("tau", tau, low=0, high=_LONGEST),
            bound=bound,
            **checked_allocation(problem, samples, bandwidth_hz, power_w, blocks),
            certificate=checked_certificate(certificate, scheme, bound, len(problem.learners)),
            reasons=tuple(reasons),
            nodes=integer("nodes", nodes, low=0, high=_LONGEST),
            passes=integer("passes", passes, low=0, high=_LONGEST),
            elapsed_s=real("elapsed_s", elapsed_s, low=0.0),
            _result=None,
        )
        speeds = checked_speeds(problem, flops_per_s, planned=self.samples is not None)
        if speeds is not None:
            self.__dict__["flops_per_s"] = speeds
        if at_least is not None:
            self.__dict__["at_least"] = checked_at_least(at_least)
        if no_more is not None:
            self.__dict__["no_more"] = checked_no_more(no_more)
        if least_energy is not None:
            from mel_fast.plans.claims.least_energy import checked_least_energy

            self.__dict__["least_energy"] = checked_least_energy(least_energy, problem)

    @classmethod
    def _from_core(cls, problem: Problem, scheme: Scheme, result: _core.Result) -> "Plan":
        # The result's columns are fetched when first asked for: a solve takes microseconds.
        plan = object.__new__(cls)
        plan.__dict__.update(
            problem=problem,
            scheme=scheme,
            status=STATUSES[result.status],
            tau=result.tau,
            bound=result.bound,
            _result=result,
        )
        return plan

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Plan is immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Plan is immutable: cannot delete {name!r}")

    @property
    def _end(self) -> tuple[float, float, float] | None:
        """Tau and the prices of a hertz and a watt from which `start=` begins, None without any.

        Where the solver's search ended; for a plan that was read, what its certificate says.
        """
        if self._result is not None:
            end = self._result.end
            return end if min(end) > 0.0 else None
        for node in (self.certificate or {}).get("tree", ()):
            per_hz, per_w = node.get("lambda_per_hz", 0.0), node.get("mu_per_w", 0.0)
            if per_hz > 0.0 and per_w > 0.0:
                return self.bound + 0.5, per_hz, per_w
        return None

    @cached_property
    def certificate(self) -> dict[str, Any] | None:
        """The proof that ``bound + 1`` local cycles are impossible (see docs/proof.md)."""
        return certificate_of(self.scheme, self.bound, self._core_result, self.problem)

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no plan, or no proof; empty when the plan is optimal."""
        from mel_fast.plans.words.reasons import reasons_of

        return reasons_of(self, self._core_result)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan file's content: JSON-ready, real numbers as hexadecimal strings."""
        from mel_fast.plans.file import plan_to_dict

        return plan_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Plan":
        """Build a plan from `to_dict`'s form (or one with plain numbers); it is not checked.

        Raises
        ------
        ValueError
            When the content is not a plan's, as docs/certificate.md writes it down; whether the
            plan is right is `verify`'s matter.
        """
        from mel_fast.plans.file import plan_fields

        problem, fields = plan_fields(data)
        return cls(problem, **fields)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the plan file, a JSON with hexadecimal floats; replaced as a whole or not at all.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        from mel_fast.plans.file import save_plan

        save_plan(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Plan":
        """Read a plan file.

        Raises
        ------
        OSError
            When the file cannot be read.
        ValueError
            When it is not a plan file, or larger than 512 MiB.
        """
        data = grammar.load(path)
        try:
            return cls.from_dict(data)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def to_json(self, *, indent: int | None = None) -> str:
        """Return one JSON object of plain numbers whose keys are the attributes' names.

        What is infinite (the times of a learner at rate zero, limits that limit nothing) is the
        string ``"inf"``, since JSON has no number for it.
        """
        from mel_fast.plans.file import plan_to_json

        return plan_to_json(self, indent=indent)

    def columns(self) -> dict[str, IntColumn | FloatColumn]:
        """Return one row a learner: samples, shares and times, then the learners' own.

        Without a plan, only the learners' own.

        The attribute `energy_j` is here called ``spent_energy_j``: the learners' own is the budget.
        """
        return plan_columns(self)

    def summary(self) -> str:
        """Return a few lines of text: what was found, what proves it, what is used up."""
        from mel_fast.plans.words.text import summary

        return summary(self)

    def __repr__(self) -> str:
        return (
            f"Plan({self.status}, scheme={self.scheme!r}, tau={self.tau}, bound={self.bound}, "
            f"learners={len(self.problem.learners)})"
        )

    def _repr_html_(self) -> str:
        from mel_fast.plans.words.text import html

        return html(self)

    def _with_allocation(self, shares: dict[str, Any]) -> "Plan":
        """Return this plan with other columns and what comes with them, and the same proof."""
        plan = object.__new__(type(self))
        derived = ("allocation", "times", "energy_j", "flops_per_s", "least_energy")
        kept = {name: value for name, value in self.__dict__.items() if name not in derived}
        plan.__dict__.update({**kept, **shares})
        return plan

    def _claiming(self, claim: "SpendsLeast") -> "Plan":
        """Return this plan with a claim of its energy."""
        plan = object.__new__(type(self))
        plan.__dict__.update({**self.__dict__, "least_energy": claim})
        return plan

    def _content(self) -> dict[str, Any]:
        """Return the attributes by name, without the problem and the times."""
        names = ("status", "scheme", "tau", "bound", "samples", "bandwidth_hz", "power_w")
        more = ("blocks", "certificate", "reasons", "nodes", "passes", "elapsed_s")
        claims = ("at_least", "no_more", "least_energy")
        own = tuple(name for name in claims if getattr(self, name) is not None)
        if self.problem.chooses_speed and self.samples is not None:
            own = ("flops_per_s", *own)
        return {name: getattr(self, name) for name in (*names, *more, *own)}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.problem, self._content())

    def __copy__(self) -> "Plan":
        return self

    def __deepcopy__(self, memo: object) -> "Plan":
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        theirs = other._content()
        theirs["elapsed_s"] = self.elapsed_s  # how long it took is no part of what was found
        mine = self._content()
        return (
            self.problem == other.problem
            and mine.keys() == theirs.keys()
            and all(same(value, theirs[name]) for name, value in mine.items())
        )

    def __hash__(self) -> int:
        found = (self.status, self.scheme, self.tau, self.bound, hashable(self.samples))
        return hash((self.problem, *found))

    def __bool__(self) -> bool:
        return self.tau > 0


def _rebuild(problem: Problem, content: dict[str, Any]) -> Plan:
    return Plan(problem, **content)


guard(__name__)
