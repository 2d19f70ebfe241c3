"""Who there is: learners by name, who join, leave and change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import (
    MAX_INTEGER,
    IntColumn,
    did_you_mean,
    integer,
    name_column,
    real,
)
from mel_fast.model.columns import ALWAYS, COLUMNS, LABELS, check_pairs
from mel_fast.model.learners import Learners
from mel_fast.model.payload import Payload, payload_of
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.orchestrate.estimates.links import Link
from mel_fast.scenarios.table import read_table

NEUTRAL: Mapping[str, Any] = {
    "min_samples": 0,
    "max_samples": MAX_INTEGER,
    "max_bandwidth_hz": np.inf,
    "max_power_w": np.inf,
    "energy_j": np.inf,
    "energy_per_flop_j": 0.0,
    "energy_coefficient": 0.0,
    "min_flops_per_s": 0.0,
    "optional": False,
    "weight": 1.0,
}
"""What a column says of a learner that it does not limit."""

KEPT = tuple(name for name in COLUMNS if name not in LABELS)
"""The columns of a fleet."""

_MEASURED = ("samples", "tau", "send_s", "compute_s", "bandwidth_hz", "power_w")

TOLD = ("gain", "flops_per_s")
"""What a learner may be told to have, and what is then measured."""


class Fleet:
    """Learners by name; they join, leave and change between rounds.

    Parameters
    ----------
    learners
        Whom the fleet begins with, a :class:`mel_fast.Learners`; without names of their own they
        are called ``"0"``, ``"1"`` and so on. None: nobody yet.

    Raises
    ------
    TypeError
        For what is no Learners.

    Notes
    -----
    ``len(fleet)``, ``name in fleet`` and iteration over the names work. Columns that limit
    something may be given for some learners only: they do not limit the others.

    Examples
    --------
    >>> import mel_fast as mel
    >>> fleet = mel.orchestrate.Fleet(mel.Learners([1e9, 2e9], 1e-9, 5e6, 0.2, names=["a", "b"]))
    >>> fleet.update("a", gain=2e-9)
    >>> fleet.join(mel.Learners([3e9], 1e-9, 5e6, 0.2, max_samples=500, names=["c"]))
    >>> fleet.leave("b")
    >>> list(fleet), fleet.learners.max_samples.tolist()
    (['a', 'c'], [9007199254740992, 500])
    """

    def __init__(self, learners: Learners | None = None) -> None:
        self.ids: IntColumn = np.empty(0, dtype=np.int64)
        """A number of each learner's own, never used again; ascending."""
        self.told: dict[str, IntColumn] = {name: np.empty(0, dtype=np.int64) for name in TOLD}
        """How often each learner's gain and speed were told."""
        self.version = 0
        """Goes up with every change."""
        self._names: list[str] = []
        self._places: dict[str, int] = {}
        self._columns: dict[str, NDArray[Any]] = {}
        self._next = 0
        if learners is not None:
            _need_learners(learners)
            if learners.names is None:
                learners = learners.replace(names=[str(k) for k in range(len(learners))])
            self.join(learners)

    @classmethod
    def from_table(cls, path: str | PathLike[str]) -> Self:
        """Build a fleet from a CSV or Parquet file with one row a learner.

        The columns are those of :class:`mel_fast.Learners`, names are headed ``name``.

        Raises
        ------
        ValueError, TypeError
            Naming the file, and the column and row where one is wrong.
        OSError
            When the file cannot be read.
        """
        columns: dict[str, Any] = read_table(Path(path))
        missing = [name for name in ALWAYS if name not in columns]
        if missing:
            raise ValueError(f"{shown(Path(path).name)}: missing columns {', '.join(missing)}")
        return cls(Learners(**columns))

    @classmethod
    def from_reports(
        cls, reports: Iterable[Mapping[str, Any]], **common: Any
    ) -> tuple[Self, dict[str, str]]:
        """Build a fleet from what clients say of themselves; whoever makes no sense stays outside.

        Parameters
        ----------
        reports
            For each client a mapping with ``name`` and columns of `Learners`.
        common
            Columns that hold for every client that does not say otherwise.

        Returns
        -------
        Fleet, dict of str to str
            And why whoever is not in it was refused, by name (or ``report 3`` without one).
        """
        fleet, refused = cls(), dict[str, str]()
        for number, report in enumerate(reports):
            name = report.get("name") if isinstance(report, Mapping) else None
            label = name if isinstance(name, str) else f"report {number}"
            try:
                if isinstance(report, Mapping) and "measured" in report:
                    raise ValueError(report["measured"])
                fleet.add(**{**common, **report})
            except (ValueError, TypeError) as error:
                if name in fleet._places:  # two with one name: the first keeps it
                    label = f"{label} (report {number})"
                refused[label] = str(error)[:300]
        return fleet, refused

    @classmethod
    def from_times(
        cls,
        task: LearningTask,
        radio: Radio,
        measured: Iterable[Mapping[str, Any]],
        payload: Payload | None = None,
        **common: Any,
    ) -> tuple[Self, dict[str, str]]:
        """Build a fleet from how long sending and computing took; nonsense stays outside.

        Parameters
        ----------
        task, radio, payload
            What was learnt, over which link.
        measured
            For each client a mapping with ``name``, ``samples``, ``tau``, ``compute_s``, and
            ``send_s`` at ``bandwidth_hz`` and ``power_w``; other entries are columns of `Learners`.
        common
            Columns that hold for every client that does not say otherwise.

        Returns
        -------
        Fleet, dict of str to str
            As for `from_reports`.
        """
        whole = payload_of(task, payload)

        def told(entry: Any) -> Any:
            if not isinstance(entry, Mapping) or not set(_MEASURED) <= set(entry):
                return entry
            count = integer("samples", entry["samples"], low=1)
            tau = integer("tau", entry["tau"], low=1)
            given = {name: real(name, entry[name]) for name in _MEASURED[2:]}
            noise = radio.noise * (given["bandwidth_hz"] if radio.law == "density" else 1.0)
            bits = whole.send_bits + whole.send_bits_per_sample * count
            numbers = (bits, given["bandwidth_hz"], given["power_w"], noise)
            link = Link(*(np.array([float(number)]) for number in numbers))
            speed = tau * count * float(whole.flops_per_sample) / given["compute_s"]
            gain = float(link.gain(np.array([given["send_s"]]))[0])
            rest = {name: value for name, value in entry.items() if name not in _MEASURED}
            return {**rest, "flops_per_s": speed, "gain": gain}

        def each() -> Iterator[Any]:
            for entry in measured:
                try:
                    yield told(entry)
                except (ValueError, TypeError) as error:
                    yield {"name": entry.get("name"), "measured": str(error)}

        return cls.from_reports(each(), **common)

    def add(self, name: str, **columns: Any) -> None:
        """Let one learner join.

        Raises
        ------
        ValueError, TypeError
            For a name that is taken, and what `Learners` refuses.
        """
        self.join(Learners(**columns, names=[name], count=1))

    def join(self, learners: Learners) -> None:
        """Let learners join; all of them or, where something is wrong, none.

        Raises
        ------
        ValueError, TypeError
            For learners without names, and for a name that is taken.
        """
        _need_learners(learners)
        if learners.names is None:
            raise ValueError("learners have no names: who joins a fleet needs one each")
        names = [str(name) for name in learners.names]
        for name in names:
            if name in self._places:
                raise ValueError(f"names: there is a learner {shown(name)} in the fleet already")
        given = learners.columns()
        given.pop("names")
        count, size = len(names), len(self)
        merged: dict[str, NDArray[Any]] = {}
        for name in KEPT:
            if name not in given and name not in self._columns:
                continue
            dtype = COLUMNS[name].dtype
            everybody = name in given and (name in self._columns or not size)
            if name not in NEUTRAL and not everybody:
                raise ValueError(f"{name}: must be given for all learners of a fleet, or for none")
            mine = self._columns.get(name, np.full(size, NEUTRAL.get(name, 0), dtype=dtype))
            theirs = given.get(name, np.full(count, NEUTRAL.get(name, 0), dtype=dtype))
            merged[name] = np.concatenate((mine, theirs))
        self._columns = merged
        self._places.update(zip(names, range(size, size + count), strict=True))
        self._names = self._names + names
        self.ids = np.concatenate((self.ids, np.arange(self._next, self._next + count)))
        self._next += count
        for name in TOLD:
            self.told[name] = np.concatenate((self.told[name], np.ones(count, dtype=np.int64)))
        self.version += 1

    def leave(self, name: str) -> None:
        """Let a learner go.

        Raises
        ------
        ValueError
            For a name that no learner has.
        """
        place = self.place(name)
        self._names = self._names[:place] + self._names[place + 1 :]
        self._places = {kept: k for k, kept in enumerate(self._names)}
        self._columns = {key: np.delete(column, place) for key, column in self._columns.items()}
        self.ids = np.delete(self.ids, place)
        self.told = {key: np.delete(column, place) for key, column in self.told.items()}
        self.version += 1

    def update(self, name: str, **columns: Any) -> None:
        """Change what is known of a learner; all that is given or, where one is wrong, nothing.

        Parameters
        ----------
        name
            Which learner.
        columns
            Numbers for columns of `Learners`. A `gain` or `flops_per_s` that is told is what the
            estimates go on from.

        Raises
        ------
        ValueError, TypeError
            For a name that no learner has, an unknown column, and what `Learners` refuses.
        """
        place, checked = self.place(name), dict[str, Any]()
        for key, value in columns.items():
            if key not in KEPT:
                raise ValueError(f"{shown(key)} is no column{did_you_mean(str(key), KEPT)}")
            checked[key] = COLUMNS[key].check(key, value)
            if key not in self._columns and key not in NEUTRAL:
                raise ValueError(f"{key}: must be given for all learners of a fleet, or for none")
            if isinstance(checked[key], np.ndarray):
                raise TypeError(f"{key} is a column: must be one number, for learner {name!r}")
        present = dict.fromkeys((*self._columns, *checked), True)
        check_pairs(present)
        low = checked.get("min_samples", self._entry("min_samples", place))
        high = checked.get("max_samples", self._entry("max_samples", place))
        if low > high:
            raise ValueError(f"max_samples = {high}: must be at least min_samples = {low}")
        for key, value in checked.items():
            if key not in self._columns:
                self._columns[key] = np.full(len(self), NEUTRAL[key], dtype=COLUMNS[key].dtype)
            self._columns[key][place] = value
            if key in TOLD:
                self.told[key][place] += 1
        self.version += 1

    def _entry(self, key: str, place: int) -> Any:
        column = self._columns.get(key)
        return NEUTRAL[key] if column is None else column[place]

    def place(self, name: str) -> int:
        """Return where a learner stands.

        Raises
        ------
        ValueError
            For a name that no learner has.
        """
        if isinstance(name, str) and name in self._places:
            return self._places[name]
        hint = did_you_mean(name, self._places) if isinstance(name, str) else ""
        raise ValueError(f"there is no learner {shown(name)} in the fleet{hint}")

    def find(self, name: str) -> int | None:
        """Return where a learner stands, None where there is none of that name."""
        return self._places.get(name)

    def column(self, name: str) -> NDArray[Any] | None:
        """Return one column of all learners, None where nobody has it; not to be written to."""
        return self._columns.get(name)

    def columns(self, places: Any = slice(None)) -> dict[str, Any]:
        """Return copies of the columns of some learners, without their names."""
        return {name: column[places].copy() for name, column in self._columns.items()}

    @property
    def names(self) -> list[str]:
        """Return the names in the fleet's order."""
        return list(self._names)

    @property
    def listed(self) -> Sequence[str]:
        """The names in the fleet's order, as they are now and stay."""
        return self._names

    @property
    def learners(self) -> Learners:
        """Return all learners as they were told.

        Raises
        ------
        ValueError
            When the fleet is empty.
        """
        if not self._names:
            raise ValueError("the fleet is empty: it has no learners")
        return Learners(**self.columns(), names=name_column("names", self._names))

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __repr__(self) -> str:
        return f"Fleet({len(self)} learners)"


def _need_learners(learners: Any) -> None:
    if not isinstance(learners, Learners):
        raise TypeError(f"learners is a {type(learners).__name__}: must be a Learners")


guard(__name__)
