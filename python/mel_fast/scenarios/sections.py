"""The sections of a scenario file: their keys, and what each key may be."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainValidator,
    ValidationInfo,
    create_model,
    model_validator,
)

from mel_fast import channel, scenarios
from mel_fast._base.untrusted import LONGEST, plain, shown
from mel_fast._base.validation import choice, did_you_mean, integer, real, scalar_or_column
from mel_fast.model.columns import ALWAYS, COLUMNS
from mel_fast.model.learners import Learners
from mel_fast.model.links import needed_columns
from mel_fast.model.payload import CHECKS as PAYLOAD_CHECKS
from mel_fast.model.problem import IDLES, Idle
from mel_fast.model.radio import SHARED, Radio, Shared
from mel_fast.model.task import SETTINGS, LearningTask, Setting
from mel_fast.scenarios.table import MAX_LEARNERS, read_table, table_path

ATTENUATIONS = {
    "log_distance": channel.LogDistance,
    "indoor_office": channel.IndoorOffice,
    "urban_micro": channel.UrbanMicro,
    "free_space": channel.free_space,
}
PLACEMENTS = {"disc": channel.Disc, "annulus": channel.Annulus, "fixed": channel.Fixed}


class FieldError(ValueError):
    """What a field's own check says; the message begins with the field's name."""


def _checked(check: Callable[..., Any], **limits: Any) -> PlainValidator:
    def validate(value: Any, info: ValidationInfo) -> Any:
        try:
            return check(info.field_name, value, **limits)
        except (ValueError, TypeError) as error:
            raise FieldError(str(error)) from None

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
            raise ValueError(unknown_key(field, name, entry, [tag, *known]))
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


class Section(BaseModel):
    """A table of the file: no other keys than these."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Task(Section):
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


class _Radio(Section):
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


class _Cycle(Section):
    cycle_s: _Positive
    idle: Annotated[Idle, _checked(choice, options=IDLES)] = "served"


class _Draw(Section):
    count: _Count
    seed: _AtLeastZero = 0
    draw: _AtLeastZero = 0
    device_flops_per_s: _Speeds
    placement: Annotated[Any, _checked(_chosen, tag="shape", kinds=PLACEMENTS)]
    attenuation: Annotated[Any, _checked(_chosen, tag="law", kinds=ATTENUATIONS)]
    extra_loss_db: Annotated[float, _checked(real, low=-700.0, high=700.0)] = 0.0
    fading: Annotated[Any, _checked(_fading)]

    def columns(self) -> dict[str, Any]:
        speeds = self.device_flops_per_s
        drawn = scenarios.table1(
            learners=self.count,
            seed=self.seed,
            draw=self.draw,
            placement=self.placement,
            attenuation=self.attenuation,
            extra_loss_db=self.extra_loss_db,
            fading=self.fading,
            device_mix=[speeds] if isinstance(speeds, float) else list(speeds),
        ).learners
        return {"flops_per_s": drawn.flops_per_s, "gain": drawn.gain}


class Around(NamedTuple):
    """What the learners' section depends on beside itself."""

    folder: Path
    shared: Shared


class LearnersBase(Section):
    """What the learners' section has beside a key for every column."""

    count: _Count | None = None
    table: Annotated[str | None, _checked(_text)] = None
    draw: _Draw | None = None

    @model_validator(mode="after")
    def _together(self, info: ValidationInfo) -> Self:
        assert isinstance(info.context, Around)  # what parse_scenario was given
        self.build(info.context)
        return self

    def build(self, around: Around) -> Learners:
        """Return the learners, with what a table or a draw gives of them."""
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


_Payload = create_model("_Payload", __base__=Section, **_optional(PAYLOAD_CHECKS))
_columns: dict[str, Any] = _optional({name: column.check for name, column in COLUMNS.items()})
_Learners = create_model("_Learners", __base__=LearnersBase, **_columns)


class Scenario(Section):
    """The whole file."""

    task: _Task
    radio: _Radio
    cycle: _Cycle
    learners: _Learners  # type: ignore[valid-type]
    payload: _Payload | None = None  # type: ignore[valid-type]


SECTIONS: dict[tuple[str, ...], type[Section]] = {
    (): Scenario,
    ("task",): _Task,
    ("radio",): _Radio,
    ("cycle",): _Cycle,
    ("learners",): _Learners,
    ("payload",): _Payload,
    ("learners", "draw"): _Draw,
}


def _read(folder: Path, table: str) -> Mapping[str, Any]:
    try:
        return read_table(table_path(folder, table))
    except OSError as error:
        raise ValueError(f"table = {shown(table)}: {error.strerror}") from None
    except ImportError as error:
        raise ValueError(f"table = {shown(table)}: {error}") from None


def unknown_key(parent: str, word: str, value: Any, known: list[str]) -> str:
    """Return the words for a key that there is not."""
    with_unit = [name for name in known if name.startswith(f"{word}_")]
    hint = (
        f"; did you mean {with_unit[0]!r} (the unit is part of the key)?"
        if with_unit
        else did_you_mean(word, known)
    )
    path = ".".join(filter(None, (parent, plain(word, LONGEST))))
    return f"{path} = {shown(value)}: unknown key: must be one of {', '.join(known)}{hint}"
