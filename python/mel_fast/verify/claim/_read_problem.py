"""Reads the problem of a plan file and refuses whatever is not exactly one."""

import math

from mel_fast.verify._allowance import ticked
from mel_fast.verify.claim._entries import (
    Read,
    RefusedError,
    cap,
    column,
    count,
    integer,
    name_of,
    one_of,
    positive,
    positive_or_zero,
    record,
    truth,
)
from mel_fast.verify.claim._problem import INFINITE, LARGEST, Load, Problem, Row, load_of

VERSIONS = (1, 2)

_INTEGERS = {
    "samples": (1, LARGEST),
    "features": (0, LARGEST),
    "feature_bits": (1, LARGEST),
    "fixed_parameters": (0, LARGEST),
    "parameters_per_sample": (0, LARGEST),
    "parameter_bits": (1, LARGEST),
}
_TASK = (*_INTEGERS, "flops_per_sample", "setting")
_LEARNERS = ("flops_per_s", "gain")
_CONSTANT = ("return_bandwidth_hz", "return_power_w")
_SEND = ("send_bandwidth_hz", "send_power_w")  # since version 2, in their place in an uplink
_LIMITS = (
    "min_samples",
    "max_samples",
    "max_bandwidth_hz",
    "max_power_w",
    "energy_j",
    "energy_per_flop_j",
)
_SPEEDS = ("energy_coefficient", "min_flops_per_s")  # since version 2
_CHOICES = ("optional", "weight")  # since version 2
_LABELS = ("names",)  # since version 2
_NOISES = {"noise_density_w_per_hz": "density", "noise_power_w": "fixed"}
_PROBLEM = ("task", "learners", "radio", "cycle_s", "idle")
PAYLOAD = {  # since version 2
    "send_bits": "send",
    "send_bits_per_sample": "send_each",
    "return_bits": "back",
    "return_bits_per_sample": "back_each",
    "flops_per_sample": "flops_each",
}
_LN2 = 1.4426950408889634


def read_problem(data: object, where: str, version: int = VERSIONS[-1]) -> Problem:
    """Return the problem's numbers; raise RefusedError unless each is there and in range."""
    file = record(data, where, _PROBLEM, ("payload",) if version >= 2 else ())
    task = dict(record(file["task"], f"{where}.task", _TASK))
    for name, (low, high) in _INTEGERS.items():
        task[name] = integer(task[name], f"{where}.task.{name}", low, high)
    task["flops_per_sample"] = positive(task["flops_per_sample"], f"{where}.task.flops_per_sample")
    one_of(task["setting"], f"{where}.task.setting", ("parallelized", "federated"))
    told = load_of(task)
    sample_bits = task["features"] * task["feature_bits"]
    for name, bits in (
        ("model_bits", told.send),
        ("sample_bits", 0 if task["setting"] == "federated" else sample_bits),
        ("sent_bits_per_sample", told.send_each),
    ):
        if bits > LARGEST:
            raise RefusedError(f"{where}.task: {name} = {bits} is above 2^53")
    shared = _shared(file["radio"], f"{where}.radio", version)
    own = ("power_w",) if shared == "return" else ()  # without it, no common budget
    radio = record(
        file["radio"],
        f"{where}.radio",
        ("bandwidth_hz",) if own else ("bandwidth_hz", "power_w"),
        (*_NOISES, "block_hz", *own, *(("shared",) if own else ())),
    )
    noises = [name for name in _NOISES if name in radio]
    if len(noises) != 1:
        raise RefusedError(f"{where}.radio: needs exactly one of {', '.join(_NOISES)}")
    learners = _learners(
        file["learners"], f"{where}.learners", version, told, file.get("payload", {}), shared
    )
    idle = one_of(file["idle"], f"{where}.idle", ("served", "excused"))
    problem = Problem(
        task=task,
        learners=learners if idle == "served" else _without_idle_choice(learners),
        bandwidth_hz=positive(radio["bandwidth_hz"], f"{where}.radio.bandwidth_hz"),
        power_w=positive(radio["power_w"], f"{where}.radio.power_w")
        if "power_w" in radio
        else None,
        noise=positive(radio[noises[0]], f"{where}.radio.{noises[0]}"),
        law=_NOISES[noises[0]],
        cycle_s=positive(file["cycle_s"], f"{where}.cycle_s"),
        idle=idle,
        block_hz=positive(radio["block_hz"], f"{where}.radio.block_hz")
        if "block_hz" in radio
        else None,
        shared=shared,
    )
    if problem.power_w is None and any(row.max_power_w == INFINITE for row in problem.learners):
        raise RefusedError(f"{where}.radio.power_w is missing, and so is some learner's own limit")
    with_energy = any(row.energy_j < INFINITE for row in problem.learners)
    chosen = problem.learners[0].energy_coefficient is not None
    if shared == "send" and with_energy and chosen and not _concave_at_own_pace(problem):
        raise RefusedError(
            f"{where}.radio: a speed within energy_j is chosen neither in blocks nor, with the "
            "fixed law, where samples are bits to send"
        )
    if shared == "return" and with_energy and (problem.power_w, problem.block_hz) != (None, None):
        raise RefusedError(
            f"{where}.radio: energy_j in a shared return is neither for power_w nor for block_hz"
        )
    width = problem.block_hz
    if width is not None and not width <= problem.bandwidth_hz <= width * LARGEST:
        raise RefusedError(
            f"{where}.radio.block_hz = {width!r}: must fit into bandwidth_hz = "
            f"{problem.bandwidth_hz!r} once at least, 2^53 times at most"
        )
    _check_speeds(problem, where)
    return problem


def _shared(data: object, where: str, version: int) -> str:
    """Return which link is planned: sending, unless the file says otherwise."""
    if version < 2 or not isinstance(data, dict) or "shared" not in data:
        return "send"
    return one_of(data["shared"], f"{where}.shared", ("return",))


def _check_speeds(problem: Problem, where: str) -> None:
    """Refuse learners out of all range, with float64 as docs/certificate.md says."""
    for k, row in enumerate(ticked(problem.learners)):
        band, noise = row.return_bandwidth_hz, problem.noise
        snr = row.return_power_w * row.gain / (noise * band if problem.law == "density" else noise)
        back = band * (math.log1p(snr) * _LN2)
        if row.gain and not 1e-200 <= back <= 1e200:
            raise RefusedError(
                f"{where}.learners: the constant rate of learner {k} is {back:g} bit/s, must be "
                "from 1e-200 to 1e200"
            )
    fastest = min(row.load.flops_each / row.flops_per_s for row in problem.learners)
    cycles = problem.cycle_s / fastest
    if cycles > LARGEST:
        raise RefusedError(
            f"{where}: cycle_s * max(flops_per_s) / flops_per_sample = {cycles:g} is above 2^53"
        )


def _concave_at_own_pace(problem: Problem) -> bool:
    """Say whether the worth of samples is concave where a speed is chosen that does not send."""
    grows = problem.law == "fixed" and any(row.load.send_each for row in ticked(problem.learners))
    return problem.block_hz is None and not grows


def _learners(
    data: object, where: str, version: int, told: Load, payload: object, shared: str
) -> list[Row]:
    later = (*_SPEEDS, *_CHOICES, *_LABELS, *_SEND) if version >= 2 else ()
    used, unused = (_SEND, _CONSTANT) if shared == "return" else (_CONSTANT, _SEND)
    file = record(data, where, (*_LEARNERS, *used), (*unused, *_LIMITS, *later))
    if (unused[0] in file) is not (unused[1] in file):
        raise RefusedError(f"{where}: {unused[0]} and {unused[1]} only come together")
    if _SPEEDS[0] in file:
        if "energy_per_flop_j" in file:
            raise RefusedError(f"{where}: energy_coefficient takes the place of energy_per_flop_j")
    elif _SPEEDS[1] in file:
        raise RefusedError(f"{where}: min_flops_per_s only comes with energy_coefficient")
    elif ("energy_j" in file) is not ("energy_per_flop_j" in file):
        raise RefusedError(f"{where}: energy_j and energy_per_flop_j only come together")
    readers: dict[str, Read[float]] = {
        "gain": positive_or_zero,
        "min_samples": count,
        "max_samples": count,
        "max_bandwidth_hz": cap,
        "max_power_w": cap,
        "energy_j": cap,
        "energy_per_flop_j": positive_or_zero,
        "energy_coefficient": positive_or_zero,
        "min_flops_per_s": positive_or_zero,
        "optional": truth,
    }
    columns: dict[str, list[float]] = {}
    size = None
    further = (*unused, *_LIMITS, *_SPEEDS, *_CHOICES)
    for name in (*_LEARNERS, *used, *(name for name in further if name in file)):
        columns[name] = column(file[name], f"{where}.{name}", readers.get(name, positive), size)
        size = len(columns[name])
    for name in unused:  # of the link that is planned: no part of the problem
        columns.pop(name, None)
    columns = {dict(zip(used, _CONSTANT, strict=True)).get(n, n): c for n, c in columns.items()}
    if not size:
        raise RefusedError(f"{where}: there are none")
    if "names" in file:
        names = column(file["names"], f"{where}.names", name_of, size)
        if len(set(names)) < size:
            raise RefusedError(f"{where}.names: two learners have the same name")
    values = zip(*map(ticked, columns.values()), strict=True)
    loads = _loads(payload, told, size, shared)
    rows = [
        Row(load=load, **dict(zip(columns, numbers, strict=True)))
        for numbers, load in zip(values, loads, strict=True)
    ]
    for k, row in enumerate(ticked(rows) if _SPEEDS[1] in file else ()):
        if row.min_flops_per_s > row.flops_per_s:
            raise RefusedError(
                f"{where}.min_flops_per_s[{k}] = {row.min_flops_per_s} is above flops_per_s[{k}] = "
                f"{row.flops_per_s}"
            )
    for k, row in enumerate(ticked(rows) if "min_samples" in file else ()):
        if row.min_samples > row.max_samples:
            raise RefusedError(
                f"{where}.min_samples[{k}] = {row.min_samples} is above max_samples[{k}] = "
                f"{row.max_samples}"
            )
    return rows


def _without_idle_choice(rows: list[Row]) -> list[Row]:
    """Return excused learners; where none that is optional has a minimum, `optional` says nothing.

    Whoever has no minimum may rest anyway: such a problem is the same as without the column.
    """
    if any(row.optional and row.min_samples for row in ticked(rows)):
        return rows
    return [row._replace(optional=False) if row.optional else row for row in ticked(rows)]


def _loads(data: object, told: Load, size: int, shared: str) -> list[Load]:
    """Read what differs from what the task says: numbers, or columns of the learners."""
    file = record(data, "problem.payload", (), tuple(PAYLOAD))
    given: dict[str, float | list[float]] = {}
    for name, field in PAYLOAD.items():
        if name in file:
            where = f"problem.payload.{name}"
            read = positive if field == "flops_each" else positive_or_zero
            entry = file[name]
            listed = isinstance(entry, list)
            given[field] = column(entry, where, read, size) if listed else read(entry, where)
    columns = {field: value for field, value in given.items() if isinstance(value, list)}
    same = told._replace(
        **{field: _whole(value) for field, value in given.items() if not isinstance(value, list)}
    )
    if not columns:
        return [_planned_first(same, shared)] * size
    entries = zip(*map(ticked, columns.values()), strict=True)
    whole = (dict(zip(columns, map(_whole, numbers), strict=True)) for numbers in entries)
    return [_planned_first(same._replace(**each), shared) for each in whole]


def _planned_first(load: Load, shared: str) -> Load:
    if shared == "send":
        return load
    return Load(load.back, load.back_each, load.send, load.send_each, load.flops_each)


def _whole(number: float) -> float:
    """Return an integer where it is one: sums and products of integers are exact."""
    return int(number) if number.is_integer() else number
