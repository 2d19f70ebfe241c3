"""Scenario files: TOML in which the unit is part of every key's name.

Everything wrong with a file is found in one reading and named with the key's path, the value and
the allowed range.
"""

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    create_model,
    model_validator,
)

from mel_fast import channel, scenarios
from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import LONGEST, plain, shown
from mel_fast._base.validation import choice, did_you_mean, integer, real, scalar_or_column
from mel_fast.model.columns import ALWAYS, COLUMNS
from mel_fast.model.learners import Learners
from mel_fast.model.links import needed_columns
from mel_fast.model.payload import CHECKS as PAYLOAD_CHECKS
from mel_fast.model.payload import Payload
from mel_fast.model.problem import IDLES, Idle, Problem
from mel_fast.model.radio import SHARED, Radio, Shared
from mel_fast.model.task import SETTINGS, LearningTask, Setting
from mel_fast.scenarios.table import MAX_LEARNERS, read_table, table_path

MOST_BYTES = 2**22
MOST_PARTS = 8  # of a dotted key
_FEW = 10  # errors that are told
_WORDS = re.compile(
    r"""#[^\n]*|"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|'[^'\n]*'?|[\w-]+"""
)  # comments, strings, bare words

ATTENUATIONS = {
    "log_distance": channel.LogDistance,
    "indoor_office": channel.IndoorOffice,
    "urban_micro": channel.UrbanMicro,
    "free_space": channel.free_space,
}
PLACEMENTS = {"disc": channel.Disc, "annulus": channel.Annulus, "fixed": channel.Fixed}


class ScenarioError(ValueError):
    """A scenario file that is refused; the message names everything that is wrong with it."""


class _FieldError(ValueError):
    """What a field's own check says; the message begins with the field's name."""


def _checked(check: Callable[..., Any], **limits: Any) -> PlainValidator:
    def validate(value: Any, info: ValidationInfo) -> Any:
        try:
            return check(info.field_name, value, **limits)
        except (ValueError, TypeError) as error:
            raise _FieldError(str(error)) from None

    return PlainValidator(validate)


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{field} = {shown(value)}: must be a text in quotes")
    return value


def _chosen(field: str, value: Any, *, tag: str, kinds: Mapping[str, Callable[..., Any]]) -> Any:
    """Build the channel law that a table such as ``{ law = "free_space", ... }`` describes."""
    if not isinstance(value, dict) or tag not in value:
        raise TypeError(f"{field} = {shown(value)}: must be a table with the key {tag!r}")
    words = {name: entry for name, entry in value.items() if name != tag}
    kind = kinds[choice(f"{field}.{tag}", value[tag], kinds)]
    known, needed = _parameters(kind)
    for name, entry in words.items():
        if name not in known:
            raise ValueError(_unknown_key(field, name, entry, [tag, *known]))
        real(f"{field}.{name}", entry, low=-1e60)
    missing = [name for name in needed if name not in words]
    if missing:
        raise ValueError(f"{field}: missing {', '.join(missing)} for {tag} = {shown(value[tag])}")
    try:
        return kind(**words)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None


def _parameters(kind: Callable[..., Any]) -> tuple[list[str], list[str]]:
    if not dataclasses.is_dataclass(kind):
        return ["carrier_hz"], ["carrier_hz"]
    fields = dataclasses.fields(kind)
    needed = [field.name for field in fields if field.default is dataclasses.MISSING]
    return [field.name for field in fields], needed


def _fading(field: str, value: Any) -> channel.Fading:
    return channel.fading_law(_text(field, value))


_Positive = Annotated[float, _checked(real)]
_Speeds = Annotated[Any, _checked(scalar_or_column)]
_AtLeastOne = Annotated[int, _checked(integer, low=1)]
_Count = Annotated[int, _checked(integer, low=1, high=MAX_LEARNERS)]
_AtLeastZero = Annotated[int, _checked(integer, low=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Task(_Section):
    samples: _AtLeastOne
    features: _AtLeastZero
    feature_bits: _AtLeastOne
    fixed_parameters: _AtLeastZero
    parameters_per_sample: _AtLeastZero
    parameter_bits: _AtLeastOne
    flops_per_sample: _Positive
    setting: Annotated[Setting, _checked(choice, options=SETTINGS)] = "parallelized"

    @model_validator(mode="after")
    def _totals(self) -> "_Task":
        self.build()
        return self

    def build(self) -> LearningTask:
        return LearningTask(**self.model_dump())


class _Radio(_Section):
    bandwidth_hz: _Positive
    power_w: _Positive | None = None
    noise_density_w_per_hz: _Positive | None = None
    noise_power_w: _Positive | None = None
    block_hz: _Positive | None = None
    shared: Annotated[Shared, _checked(choice, options=SHARED)] = "send"

    @model_validator(mode="after")
    def _one_noise(self) -> "_Radio":
        self.build()
        return self

    def build(self) -> Radio:
        if self.power_w is None and self.shared == "send":
            raise ValueError(
                "power_w: missing key; only with shared = 'return' may a common power budget be "
                "missing"
            )
        return Radio(**self.model_dump())


class _Cycle(_Section):
    cycle_s: _Positive
    idle: Annotated[Idle, _checked(choice, options=IDLES)] = "served"


class _Draw(_Section):
    count: _Count
    seed: _AtLeastZero = 0
    draw: _AtLeastZero = 0
    device_flops_per_s: _Speeds
    placement: Annotated[Any, _checked(_chosen, tag="shape", kinds=PLACEMENTS)]
    attenuation: Annotated[Any, _checked(_chosen, tag="law", kinds=ATTENUATIONS)]
    extra_loss_db: Annotated[float, _checked(real, low=-700.0, high=700.0)] = 0.0
    fading: Annotated[Any, _checked(_fading)]

    def columns(self) -> dict[str, Any]:
        drawn = scenarios.table1(
            learners=self.count,
            seed=self.seed,
            draw=self.draw,
            placement=self.placement,
            attenuation=self.attenuation,
            extra_loss_db=self.extra_loss_db,
            fading=self.fading,
            device_mix=scalar_or_list(self.device_flops_per_s),
        ).learners
        return {"flops_per_s": drawn.flops_per_s, "gain": drawn.gain}


class _Around(NamedTuple):
    """What the learners' section depends on beside itself."""

    folder: Path
    shared: Shared


class _LearnersBase(_Section):
    count: _Count | None = None
    table: Annotated[str | None, _checked(_text)] = None
    draw: _Draw | None = None

    @model_validator(mode="after")
    def _together(self, info: ValidationInfo) -> Self:
        assert isinstance(info.context, _Around)  # what parse_scenario was given
        self.build(info.context)
        return self

    def build(self, around: _Around) -> Learners:
        given = {name: getattr(self, name) for name in COLUMNS}
        columns = {name: value for name, value in given.items() if value is not None}
        sources: list[tuple[str, dict[str, Any]]] = []
        if self.table is not None:
            sources.append(("table", dict(_read(around.folder, self.table))))
        if self.draw is not None:
            if self.table is not None or self.count is not None:
                raise ValueError("beside 'draw' there must be neither 'table' nor 'count'")
            sources.append(("draw", self.draw.columns()))
        for source, found in sources:
            for name in found:
                if name in columns:
                    raise ValueError(f"{name} is given both here and by {source!r}")
            columns.update(found)
        needed = (*ALWAYS, *needed_columns(around.shared))
        missing = [name for name in needed if name not in columns]
        if missing:
            raise ValueError(
                f"missing {', '.join(missing)}: must be given here (a number or a list) "
                "or by 'table' or 'draw'"
            )
        return Learners(**columns, count=self.count)


def _optional(checks: Mapping[str, Callable[[str, Any], Any]]) -> dict[str, Any]:
    return {name: (Annotated[Any, _checked(check)], None) for name, check in checks.items()}


_Payload = create_model("_Payload", __base__=_Section, **_optional(PAYLOAD_CHECKS))
_columns: dict[str, Any] = _optional({name: column.check for name, column in COLUMNS.items()})
_Learners = create_model("_Learners", __base__=_LearnersBase, **_columns)


class _Scenario(_Section):
    task: _Task
    radio: _Radio
    cycle: _Cycle
    learners: _Learners  # type: ignore[valid-type]
    payload: _Payload | None = None  # type: ignore[valid-type]


_SECTIONS: dict[tuple[str, ...], type[_Section]] = {
    (): _Scenario,
    ("task",): _Task,
    ("radio",): _Radio,
    ("cycle",): _Cycle,
    ("learners",): _Learners,
    ("payload",): _Payload,
    ("learners", "draw"): _Draw,
}


def scalar_or_list(value: Any) -> list[float]:
    """Return a number or a column as a list."""
    return [value] if isinstance(value, float) else list(value)


def load_scenario(
    path: str | PathLike[str], overrides: Mapping[tuple[str, ...], Any] | None = None
) -> Problem:
    """Read a scenario file.

    Parameters
    ----------
    path
        The TOML file; a table of learners is looked for beside it.
    overrides
        Values that replace those of the file, by path: ``{("cycle", "cycle_s"): 20.0}``.

    Raises
    ------
    ScenarioError
        With everything that is wrong, on one line.
    """
    path = Path(path)
    data = _read_toml(path)
    for key, value in (overrides or {}).items():
        _override(data, key, value)
    try:
        return parse_scenario(data, path.parent)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise ScenarioError(
            f"{path} holds more than {MOST_BYTES:,} bytes: too large for a scenario; "
            "many learners belong into a 'table'"
        )
    try:
        text = content.decode().replace("\r\n", "\n")
        _check_depth(text)
        return tomllib.loads(text)
    except RecursionError:
        raise ScenarioError(f"{path} is not a scenario: nested too deeply") from None
    except ScenarioError as error:
        raise ScenarioError(f"{path} is not a scenario: {error}") from None
    except ValueError as error:  # also an integer of more digits than Python reads
        raise ScenarioError(f"{path} is not TOML: {plain(str(error))}") from None


def _check_depth(text: str) -> None:
    """Refuse keys of many dotted parts, whose reading takes the square of their number."""
    words = _WORDS.sub("w", text).replace(" ", "").replace("\t", "")
    if "w." * MOST_PARTS in words:
        raise ScenarioError(f"a key has more than {MOST_PARTS} parts with dots between them")


def parse_scenario(data: Mapping[str, Any], folder: Path) -> Problem:
    """Return the problem that a scenario's content describes; tables are read from `folder`.

    Raises
    ------
    ScenarioError
        With everything that is wrong, on one line.
    """
    stated = data.get("radio")
    uplink = isinstance(stated, dict) and stated.get("shared") == "return"
    around = _Around(folder, "return" if uplink else "send")
    try:
        scenario = _Scenario.model_validate(data, context=around)
        return Problem(
            task=scenario.task.build(),
            learners=cast(_LearnersBase, scenario.learners).build(around),
            radio=scenario.radio.build(),
            cycle_s=scenario.cycle.cycle_s,
            idle=scenario.cycle.idle,
            payload=None if scenario.payload is None else Payload(**dict(scenario.payload)),
        )
    except ValidationError as error:
        raise ScenarioError(_all_wrong(error)) from None
    except ValueError as error:
        raise ScenarioError(str(error)) from None


def _all_wrong(error: ValidationError) -> str:
    """Say the first few things that are wrong, and how many more there are."""
    found = error.errors(include_url=False)
    told = "; ".join(plain(_explain(one)) for one in found[:_FEW])
    rest = len(found) - _FEW
    return f"{told}; and {rest:,} more" if rest > 0 else told


def _override(data: dict[str, Any], key: tuple[str, ...], value: Any) -> None:
    *parents, last = key
    section: Any = data
    for parent in parents:
        section = section.get(parent) if isinstance(section, dict) else None
    if not isinstance(section, dict):
        raise ScenarioError(
            f"no [{'.'.join(parents)}] in the scenario to set {last} = {value!r} in"
        )
    section[last] = value


def _read(folder: Path, table: str) -> Mapping[str, Any]:
    try:
        return read_table(table_path(folder, table))
    except OSError as error:
        raise ValueError(f"table = {shown(table)}: {error.strerror}") from None
    except ImportError as error:
        raise ValueError(f"table = {shown(table)}: {error}") from None


def _explain(error: Any) -> str:
    path = tuple(str(part) for part in error["loc"])
    name = ".".join(path)  # of known words: an unknown one can only be the last
    section = _SECTIONS.get(path[:-1], _Section)
    if error["type"] == "extra_forbidden":
        parent = ".".join(path[:-1])
        return _unknown_key(parent, path[-1], error["input"], list(section.model_fields))
    if error["type"] == "missing":
        kind = "table" if path in _SECTIONS else "key"
        return f"{name}: missing {kind}"
    if error["type"] == "model_type":
        return f"{name} = {shown(error['input'])}: must be a table with {_keys(_SECTIONS[path])}"
    cause = error.get("ctx", {}).get("error", error["msg"])
    if isinstance(cause, _FieldError):
        return ".".join((*path[:-1], str(cause)))
    return f"{name}: {cause}"


def _keys(section: type[_Section]) -> str:
    return ", ".join(section.model_fields)


def _unknown_key(parent: str, word: str, value: Any, known: list[str]) -> str:
    with_unit = [name for name in known if name.startswith(f"{word}_")]
    hint = (
        f"; did you mean {with_unit[0]!r} (the unit is part of the key)?"
        if with_unit
        else did_you_mean(word, known)
    )
    path = ".".join(filter(None, (parent, plain(word, LONGEST))))
    return f"{path} = {shown(value)}: unknown key: must be one of {', '.join(known)}{hint}"


guard(__name__)
