"""The loop: plan a round, hear how it went, plan the next one better."""

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.atomic import check_writable
from mel_fast._base.units import count
from mel_fast._base.validation import IntColumn, choice, real
from mel_fast.model.payload import Payload
from mel_fast.model.problem import IDLES, Idle
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.orchestrate.batteries.charges import charges_for
from mel_fast.orchestrate.batteries.evenly import spent_evenly
from mel_fast.orchestrate.batteries.spending import Batteries
from mel_fast.orchestrate.dealing import dealt_round, excluded
from mel_fast.orchestrate.ended import closed_round, delivered, extra_round, learn
from mel_fast.orchestrate.estimates.knowledge import Knowledge
from mel_fast.orchestrate.files.log import RoundLog, line_of
from mel_fast.orchestrate.files.saved import loop_of, loop_state
from mel_fast.orchestrate.files.state import write_state
from mel_fast.orchestrate.fleet import Fleet
from mel_fast.orchestrate.listener import Listener
from mel_fast.orchestrate.margins.choose import Costs
from mel_fast.orchestrate.margins.ledger import Ledger
from mel_fast.orchestrate.margins.reliability import Beliefs
from mel_fast.orchestrate.margins.search import Search, Trial
from mel_fast.orchestrate.planner import Asked, Settings
from mel_fast.orchestrate.rounds import Closed, Round
from mel_fast.orchestrate.versions import ModelStore, Versions
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme
from mel_fast.solve.arguments import checked_seconds, checked_threads

Late = Literal["leave_out", "reassign"]
Objective = Literal["tau", "work"]
LATES: tuple[Late, ...] = ("leave_out", "reassign")
OBJECTIVES: tuple[Objective, ...] = ("tau", "work")


class Orchestrator(Listener):
    """Plans round after round for a fleet, and learns from each.

    Parameters
    ----------
    fleet
        A :class:`Fleet`, which may change between rounds.
    task, radio, cycle_s, idle
        As for :class:`mel_fast.Problem`.
    confidence
        q in (0, 1): all learners are to be in time in at least a share q of the rounds, by what is
        known of speeds and channels. From the fourth round on that is so in expectation: a round
        may be planned to be kept a little less often when that buys a local cycle, and others make
        up for it; see `every_round`. None: plan with what is expected, without a margin.
    objective
        ``"tau"``: the most local cycles; ``"work"``: the most work that arrives, the expected
        samples in time times tau.
    late
        What happens to samples that did not come back in time: ``"leave_out"``, or
        ``"reassign"`` to those who delivered, in an extra round as short as possible.
    payload
        As for :class:`mel_fast.Problem`, without columns. Bits that it leaves out are those of the
        task until they are measured.
    gain_drift_db, speed_drift
        Standard deviations by which gains (in dB) and the logarithm of speeds move between
        planning and doing, where they are known; None: learnt from the rounds.
    scheme, threads, time_limit_s
        As for :func:`mel_fast.solve`.
    every_round
        Whether each single round must be kept with the probability `confidence`.
    store, model
        Where :meth:`publish` puts each round's model, such as a :class:`mel_fast.store.Store`, and
        its name there. Each learner's download is then what leads from the version that it holds to
        the newest.
    batteries
        What learners carry from round to round: :class:`mel_fast.orchestrate.Batteries`. Who has
        not enough left for any part sits out; `charge_j` says what each has.
    log
        A file to which a line of JSON is added when a round is closed.
    state
        A file to which the loop is saved when a round is closed, see :meth:`save`.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.

    Attributes
    ----------
    fleet : Fleet
    number : int
        Of the round planned last, 0 before the first.
    round : Round or None
        The round under way: planned and not yet closed.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    >>> loop = mel.orchestrate.Orchestrator(
    ...     mel.orchestrate.Fleet(problem.learners), problem.task, problem.radio, 30.0, "served"
    ... )
    >>> round = loop.plan_round()
    >>> round.tau, len(round.assignments)
    (8, 20)
    >>> for name, job in round.assignments.items():
    ...     loop.observe(name, send_s=job.send_s, compute_s=job.compute_s, return_s=job.return_s)
    >>> loop.close_round().lost
    0
    """

    def __init__(
        self,
        fleet: Fleet,
        task: LearningTask,
        radio: Radio,
        cycle_s: float,
        idle: Idle = "excused",
        confidence: float | None = None,
        *,
        objective: Objective = "tau",
        late: Late = "leave_out",
        payload: Payload | None = None,
        gain_drift_db: float | None = None,
        speed_drift: float | None = None,
        scheme: Scheme = "joint",
        threads: int = 1,
        time_limit_s: float | None = None,
        every_round: bool = False,
        store: ModelStore | None = None,
        model: str = "model",
        batteries: Batteries | None = None,
        log: str | PathLike[str] | None = None,
        state: str | PathLike[str] | None = None,
    ) -> None:
        for name, value, kind in (
            ("fleet", fleet, Fleet),
            ("task", task, LearningTask),
            ("radio", radio, Radio),
            ("payload", payload, Payload | None),
            ("batteries", batteries, Batteries | None),
        ):
            if not isinstance(value, kind):
                said = getattr(kind, "__name__", f"{name.capitalize()} or None")
                raise TypeError(f"{name} is a {type(value).__name__}: must be a {said}")
        if payload is not None and any(isinstance(v, np.ndarray) for v in payload.given().values()):
            raise ValueError("payload has columns: must be numbers, since learners come and go")
        choice("idle", idle, IDLES)
        choice("scheme", scheme, SCHEMES)
        checked_seconds(time_limit_s)
        super().__init__(fleet)
        self.confidence = (
            None
            if confidence is None
            else real("confidence", confidence, low=1e-6, high=1.0 - 1e-12)
        )
        self.objective = choice("objective", objective, OBJECTIVES)
        if self.objective == "work" and confidence is not None:
            raise ValueError("confidence: goes with objective='tau', the objective is 'work'")
        self._charges = charges_for(batteries, fleet, radio, self.objective)
        if not isinstance(every_round, bool):
            raise TypeError(f"every_round is a {type(every_round).__name__}: must be a bool")
        if store is not None and not isinstance(store, ModelStore):
            raise TypeError(f"store is a {type(store).__name__}: must have publish and delta")
        self._versions = Versions(store, model)
        self._ledger = Ledger(self.confidence or 0.0, every_round)
        self.late = choice("late", late, LATES)
        self.payload = payload
        self._settings = Settings(
            task, radio, real("cycle_s", cycle_s), idle, scheme, checked_threads(threads),
            time_limit_s,
        )  # fmt: skip
        self._knowledge = Knowledge.beginning(
            None if gain_drift_db is None else real("gain_drift_db", gain_drift_db, low=0.0),
            None if speed_drift is None else real("speed_drift", speed_drift, low=0.0),
        )
        self._log = None if log is None else RoundLog(log)
        self._last: Plan | tuple[float, float, float] | None = None
        self._costs: tuple[IntColumn, Costs | None] = np.empty(0, dtype=np.int64), None
        self._path = None if state is None else Path(state)
        if self._path is not None:
            check_writable(self._path)

    def __repr__(self) -> str:
        learners = count(len(self.fleet), "learner")
        return f"Orchestrator({learners}, cycle_s={self.cycle_s:g}, number={self.number})"

    @property
    def task(self) -> LearningTask:
        """What is learnt."""
        return self._settings.task

    @property
    def radio(self) -> Radio:
        """Over which link."""
        return self._settings.radio

    @property
    def cycle_s(self) -> float:
        """The deadline of a round."""
        return self._settings.cycle_s

    def plan_round(self) -> Round:
        """Plan the next round; the one under way is closed first.

        Returns
        -------
        Round
            With ``tau`` 0 and nobody in it where nobody can take part; nothing that a client can do
            makes this raise.
        """
        if self.round is not None:
            self.close_round()
        return self._plan(())

    def replan(self, without: Collection[str] = ()) -> Round:
        """Plan the round under way anew, without some learners: before anything is sent.

        Raises
        ------
        ValueError
            When no round is under way, or for a name that no learner has.
        """
        if self.round is None:
            raise ValueError("no round is under way: plan_round() begins one")
        for name in without:
            self.fleet.place(name)
        self.number -= 1
        return self._plan(without)

    def close_round(self) -> Closed:
        """End the round under way: learn from what was observed, and say what is lost.

        Learners with something to do of whom nothing was told count as missing.

        Returns
        -------
        Closed
            With ``late="reassign"`` its `extra` is a round that is now under way.

        Raises
        ------
        ValueError
            When no round is under way.
        """
        ended = self.round
        if ended is None:
            raise ValueError("no round is under way: plan_round() begins one")
        reports, self._reports, self.round = self._reports, {}, None
        if self.confidence is not None and ended.kept is not None:
            self._ledger.add(ended.kept)
        task, knowledge = self._settings.task, self._knowledge
        samples = sum(ended.assignments.samples.tolist()) if ended.extra else task.samples
        closed = closed_round(ended, reports, samples)
        learn(knowledge, self.fleet, ended.assignments, reports, ended.number)
        delivered(self._versions, self.fleet, ended.assignments, reports)
        energies = None
        if self._charges is not None:
            energies = self._charges.close(self.fleet, ended.assignments, reports, ended.cycle_s)
        if self.late == "reassign":
            words = (knowledge, self.fleet, self._settings, self.confidence, self._versions)
            self.round = extra_round(ended, closed, *words, self._charges)
            closed = replace(closed, extra=self.round)
        if self.round is None:
            knowledge.pass_round()
        if self._log is not None:
            self._log.add(line_of(ended, reports, closed, energies))
        if self._path is not None:
            self.save(self._path)
        return closed

    def publish(self, arrays: Mapping[str, Any]) -> int:
        """Publish a model in the store, for the next round, and return its version.

        Parameters
        ----------
        arrays
            Weights by layer.

        Raises
        ------
        ValueError
            Without a store, and for what the store refuses.
        """
        return self._versions.publish(arrays)

    def save(self, path: str | PathLike[str]) -> None:
        """Write all that the loop knows; the file is replaced as a whole or not at all.

        A round under way is not in it: a loop that is loaded plans that round again.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        write_state(path, loop_state(self))

    @classmethod
    def load(
        cls,
        path: str | PathLike[str],
        *,
        store: ModelStore | None = None,
        log: str | PathLike[str] | None = None,
        state: str | PathLike[str] | None = None,
    ) -> Self:
        """Read a loop that was saved; it goes on where the last closed round ended.

        Parameters
        ----------
        path
            What :meth:`save` wrote.
        store, log, state
            As for the constructor: a file never says where to write.

        Raises
        ------
        OSError
            When the file cannot be read.
        ValueError
            When it is no such file; nothing in it is run.
        """
        return loop_of(cls, path, {"store": store, "log": log, "state": state})

    def _plan(self, without: Collection[str]) -> Round:
        begun = time.perf_counter()
        knowledge, fleet = self._knowledge, self.fleet
        knowledge.follow(fleet)
        self.number, self._reports = self.number + 1, {}
        beliefs = Beliefs(*knowledge.beliefs())
        payload = knowledge.payload(self._settings.task, self.payload)
        sitting_out = excluded(fleet, knowledge.standing, self.number, without)
        if self._charges is not None and len(fleet):
            said = fleet, self._settings, payload, beliefs, self.number
            sitting_out |= self._charges.empty_of(*said)
        able = np.ones(len(fleet), dtype=bool)
        able[list(sitting_out)] = False
        places = np.flatnonzero(able)
        beliefs = beliefs.take(places)
        trial = None
        if places.size:
            payload = None if payload is None else payload.take(places)
            bits = self._versions.bits(fleet.ids[places])
            if bits is not None and (self.payload is None or self.payload.send_bits is None):
                payload = (payload or Payload()).replace(send_bits=bits)
            columns = fleet.columns(places)
            if self._charges is not None:
                columns = self._charges.limited(columns, places, self.number)
            asked = Asked(self._settings, columns, payload)
            same = np.array_equal(self._costs[0], fleet.ids[places])
            search = Search(asked, beliefs, self._last, self._costs[1] if same else None)
            trial = self._searched(search)
            if trial is not None and self._charges is not None and self._charges.fairly:
                joules = self._charges.left_j[places], self._charges.needed_j[places]
                trial = spent_evenly(search, trial, *joules, self.confidence or 0.0)
            if trial is not None:
                self._last = trial.found.plan
                if trial.in_time is not None:
                    self._costs = fleet.ids[places], search.costs(trial)
        self.round = dealt_round(
            self.number, self._settings, fleet, places, trial, beliefs, sitting_out, begun,
            self._versions,
        )  # fmt: skip
        return self.round

    def _searched(self, search: Search) -> Trial | None:
        if self.objective == "work":
            return search.most_work()
        if self.confidence is None:
            return search.expected()
        trial = search.with_confidence(self.confidence, self._ledger.least)
        if trial is None or trial.kept >= min(self.confidence, self._ledger.least):
            return trial
        said = (
            f"confidence = {self.confidence:g} cannot be had: with the surest plan that was found "
            f"all are in time with a probability of {trial.kept:.3g}"
        )
        found = replace(trial.found, reasons=(*trial.found.reasons, said))
        return replace(trial, found=found)


guard(__name__)
