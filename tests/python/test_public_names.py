"""Every public name says what it is: parameters, units, what it raises; its example runs."""

import dataclasses
import doctest
import importlib
import inspect
import re
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

import mel_fast as mel

MODULES = ("mel_fast", *(f"mel_fast.{name}" for name in mel._MODULES))
NEEDS = {"cp_sat": "ortools", "flower": "flwr", "learning": "sklearn", "store": "sqlalchemy"}

# What an example cannot run here: processes, a served store, a network, data that is not there.
SHOWN_ONLY = {
    "flower.Loopback": "test_flower_loopback",
    "flower.PlannedFedAvg": "test_howto",
    "flower.PolledGrid": "test_flower_strategy",
    "learning.TorchModel": "test_train_optimisers",
    "learning.load": "test_learning_inputs",
    "learning.openml": "test_learning_inputs",
    "learning.read_mnist": "test_learning_inputs",
    "store.AsyncClient": "test_store_service",
    "store.Client": "test_store_service",
    "tiers.Cluster": "test_tiers_live",
    "tiers.LiveRun": "test_tiers_live",
    "tiers.cluster": "test_tiers_live",
    "tiers.run": "test_tiers_live",
}
RAISES_NOTHING = {"reference.random_limits", "reference.random_tau", "reference.solve"}
CALLED = {"callback", "progress", "threads"}  # explained once, in docs/api.md


def public():
    """Yield every public name once, as (name, object), modules and numbers left out."""
    seen = set()
    for module in MODULES:
        short = module.removeprefix("mel_fast").lstrip(".")
        if NEEDS.get(short) and not find_spec(NEEDS[short]):
            continue
        loaded = importlib.import_module(module)
        for name in loaded.__all__:
            thing = getattr(loaded, name)
            documented = inspect.isclass(thing) or inspect.isroutine(thing)
            if documented and not hasattr(thing, "__origin__") and id(thing) not in seen:
                seen.add(id(thing))
                yield f"{short}.{name}".lstrip("."), thing


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # other packages' own, while they are imported
    NAMES = dict(public())


def parts(thing) -> tuple[str, str]:
    """Return a docstring, and what its sections Parameters and Attributes name."""
    text = inspect.getdoc(thing) or ""
    found = re.findall(
        r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}|\Z)", text, re.M | re.S
    )
    heads = [
        line.split(" : ")[0] for body in found for line in body.splitlines() if line[:1].strip()
    ]
    return text, " ".join(heads)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_it_is_documented(name):
    thing = NAMES[name]
    text, named = parts(thing)
    assert len(text.split("\n")[0]) > 10
    assert ">>> " in text, "has no example"
    error = inspect.isclass(thing) and issubclass(thing, BaseException)
    if dataclasses.is_dataclass(thing):
        wanted = [
            field.name for field in dataclasses.fields(thing) if not field.name.startswith("_")
        ]
        own = inspect.getsource(thing)
        missing = [f for f in wanted if not re.search(rf"\b{f}\b", named) and f"{f}:" not in own]
        assert not missing, f"does not say what these are: {missing}"
    if inspect.isroutine(thing):
        signature = inspect.signature(thing)
        said = " ".join(text.split())
        missing = [
            argument
            for argument in signature.parameters
            if argument not in CALLED and not re.search(rf"\b{argument.strip('*')}\b", said)
        ]
        assert not missing, f"does not say what these are: {missing}"
        assert (
            text.startswith("Return ")
            or "Returns\n---" in text
            or "Yields\n---" in text
            or signature.return_annotation is None
        )
        assert (
            name in RAISES_NOTHING
            or not signature.parameters
            or "Raises\n---" in text
            or " raises" in text.lower()
        )
    if not error and inspect.isclass(thing):
        for member, value in vars(thing).items():
            function = value.fget if isinstance(value, property) else value
            if not member.startswith("_") and inspect.isfunction(function):
                assert inspect.getdoc(getattr(thing, member)), f"{member} is not documented"


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(SHOWN_ONLY)))
def test_its_example_prints_what_it_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = inspect.getdoc(NAMES[name])
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert any(doctest.SKIP not in line.options for line in example.examples)
    said = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed = doctest.DocTestRunner(optionflags=flags).run(example, out=said.append).failed
    assert not failed, "".join(said)


def test_what_is_only_shown_is_tested_in_a_file_of_its_own():
    for file in SHOWN_ONLY.values():
        assert (Path(__file__).parent / f"{file}.py").is_file()
    if all(map(find_spec, NEEDS.values())):
        assert set(SHOWN_ONLY) <= set(NAMES)
