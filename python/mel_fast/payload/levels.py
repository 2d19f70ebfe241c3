"""Payload levels: what a model costs on the air and in flops, and how well it classifies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from math import ceil
from os import PathLike
from typing import Any, overload

from mel_fast._base.arrow import Table
from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing.palette import BLUE, axis, canvas, styled
from mel_fast._base.untrusted import few, repeated, shown
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem
from mel_fast.payload.recipe import Recipe


@dataclass(frozen=True)
class Level:
    """One recipe, measured.

    Attributes
    ----------
    recipe
        What is done to what is sent.
    bits_down, bits_up
        Bits of the model to a learner and of what it returns; means over the seeds, rounded up.
    ratio
        Bits of the model as it is in memory, over `bits_up`.
    flops_per_sample
        Of one local cycle on one sample. Zeros save flops only where structure saves them: entries
        of a matrix count if their row and their column hold a number that is not zero.
    accuracy, spread
        Of what is received, on the test data: mean and standard deviation over the seeds. It is
        `accuracy_after` where there is one, else `accuracy_before`.
    accuracy_before, accuracy_after
        Before and after fine-tuning; None without fine-tuning.
    seeds
        How many runs the means are of.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.digits().limited(200, 100)
    >>> model = mel.learning.NumpyMLP(64, hidden=(8,))
    >>> (level,) = mel.payload.measure(model, data, [mel.payload.Recipe(bits=8)])
    >>> level.bits == level.bits_up, level.ratio > 3
    (True, True)
    """

    recipe: Recipe
    bits_down: int
    bits_up: int
    ratio: float
    flops_per_sample: float
    accuracy: float
    spread: float
    accuracy_before: float
    accuracy_after: float | None
    seeds: int

    @property
    def bits(self) -> int:
        """Bits of what a learner returns, as `bits_up`."""
        return self.bits_up

    @property
    def label(self) -> str:
        """The recipe in a few words."""
        return self.recipe.label


class Levels(Sequence[Level], Table):
    """Measured levels in the order of their recipes: a sequence that prints as a table.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.digits().limited(200, 100)
    >>> model = mel.learning.NumpyMLP(64, hidden=(8,))
    >>> recipes = [mel.payload.Recipe(), mel.payload.Recipe(bits=4)]
    >>> levels = mel.payload.measure(model, data, recipes)
    >>> len(levels), levels[1].bits < levels[0].bits
    (2, True)
    >>> problem = levels.problem(mel.scenarios.table1(learners=4), 1)
    >>> problem.payload.send_bits == levels[1].bits_down
    True
    """

    def __init__(self, rows: Sequence[Level]) -> None:
        self.rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Level]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> Level: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Level, ...]: ...
    def __getitem__(self, index: int | slice) -> Level | tuple[Level, ...]:
        return self.rows[index]

    def __repr__(self) -> str:
        return self.table()

    def table(self) -> str:
        """Return the levels as a table in Markdown."""
        head = "level | bits down | bits up | ratio | flops a sample | before % | after % | spread"
        lines = [f"| {head} |", "|" + "---|" * 8]
        for row in self.rows:
            after = "-" if row.accuracy_after is None else f"{100 * row.accuracy_after:.2f}"
            lines.append(
                f"| {row.label} | {row.bits_down:,} | {row.bits_up:,} | {row.ratio:.1f} "
                f"| {row.flops_per_sample:,.0f} | {100 * row.accuracy_before:.2f} | {after} "
                f"| {100 * row.spread:.2f} |"
            )
        return "\n".join(lines)

    def columns(self) -> dict[str, list[Any]]:
        """Return a row a level: the recipe's label, then the attributes of :class:`Level`."""
        names = [field.name for field in fields(Level) if field.name != "recipe"]
        numbers = {name: [getattr(row, name) for row in self.rows] for name in names}
        return {"level": [row.label for row in self.rows], **numbers}

    def plot(self, path: str | PathLike[str]) -> None:
        """Draw accuracy against bits up, with one standard deviation each way (``[payload]``)."""
        with styled("payload"):
            figure = canvas(7.0, 4.5, "payload")
            axes = figure.add_subplot()
            for row in self.rows:
                place = (row.bits_up, 100 * row.accuracy)
                axes.errorbar(*place, yerr=100 * row.spread, fmt="o", color=BLUE, capsize=3)
                axes.annotate(
                    row.label, place, xytext=(5, 4), textcoords="offset points", fontsize=8
                )
            axes.set(xscale="log", xlabel="Sent up (bits)", ylabel=axis("accuracy"))
        write_figure(path, figure, dpi=150)

    def problem(self, problem: Problem, level: int | Level) -> Problem:
        """Return the problem in which this level's model is sent and computed.

        Parameters
        ----------
        problem
            Whose samples, learners and radio stay as they are.
        level
            A level or its index.

        Raises
        ------
        TypeError
            For what is no level.
        """
        chosen = self.rows[level] if isinstance(level, int) else level
        if not isinstance(chosen, Level):
            raise TypeError(f"level = {shown(level)}: must be a Level or an index")
        before = problem.payload
        payload = Payload(
            send_bits=chosen.bits_down,
            send_bits_per_sample=before.send_bits_per_sample,
            return_bits=chosen.bits_up,
            return_bits_per_sample=before.return_bits_per_sample,
            flops_per_sample=chosen.flops_per_sample,
        )
        return problem.replace(payload=payload)

    def problems(self, problem: Problem) -> dict[str, Problem]:
        """Return `problem` at each level, by its label: what `mel.campaign` chooses among.

        Raises
        ------
        ValueError
            For levels of one label, naming it.
        """
        found = {row.label: self.problem(problem, row) for row in self.rows}
        if len(found) < len(self.rows):
            twice = few(repeated(row.label for row in self.rows))
            raise ValueError(f"levels measured twice: {twice}")
        return found


def level_of(recipe: Recipe, runs: Sequence[Run]) -> Level:
    """Return the level that some runs of one recipe make."""
    count = len(runs)
    last = [run.before if run.after is None else run.after for run in runs]
    mean = sum(last) / count
    squares = sum((value - mean) ** 2 for value in last)
    after = None if runs[0].after is None else mean
    up = ceil(sum(run.bits_up for run in runs) / count)
    return Level(
        recipe=recipe,
        bits_down=ceil(sum(run.bits_down for run in runs) / count),
        bits_up=up,
        ratio=runs[0].memory_bits / up,
        flops_per_sample=sum(run.flops for run in runs) / count,
        accuracy=mean,
        spread=(squares / (count - 1)) ** 0.5 if count > 1 else 0.0,
        accuracy_before=sum(run.before for run in runs) / count,
        accuracy_after=after,
        seeds=count,
    )


@dataclass(frozen=True)
class Run:
    """One recipe measured with one seed."""

    memory_bits: int
    bits_down: int
    bits_up: int
    flops: float
    before: float
    after: float | None
