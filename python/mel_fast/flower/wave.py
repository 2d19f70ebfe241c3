"""Messages that go out together, and what comes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from flwr.app import ConfigRecord, Message, MessageType, RecordDict

from mel_fast._base.untrusted import plain
from mel_fast._base.validation import IntColumn
from mel_fast.flower.wire.messages import ORDER, REPORT, Order, Report
from mel_fast.flower.wire.records import Arrays, bits_of, put_model, take_model
from mel_fast.orchestrate import Orchestrator, Round
from mel_fast.payload import Recipe

_ERRORS = {
    0: "failed",
    1: "its ClientApp could not be loaded",
    2: "its ClientApp failed",
    3: "was not there in time: its message expired",
    4: "did not answer",
    5: "is gone: its node is offline",
    6: "a mod of it failed",
    7: "its app is not valid",
    8: "its ClientApp crashed",
}
"""Flower's codes."""

_SUPERLINKS = (3, 4, 5, 8)
"""Those that the SuperLink or SuperNode gives, in the same words for everybody."""

CONFIG = "config"
_ROUNDING = 1e-9  # relative; reported seconds that are added up
_LONGEST_REASON = 300


class Wave:
    """One planned round on its way: orders out, models in.

    Parameters
    ----------
    loop
        Whose round under way it is, and who is told how it went.
    round
        The round.
    nodes
        The node of each learner.
    away
        Who is not there, and why.
    model
        The global model, to be sent.
    recipe, send_recipe
        How models are encoded on their way back, and on their way out.
    indices
        Parallelized learning: the samples that are dealt; None otherwise.
    ttl_s
        Seconds after which Flower forgets a message.
    config
        Of the strategy's `start`: sent along where it holds anything.
    group
        Flower's number of the round.
    rng
        Of stochastic rounding.
    done
        Samples that learners have trained on in a wave of the same round before.

    Attributes
    ----------
    messages : list of Message
        To be sent.
    orders : dict of str to Order
        By learner.
    sitting_out : dict of str to str
        Who has nothing to do, and why.
    models : dict of str to dict
        What came back and can be used.
    reports : dict of str to Report
        What those say who answered sensibly.
    reasons : dict of str to str
        Why something of the others cannot be used.
    sent_bits, returned_bits : int
        Of models, both ways, as measured from the messages.
    """

    def __init__(
        self,
        loop: Orchestrator,
        round: Round,
        nodes: Mapping[str, int],
        away: Mapping[str, str],
        model: Arrays,
        *,
        recipe: Recipe | None,
        send_recipe: Recipe | None,
        indices: IntColumn | None,
        ttl_s: float,
        config: ConfigRecord,
        group: int,
        rng: np.random.Generator,
        done: Mapping[str, int],
    ) -> None:
        self.round = round
        self.sitting_out = {**round.sitting_out, **away}
        self.models: dict[str, Arrays] = {}
        self.reports: dict[str, Report] = {}
        self.reasons: dict[str, str] = {}
        self.returned_bits = 0
        self._loop, self._model = loop, model
        self._sample_bits = loop.task.sample_bits
        out = RecordDict()
        put_model(out, model, send_recipe, None, rng)
        self._known = take_model(out, None, None)  # as the clients see it
        self._model_bits = bits_of(out)
        self.orders = dict(self._orders(recipe, indices, done))
        self.sent_bits = self._model_bits * len(self.orders)
        also = {CONFIG: config} if config else {}
        self.messages = [
            Message(
                RecordDict({**out, **also, ORDER: order.record()}),
                nodes[name],
                MessageType.TRAIN,
                ttl=ttl_s,
                group_id=str(group),
            )
            for name, order in self.orders.items()
        ]

    def _orders(
        self, recipe: Recipe | None, indices: IntColumn | None, done: Mapping[str, int]
    ) -> Iterator[tuple[str, Order]]:
        first = 0
        for name, job in self.round.assignments.items():
            if job.samples == 0:  # it has nothing to do, which it does in time
                self._loop.observe(name, arrived=True)
                continue
            end = first + job.samples
            order = Order(
                self.round.number,
                job.samples,
                job.tau,
                job.deadline_s,
                job.bandwidth_hz,
                job.power_w,
                recipe,
                None if indices is None else indices[first:end],
                done.get(name, 0),
            )
            yield name, order
            first = end

    def receive(self, replies: Iterable[Message]) -> None:
        """Take replies; whatever they hold, the run goes on."""
        names = dict(
            zip((one.metadata.message_id for one in self.messages), self.orders, strict=True)
        )
        for reply in replies:
            name = names.pop(reply.metadata.reply_to_message_id, None)
            if name is None:
                continue
            if reply.has_error():
                told = "" if reply.error.code in _SUPERLINKS else reply.error.reason or ""
                said = plain(told, 120)
                why = _ERRORS.get(reply.error.code, f"failed with code {reply.error.code}")
                self.reasons[name] = f"{why} ({said})" if said else why
                self._loop.observe(name, arrived=False)
                continue
            try:
                self._take(name, reply.content)
            except Exception as error:  # from a client: it is left out, the run goes on
                self.models.pop(name, None)
                self.reasons[name] = plain(str(error), _LONGEST_REASON)
                self._loop.refuse(name, self.reasons[name])
        for name in names.values():
            self.reasons[name] = "did not answer"

    def _take(self, name: str, content: RecordDict) -> None:
        order = self.orders[name]
        report = Report.read(content, name, order)
        self.models[name] = take_model(content, self._model, self._known)
        returned = bits_of(RecordDict({k: part for k, part in content.items() if k != REPORT}))
        deadline_s = self.round.cycle_s
        known_s = (report.send_s or 0.0) + report.compute_s + (report.return_s or 0.0)
        late = known_s > deadline_s * (1.0 + _ROUNDING)
        wrong = self._loop.observe(
            name,
            send_s=report.send_s,
            compute_s=report.compute_s,
            return_s=report.return_s,
            arrived=False if late else None,
            sent_bits=self._model_bits + self._sample_bits * order.samples,
            returned_bits=returned,
        )
        if wrong is not None:
            del self.models[name]
            self.reasons[name] = plain(wrong, _LONGEST_REASON)
            return
        if late:
            self.reasons[name] = f"took {known_s:.6g} s of {deadline_s:.6g} s"
        self.returned_bits += returned
        self.reports[name] = report

    def indices_of(self, names: Iterable[str]) -> IntColumn | None:
        """Return the samples of some learners, to be dealt again; None in federated learning."""
        found = [self.orders[name].indices for name in names if name in self.orders]
        dealt = [part for part in found if part is not None]
        return np.concatenate(dealt) if dealt else None
