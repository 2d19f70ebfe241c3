"""Flower without processes: a Grid whose nodes answer at once, by functions of the tests."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import numpy as np
import pytest

import mel_fast as mel

pytest.importorskip("flwr", reason="needs the extra [flower]")

from flwr.app import ArrayRecord, ConfigRecord, Error, Message, MessageType
from flwr.serverapp import Grid
from flwr.supercore.task_identity import TaskIdentity

from mel_fast.flower import Client, PlannedFedAvg, SimulatedRadio
from mel_fast.orchestrate import Fleet, Orchestrator

Answer = Callable[[Message], Message | None]

FEATURES = 4
RADIO = mel.Radio(bandwidth_hz=1e6, power_w=0.2, noise_density_w_per_hz=4e-21)
COLUMNS = {
    "flops_per_s": 1e6, "gain": 1e-11, "return_bandwidth_hz": 1e6, "return_power_w": 0.1,
    "max_samples": 100,
}  # fmt: skip


def task(samples: int = 120, setting: str = "federated") -> mel.LearningTask:
    return mel.LearningTask(
        samples=samples, features=FEATURES, feature_bits=8, fixed_parameters=FEATURES * 2 + 2,
        parameters_per_sample=0, parameter_bits=32, flops_per_sample=1e3, setting=setting,
    )  # fmt: skip


class FakeGrid(Grid):
    """Nodes by number; each answers with a function, or with what is no answer: None."""

    def __init__(self) -> None:
        self.nodes: dict[int, Answer] = {}
        self.sent: list[Message] = []
        self._waiting: dict[str, Message] = {}
        self._numbers = count(1)

    def get_node_ids(self) -> list[int]:
        return list(self.nodes)

    def push_messages(self, messages: Iterable[Message]) -> list[str]:
        names = []
        for message in messages:
            names.append(f"m{next(self._numbers)}")
            message.metadata.__dict__["_message_id"] = names[-1]
            self.sent.append(message)
            answer = self.nodes.get(message.metadata.dst_node_id)
            reply = gone(message) if answer is None else answer(message)
            if reply is not None:
                self._waiting[names[-1]] = reply
        return names

    def pull_messages(self, message_ids: Iterable[str]) -> list[Message]:
        return [self._waiting.pop(name) for name in list(message_ids) if name in self._waiting]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: Any = None
    ) -> list[Message]:
        return self.pull_messages(self.push_messages(messages))

    def set_run(self, run: Any) -> None:
        raise NotImplementedError

    @property
    def run(self) -> Any:
        raise NotImplementedError

    def create_message(self, *arguments: Any, **words: Any) -> Message:
        raise NotImplementedError

    def trained(self) -> dict[int, Message]:
        """The orders by node, and forget what was sent so far."""
        found = {
            one.metadata.dst_node_id: one
            for one in self.sent
            if one.metadata.message_type == MessageType.TRAIN
        }
        self.sent.clear()
        return found


def gone(message: Message) -> Message:
    """What the SuperLink says of a node that is offline: from node 1, not from the node."""
    reply = Message(Error(5, "Node Unavailable"), reply_to=message)
    reply.metadata.__dict__["_src_node_id"] = 1
    return reply


def fails(code: int) -> Answer:
    return lambda message: Message(Error(code, "broken"), reply_to=message)


class Plain:
    """A model of two arrays whose training adds the number of local cycles to each."""

    def __init__(self) -> None:
        self.parts = [np.zeros((FEATURES, 2), np.float32), np.zeros(2, np.float32)]
        self.seen: list[np.ndarray] = []

    def get_weights(self) -> list[np.ndarray]:
        return [part.copy() for part in self.parts]

    def set_weights(self, weights: Any) -> None:
        self.parts = [np.array(part) for part in weights]

    def train(self, x: np.ndarray, y: np.ndarray, local_cycles: int, rng: Any) -> None:
        self.seen.append(x)
        self.parts = [part + np.float32(local_cycles) for part in self.parts]

    def score(self, x: np.ndarray, y: np.ndarray) -> float:
        return 0.5


def client(name: str, radio: SimulatedRadio | None = None, **columns: float) -> Client:
    """A client on whose radio what is planned comes true, unless another is given."""
    x = np.arange(100.0 * FEATURES).reshape(100, FEATURES)
    columns = COLUMNS | columns
    radio = radio or radio_of(columns=columns)
    return Client(name, Plain(), x, np.arange(100) % 2, radio=radio, **columns)


def radio_of(setting: str = "federated", columns: Any = COLUMNS, **words: Any) -> SimulatedRadio:
    columns = {key: value for key, value in columns.items() if key != "max_samples"}
    return SimulatedRadio(task(setting=setting), RADIO, mel.Learners(**columns, count=1), **words)


def answers(one: Client) -> Answer:
    def answer(message: Message) -> Message:
        kind = message.metadata.message_type
        return one.join(message) if kind == MessageType.QUERY else one.train(message)

    return answer


class Federation:
    """An orchestrator, a strategy and nodes, round by round."""

    def __init__(self, clients: Iterable[Client], *, words: Any = None, **loop: Any) -> None:
        self.grid = FakeGrid()
        for node, one in enumerate(clients, 10):
            self.grid.nodes[node] = answers(one)
        settings = {"task": task(), "radio": RADIO, "cycle_s": 1.0} | loop
        self.loop = Orchestrator(settings.pop("fleet", Fleet()), **settings)
        self.strategy = PlannedFedAvg(
            self.loop, **({"wait_s": 0.0, "min_clients": 0} | (words or {}))
        )
        self.arrays = ArrayRecord(Plain().get_weights())
        self.number = 0

    def round(self) -> Any:
        """Run a round and return how it went."""
        self.number += 1
        messages = self.strategy.configure_train(
            self.number, self.arrays, ConfigRecord(), self.grid
        )
        replies = self.grid.send_and_receive(messages)
        arrays, self.metrics = self.strategy.aggregate_train(self.number, replies)
        if arrays is not None:
            self.arrays = arrays
        return self.strategy.history[-1]

    @property
    def weights(self) -> list[np.ndarray]:
        return self.arrays.to_numpy_ndarrays()


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Flower's processes have, and messages need."""
    for name, value in (("_task_id", 1), ("_run_id", 1), ("_node_id", 1)):
        monkeypatch.setattr(TaskIdentity, name, value)


def replies(change):
    """Train, and change the answer."""
    one = client("c1")

    def answer(message):
        if message.metadata.message_type == MessageType.QUERY:
            return one.join(message)
        reply = one.train(message)
        change(reply.content)
        return reply

    return answer


def three(**words):
    return [client(f"c{number}", radio_of(**words)) for number in range(3)]
