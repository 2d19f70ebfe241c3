"""The client's side: say who one is, train as one was asked to, report how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from flwr.app import Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from numpy.typing import NDArray

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import integer, name_column
from mel_fast.flower.clients.models import local_model
from mel_fast.flower.clients.radio import SimulatedRadio
from mel_fast.flower.wire.messages import LEARNER, REPORT, Order, Report, join_record
from mel_fast.flower.wire.records import ARRAYS, ENCODED, bits_of, put_model, take_model
from mel_fast.learning.partition import drawn

_CHOSEN, _TRAINED, _ROUNDED = 0, 1, 2  # streams of a client's randomness


class Client:
    """A learner that trains tau local cycles on d_k samples.

    Parameters
    ----------
    name
        By which the orchestrator knows it.
    model
        A :class:`mel_fast.learning.LocalModel` (such as `NumpyMLP`), a ``torch.nn.Module`` or an
        estimator of scikit-learn with ``partial_fit``.
    x, y
        Samples, shape (n, F), and labels or targets, shape (n,): its own in federated learning, all
        of the orchestrator's in parallelized learning.
    classes
        Labels 0, 1, ..., for scikit-learn's classifiers; None: as many as `y` has, or none where
        `y` holds no integers.
    radio
        A :class:`SimulatedRadio`: report its seconds. None: report the seconds that training
        took, by the clock.
    seed
        Of which samples are taken and in which order; together with name and round.
    optimiser, learning_rate, batch
        Of a PyTorch module.
    columns
        What it says of itself when it joins: columns of :class:`mel_fast.Learners`, such as
        ``flops_per_s=1e9, gain=1e-11, return_bandwidth_hz=1e6, return_power_w=0.2``. Without any
        the orchestrator must know it by name.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and what it must be.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> from mel_fast.flower import Client
    >>> model = mel.learning.NumpyMLP(64, hidden=(16,))
    >>> x, y = np.zeros((20, 64)), np.arange(20) % 10
    >>> client = Client("roof", model, x, y, max_samples=20, flops_per_s=1e9, gain=1e-11)
    >>> client.name
    'roof'
    """

    def __init__(
        self,
        name: str,
        model: Any,
        x: NDArray[Any],
        y: NDArray[Any],
        *,
        classes: int | None = None,
        radio: SimulatedRadio | None = None,
        seed: int = 0,
        optimiser: str = "sgd",
        learning_rate: float | None = None,
        batch: int = 32,
        **columns: float,
    ) -> None:
        self.name = str(name_column("name", [name])[0])
        self._x, self._y = np.asarray(x), np.asarray(y)
        if self._x.ndim < 2 or self._y.ndim != 1 or len(self._x) != len(self._y) or not len(y):
            raise ValueError(
                f"x has shape {self._x.shape} and y {self._y.shape}: must be (n, F) and (n,), n > 0"
            )
        if classes is None and self._y.dtype.kind in "iu":
            classes = int(self._y.max()) + 1
        self._model = local_model(
            model,
            int(np.prod(self._x.shape[1:])),
            classes,
            optimiser=optimiser,
            learning_rate=learning_rate,
            batch=batch,
        )
        self._radio = radio
        self._seed = integer("seed", seed, low=0)
        self._columns = join_record(self.name, columns)

    def join(self, message: Message) -> Message:
        """Answer the question who one is."""
        return Message(RecordDict({LEARNER: self._columns}), reply_to=message)

    def train(self, message: Message) -> Message:
        """Do what an order asks and return the model with a report.

        Raises
        ------
        ValueError, TypeError
            For an order that is none, or that asks for samples that are not there.
        """
        content = message.content
        order = Order.read(content)
        before = take_model(content, None, None)
        rows = self._rows(order)
        self._model.set_weights(list(before.values()))
        began = time.perf_counter()
        self._model.train(self._x[rows], self._y[rows], order.tau, self._rng(order, _TRAINED))
        took = time.perf_counter() - began
        after = dict(zip(before, map(np.asarray, self._model.get_weights()), strict=True))
        reply = RecordDict()
        put_model(reply, after, order.recipe, before, self._rng(order, _ROUNDED))
        reply[REPORT] = self._report(order, took, content, reply).record()
        return Message(reply, reply_to=message)

    def evaluate(self, message: Message) -> Message:
        """Return how well the model in a message does on the client's samples."""
        model = take_model(message.content, None, None)
        self._model.set_weights(list(model.values()))
        values: dict[str, Any] = {
            "accuracy": float(self._model.score(self._x, self._y)),
            "num-examples": len(self._x),
        }
        return Message(RecordDict({"metrics": MetricRecord(values)}), reply_to=message)

    def _report(self, order: Order, took: float, sent: RecordDict, back: RecordDict) -> Report:
        if self._radio is None:
            return Report(self.name, order.samples, order.tau, took)
        model = {key: part for key, part in sent.items() if key in (ARRAYS, ENCODED)}
        down = bits_of(RecordDict(model))
        times = self._radio.times(order, down, bits_of(back))
        send, compute, back_s = (float(part[0]) for part in times[:3])
        return Report(self.name, order.samples, order.tau, compute, send, back_s)

    def _rows(self, order: Order) -> NDArray[np.int64]:
        size = len(self._x)
        if order.indices is None:
            count = order.skip + order.samples
            return drawn(np.arange(size), count, self._rng(order, _CHOSEN))[order.skip :]
        if order.indices.max() >= size:
            raise ValueError(
                f"order: indices up to {order.indices.max()}: there are {size} samples"
            )
        return order.indices

    def _rng(self, order: Order, stream: int) -> np.random.Generator:
        skip = 0 if stream == _CHOSEN else order.skip  # the same order of samples in each wave
        name = list(self.name.encode())
        return np.random.default_rng([self._seed, order.round, stream, skip, *name])


def client_app(make: Callable[[Context], Client]) -> ClientApp:
    """Return a ClientApp that does what a :class:`Client` does.

    Parameters
    ----------
    make
        Makes the client from Flower's context (``context.node_config``, ``context.run_config``);
        called for every message, for each is a process of its own. What it raises makes Flower's
        reply an error, which the strategy reads.

    Examples
    --------
    >>> from mel_fast.flower import Client, client_app
    >>> def make(context):
    ...     columns = {"flops_per_s": 1e9, "gain": 1e-11, "max_samples": len(x)}
    ...     return Client(context.node_config["name"], model, x, y, **columns)
    >>> app = client_app(make)
    """
    app = ClientApp()

    def made(context: Context) -> Client:
        client = make(context)
        if not isinstance(client, Client):
            raise TypeError(f"make returned {shown(client)}: must return a Client")
        return client

    @app.query()
    def query(message: Message, context: Context) -> Message:
        return made(context).join(message)

    @app.train()
    def train(message: Message, context: Context) -> Message:
        return made(context).train(message)

    @app.evaluate()
    def evaluate(message: Message, context: Context) -> Message:
        return made(context).evaluate(message)

    return app
