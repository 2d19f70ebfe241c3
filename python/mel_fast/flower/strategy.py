"""Federated averaging in which every round is planned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from logging import INFO, WARNING, getLogger
from typing import Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Result, Strategy

from mel_fast._base.untrusted import plain, shown
from mel_fast._base.validation import IntColumn, integer, real
from mel_fast.flower.cycle import Cycle, Done
from mel_fast.flower.grid import PolledGrid
from mel_fast.flower.roster import Roster
from mel_fast.flower.wave import Wave
from mel_fast.flower.wire.records import to_record
from mel_fast.orchestrate import Closed, Orchestrator, Round
from mel_fast.payload import Recipe

log = getLogger("flwr").log

OFFLINE = "its node is offline"
FAILED = "failed or was late before in this round"
_USUAL_POLL_S = 3.0
_QUESTION_S = 60.0


class PlannedFedAvg(Strategy):
    """A strategy for Flower that asks an orchestrator what to do in every round.

    Each client is sent its number of samples d_k (or their indices, in parallelized learning), tau,
    the deadline, its share of the radio, and how to encode its model. The models that arrive in
    time are averaged by equation (5), weighted by their samples, in float64. Who has nothing to do
    is not called. Whatever a client answers, or fails to, the run goes on: who reports nonsense is
    left out, with a reason, and sits out for a while.

    Parameters
    ----------
    loop
        An :class:`mel_fast.orchestrate.Orchestrator`. Clients whose name its fleet does not know
        join it with what they say of themselves; those that are offline are planned without. Its
        `late` says what becomes of samples that did not come back in time: ``"leave_out"``, or
        ``"reassign"`` for a further wave of messages within the round.
    replan
        How often a round that lost samples is planned anew, without those who failed or were late,
        and run again from the same model, before what arrived is averaged. Needs
        ``late="leave_out"``.
    recipe, send_recipe
        A :class:`mel_fast.payload.Recipe` for models on their way back, which it changes against
        the model that was sent, and for the model on its way out. None: Flower's own arrays.
    ttl_s
        Seconds after which Flower forgets a message and refuses its answer. None: the round's
        deadline, which is right where the planned seconds are those of a clock. Where they are
        simulated (:class:`SimulatedRadio`) give as many as real computing may take; who is late is
        then decided by the reported times.
    min_clients, wait_s
        So many clients are waited for before the first round, and one before every other, for so
        many seconds at most.
    data_size
        Parallelized learning: how many samples the clients choose from by index; None: the task's.
    evaluation
        Another strategy whose evaluation on the clients is used; None: they are not asked to.
    poll_s
        Seconds between two looks for replies; Flower's own are 3 s apart. None: Flower's own.
    done
        Called with a :class:`Done` after each round.
    seed
        Of which samples go where, and of stochastic rounding.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and what it must be.

    Attributes
    ----------
    loop : Orchestrator
    history : list of Done
        A round each.
    refused : dict of int to str
        By node, why it is not called at all: no name, a name that another node has, ...

    Examples
    --------
    >>> strategy = PlannedFedAvg(loop, min_clients=4)                  # doctest: +SKIP
    >>> strategy.start(grid, ArrayRecord(model.get_weights()), num_rounds=10)  # doctest: +SKIP
    """

    def __init__(
        self,
        loop: Orchestrator,
        *,
        replan: int = 0,
        recipe: Recipe | None = None,
        send_recipe: Recipe | None = None,
        ttl_s: float | None = None,
        min_clients: int = 1,
        wait_s: float = 60.0,
        data_size: int | None = None,
        evaluation: Strategy | None = None,
        poll_s: float | None = 0.25,
        done: Callable[[Done], Any] | None = None,
        seed: int = 0,
    ) -> None:
        if not isinstance(loop, Orchestrator):
            raise TypeError(f"loop is a {type(loop).__name__}: must be an Orchestrator")
        for name, value in (("recipe", recipe), ("send_recipe", send_recipe)):
            if not isinstance(value, Recipe | None):
                raise TypeError(f"{name} = {shown(value)}: must be a Recipe or None")
        if not isinstance(evaluation, Strategy | None):
            raise TypeError(f"evaluation is a {type(evaluation).__name__}: must be a Strategy")
        self.loop = loop
        self.history: list[Done] = []
        self._replan = integer("replan", replan, low=0, high=100)
        if self._replan and loop.late != "leave_out":
            raise ValueError(
                f"replan = {replan}: must be 0 where the loop deals lost samples again itself "
                f"(late = {loop.late!r})"
            )
        self._recipe, self._send_recipe = recipe, send_recipe
        self._ttl_s = None if ttl_s is None else real("ttl_s", ttl_s, low=1e-3, high=1e9)
        self._min_clients = integer("min_clients", min_clients, low=0)
        self._wait_s = real("wait_s", wait_s, low=0.0, high=1e9)
        self._poll_s = None if poll_s is None else real("poll_s", poll_s, low=0.01, high=3600.0)
        self._parallelized = loop.task.setting == "parallelized"
        size = loop.task.samples if data_size is None else data_size
        self._data_size = integer("data_size", size, low=loop.task.samples)
        self._evaluation, self._done = evaluation, done
        self._rng = np.random.default_rng(integer("seed", seed, low=0))
        self._roster = Roster(loop.fleet, _QUESTION_S)
        self._timeout: float | None = None
        self._grid: Grid  # these from configure_train on
        self._config: ConfigRecord
        self._cycle: Cycle
        self._wave: Wave

    @property
    def refused(self) -> dict[int, str]:
        """Why a node is not called at all, by node."""
        return dict(self._roster.refused)

    def summary(self) -> None:
        """Log what the strategy goes by."""
        loop = self.loop
        log(INFO, "\t├──> every round planned: %s", loop.task.setting)
        log(
            INFO,
            "\t├──> deadline %g s, late: %s, replan: %d",
            loop.cycle_s,
            loop.late,
            self._replan,
        )
        log(INFO, "\t└──> fleet of %d learners", len(loop.fleet))

    def start(
        self,
        grid: Grid,
        initial_arrays: ArrayRecord,
        num_rounds: int = 3,
        timeout: float = 3600.0,
        train_config: ConfigRecord | None = None,
        evaluate_config: ConfigRecord | None = None,
        evaluate_fn: Callable[[int, ArrayRecord], MetricRecord | None] | None = None,
    ) -> Result:
        """Run the rounds, as Flower's strategies do, looking for replies every `poll_s`."""
        self._timeout = timeout
        return super().start(
            grid if self._poll_s is None else PolledGrid(grid, self._poll_s),
            initial_arrays,
            num_rounds,
            timeout,
            train_config,
            evaluate_config,
            evaluate_fn,
        )

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> list[Message]:
        """Plan the round and return the messages of those who have something to do."""
        self._grid = grid
        model = {name: array.numpy() for name, array in arrays.items()}
        self._cycle = Cycle(server_round, model)
        self._config = config
        self._wave = self._planned(frozenset())
        return self._wave.messages  # a list: Flower goes through it twice

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Average what arrived in time, after such further waves as the policy asks for."""
        closed = self._ended(replies)
        failed = set(closed.missing)
        for _ in range(self._replan):
            if not closed.missing:
                break
            wave = self._planned(failed)
            if not wave.messages:
                self.loop.close_round()
                break
            self._cycle.restart()
            self._wave = wave
            closed = self._ended(self._asked(wave))
            failed |= closed.missing.keys()
        if closed.extra is not None:
            lost = self._wave.indices_of(closed.missing)
            self._wave = self._sent(closed.extra, lost, {}, closed.arrived)
            self._ended(self._asked(self._wave))
        return self._averaged()

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> list[Message]:
        """Leave it to `evaluation`."""
        if self._evaluation is None:
            return []
        return list(self._evaluation.configure_evaluate(server_round, arrays, config, grid))

    def aggregate_evaluate(
        self, server_round: int, replies: Iterable[Message]
    ) -> MetricRecord | None:
        """Leave it to `evaluation`."""
        if self._evaluation is None:
            return None
        return self._evaluation.aggregate_evaluate(server_round, replies)

    def _planned(self, without: Collection[str]) -> Wave:
        """Plan a round of the loop for those who are online."""
        enough = min(self._min_clients, 1) if self.history else self._min_clients
        nodes = self._roster.online(self._grid, enough, self._wait_s, self._poll_s or _USUAL_POLL_S)
        round = self.loop.plan_round()
        away = {name: OFFLINE for name in self.loop.fleet if name not in nodes}
        away |= {name: FAILED for name in without if name in self.loop.fleet}
        if not away.keys().isdisjoint(round.assignments):
            round = self.loop.replan(away)
        indices = None
        if self._parallelized:
            indices = self._rng.permutation(self._data_size)[: self.loop.task.samples]
        return self._sent(round, indices, away, {})

    def _sent(
        self,
        round: Round,
        indices: IntColumn | None,
        away: Mapping[str, str],
        done: Mapping[str, int],
    ) -> Wave:
        """Return the wave of messages of a round."""
        return Wave(
            self.loop,
            round,
            self._roster.nodes,
            away,
            self._cycle.model,
            recipe=self._recipe,
            send_recipe=self._send_recipe,
            indices=indices,
            ttl_s=round.cycle_s if self._ttl_s is None else self._ttl_s,
            config=self._config,
            group=self._cycle.number,
            rng=self._rng,
            done=done,
        )

    def _asked(self, wave: Wave) -> Iterable[Message]:
        return self._grid.send_and_receive(wave.messages, timeout=self._timeout)

    def _ended(self, replies: Iterable[Message]) -> Closed:
        """Take the replies to the wave under way, and end its round of the loop."""
        self._wave.receive(replies)
        closed = self.loop.close_round()
        self._cycle.add(self._wave, closed)
        return closed

    def _averaged(self) -> tuple[ArrayRecord | None, MetricRecord | None]:
        done, average = self._cycle.done(self.loop.task.samples), self._cycle.average()
        self.history.append(done)
        for name, why in done.missing.items():
            log(WARNING, "learner %s is not in the average: %s", plain(name, 100), why)
        if self._done is not None:
            self._done(done)
        metrics = MetricRecord(
            {
                "tau": done.tau,
                "samples": sum(done.samples.values()),
                "lost": done.lost,
                "learners": len(done.samples),
                "missing": len(done.missing),
                "sent-bits": done.sent_bits,
                "returned-bits": done.returned_bits,
            }
        )
        return None if average is None else to_record(average), metrics
