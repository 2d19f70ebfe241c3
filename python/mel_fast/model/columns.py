"""The table of a learner's columns: what each is called, how it is checked, where it counts.

Everything that goes through the columns follows it: the constructor's checks, `replace` and `take`,
batches, plan files, scenario files with their template, CSV and Parquet, the list of limits that
`explain` works through, the table in docs/model.md. A new column is a line here, its argument in
`Learners`, and its meaning in the core. The checker keeps a list of its own on purpose.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import (
    count_or_column,
    did_you_mean,
    flag_column,
    limit_column,
    most_or_column,
    name_column,
    scalar_or_column,
)
from mel_fast.model import grammar

Role = Literal["always", "link", "limit", "choice", "label"]


class Column(NamedTuple):
    """One column of the learners."""

    name: str
    """The argument of `Learners`, the key of files."""
    symbol: str
    """In the formulas of the docs; '' for none."""
    unit: str
    meaning: str
    """One line: for the docs and for the comment in a scenario file."""
    check: Callable[[str, Any], Any]
    """From what a user gives to a scalar or a column, or a ValueError or TypeError."""
    dtype: type[np.generic] = np.float64
    role: Role = "limit"
    """``always``: every learner has it; ``link``: where that link's rate is constant; ``limit``:
    may be left out; ``choice``: says who may sit out, and what samples are worth; ``label``:
    plans nothing."""
    needs: str | None = None
    """Another column without which this one is refused."""
    template: str | None = None
    """How a scenario file shows it; None where it stands there already."""
    since: int = 1
    """The first version of plan files that have it."""
    header: str | None = None
    """The head of the column in a table with one row a learner, where it is not the name."""

    def read(self, entries: object) -> Any:
        """Return what stands in a plan file.

        Raises
        ------
        ValueError
            For what is no column of the kind.
        """
        readers: dict[type[np.generic], Callable[[str, object], Any]] = {
            np.float64: grammar.column,
            np.int64: grammar.counts,
            np.str_: grammar.texts,
            np.bool_: grammar.flags,
        }
        return readers[self.dtype](self.name, entries)

    @property
    def head(self) -> str:
        """The head of the column in a table with one row a learner."""
        return self.header or self.name


_cap = partial(limit_column, also=(0.0, np.inf))
_or_zero = partial(limit_column, also=(0.0,))

COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        column.name: column
        for column in (
            Column(
                "flops_per_s", "f_k", "flop/s", "computing speed", scalar_or_column, role="always"
            ),
            Column("gain", "h_k", "", "channel power gain, 0 in outage", _or_zero, role="always"),
            Column(
                "return_bandwidth_hz", "B_R", "Hz", "bandwidth of the return", scalar_or_column,
                role="link", needs="return_power_w",
            ),
            Column(
                "return_power_w", "P_R", "W", "power of the return", scalar_or_column,
                role="link", needs="return_bandwidth_hz",
            ),
            Column(
                "send_bandwidth_hz", "B_S", "Hz",
                "bandwidth towards it, where the return is shared", scalar_or_column,
                role="link", needs="send_power_w", since=2,
            ),
            Column(
                "send_power_w", "P_S", "W", "power towards it, where the return is shared",
                scalar_or_column, role="link", needs="send_bandwidth_hz", since=2,
            ),
            Column(
                "min_samples", "d_k", "samples", "samples that it gets at least", count_or_column,
                np.int64, template="0",
            ),
            Column(
                "max_samples", "d_k", "samples", "at most: in federated learning, those it has",
                most_or_column, np.int64, template="60_000",
            ),
            Column("max_bandwidth_hz", "B_k", "Hz", "most of B", _cap, template="inf"),
            Column("max_power_w", "P_k", "W", "most of P", _cap, template="inf"),
            Column(
                "energy_j", "E_k", "J", "to compute and return with, in one global cycle", _cap,
                template="inf",
            ),
            Column(
                "energy_per_flop_j", "e_k", "J/flop", "goes with energy_j", _or_zero,
                needs="energy_j", template="1e-10",
            ),
            Column(
                "energy_coefficient", "kappa_k", "J s^2/flop^3",
                "energy of a flop over the square of the speed, which is then chosen", _or_zero,
                template="1e-28", since=2,
            ),
            Column(
                "min_flops_per_s", "f_min", "flop/s", "least speed, where it is chosen", _or_zero,
                needs="energy_coefficient", template="0.0", since=2,
            ),
            Column(
                "optional", "", "", "may sit out although it has a minimum", flag_column,
                np.bool_, role="choice", template="true", since=2,
            ),
            Column(
                "weight", "w_k", "", "what one of its samples is worth, for mel.most",
                scalar_or_column, role="choice", template="1.0", since=2,
            ),
            Column(
                "names", "", "", "what the learners are called", name_column, np.str_,
                role="label", template='["roof", "van"]', since=2, header="name",
            ),
        )
    }
)  # fmt: skip

ALWAYS = tuple(name for name, column in COLUMNS.items() if column.role == "always")
LINKS = tuple(name for name, column in COLUMNS.items() if column.role == "link")
LIMITS = tuple(name for name, column in COLUMNS.items() if column.role == "limit")
CHOICES = tuple(name for name, column in COLUMNS.items() if column.role == "choice")
LABELS = tuple(name for name, column in COLUMNS.items() if column.role == "label")
SPEEDS = ("energy_coefficient", "min_flops_per_s")
"""What says how fast a learner may compute, and at what energy."""
NUMBERS = (*ALWAYS, *LINKS, *LIMITS)
"""What decides a plan: all that the core is told of a learner."""


def version_of(given: Iterable[str]) -> int:
    """Return the first version of plan files that has all of these columns."""
    return max((COLUMNS[name].since for name in given), default=1)


def check_pairs(given: Mapping[str, Any]) -> None:
    """Refuse columns that are given without the one that they need.

    Raises
    ------
    ValueError
        Naming both.
    """
    for name, column in COLUMNS.items():
        if column.needs and given.get(name) is not None and given.get(column.needs) is None:
            raise ValueError(
                f"{name} is given without {column.needs}: both must be given or neither"
            )
    energies = [
        name for name in ("energy_per_flop_j", "energy_coefficient") if given.get(name) is not None
    ]
    if len(energies) > 1:
        raise ValueError(f"{' and '.join(energies)}: only one of the two may be given")
    if not energies and given.get("energy_j") is not None:
        raise ValueError(
            "energy_j is given without energy_per_flop_j: both must be given or neither "
            "(or energy_coefficient, where the speed is chosen)"
        )


def numbered(learners: Any, names: Any, field: str) -> Any:
    """Return learners that are called by name by their numbers; a mapping keeps its values.

    What calls no learner by name comes back as it is.

    Raises
    ------
    ValueError
        For a name that no learner has.
    """
    if isinstance(learners, np.ndarray) and learners.dtype.kind in "biuf":
        return learners
    words = learners.tolist() if isinstance(learners, np.ndarray) else learners
    if not isinstance(words, Mapping | list | tuple):
        return learners
    if not any(isinstance(word, str) for word in words):
        return learners
    places = {} if names is None else {str(name): k for k, name in enumerate(names)}

    def number(word: Any) -> Any:
        if not isinstance(word, str):
            return word
        if word not in places:
            hint = did_you_mean(word, places) if places else "; the learners have no names"
            raise ValueError(f"{field}: there is no learner {shown(word)}{hint}")
        return places[word]

    if isinstance(words, Mapping):
        return {number(word): value for word, value in words.items()}
    return [number(word) for word in words]
