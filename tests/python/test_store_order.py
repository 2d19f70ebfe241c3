"""A store beside a dictionary: versions published, rolled back and pruned in any order."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import mel_fast as mel

pytest.importorskip("sqlalchemy", reason="needs the extra [store]")

from test_store_versions import LAYOUTS, model, same


class Versions(RuleBasedStateMachine):
    """A store beside a dictionary of everything that was published."""

    url = layout = ""
    models = 0

    @initialize(seed=st.integers(0, 2**20))
    def open(self, seed):
        self.store = mel.store.open(self.url, self.layout)
        Versions.models += 1
        self.name = f"model {Versions.models}"
        self.rng = np.random.default_rng(seed)
        self.kept: dict[int, dict] = {}
        self.current = self.production = self.last = 0

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()

    def number(self, data) -> int:
        return data.draw(st.sampled_from(sorted(self.kept)))

    @rule(data=st.data(), share=st.sampled_from([0.0, 0.02, 0.4, 1.0]), production=st.booleans())
    def publish(self, data, share, production):
        parent = data.draw(st.none() | st.sampled_from(sorted(self.kept))) if self.kept else None
        arrays = model(0)
        if self.kept:
            upon = self.kept[parent or self.current]
            arrays = {name: array.copy() for name, array in upon.items()}
        change = self.rng.random(arrays["w"].shape) < share
        values = self.rng.choice([0.0, 1.5, self.rng.standard_normal()], change.sum())
        arrays["w"][change] = values
        self.last = self.current = self.store.publish(self.name, arrays, parent, production)
        self.kept[self.last] = arrays
        self.production = self.last if production else self.production

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def publish_an_old_one_again(self, data):
        again = self.kept[self.number(data)]
        self.last = self.current = self.store.publish(self.name, again)
        self.kept[self.last] = again

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def change_between_any_two(self, data):
        have, want = self.number(data), self.number(data)
        change = self.store.delta(self.name, have, want)
        read = mel.store.Delta.from_bytes(change.to_bytes())
        assert change.bits == 8 * len(change.to_bytes())
        assert same(read.apply(self.kept[have]), self.kept[want])

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def roll_back(self, data):
        self.current = self.number(data)
        self.store.roll_back(self.name, self.current)

    @precondition(lambda self: self.kept)
    @rule(keep=st.integers(1, 4))
    def prune(self, keep):
        stay = {*sorted(self.kept)[-keep:], self.current, self.production}
        gone = sorted(set(self.kept) - stay)
        assert self.store.prune_history(self.name, keep) == gone
        for number in gone:
            del self.kept[number]

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def reopen(self, data):
        self.store.close()
        self.store = mel.store.open(self.url, self.layout)

    @invariant()
    def it_is_what_the_dictionary_says(self):
        if not getattr(self, "kept", None):
            return
        assert [one.number for one in self.store.history(self.name)] == sorted(self.kept)
        assert same(self.store.pull(self.name), self.kept[self.current])
        for number, arrays in self.kept.items():
            assert same(self.store.pull(self.name, number), arrays)
        assert self.store.verify(self.name).ok


def check_versions(url: str, layout: str, examples: int, steps: int) -> None:
    machine = type("Machine", (Versions,), {"url": url, "layout": layout}).TestCase
    machine.settings = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    machine("runTest").runTest()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_order_of_publishing_rolling_back_and_pruning(url, layout):
    check_versions(url, layout, examples=2, steps=8)


@pytest.mark.long
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_order_of_publishing_rolling_back_and_pruning_at_length(url, layout):
    check_versions(url, layout, examples=60, steps=40)
