"""Measured devices: tables of capacity and availability in the form that FedScale publishes.

FedScale (Lai et al., 2022) describes a device by ``computation``, milliseconds that its forward
pass takes for a sample, and ``communication``, kilobits a second; and when it is there by the
seconds in which it becomes ``active`` and ``inactive`` in a trace that begins anew after
``finish_time``. It publishes pickles. A pickle can run any program, so none is ever read here: read
are the same objects as JSON, keyed by the client, and capacities as CSV as well.
"""

import csv
import io
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import Table
from mel_fast._base.untrusted import few, plain, repeated, shown
from mel_fast._base.validation import FloatColumn, real
from mel_fast.model import grammar
from mel_fast.model.learners import Learners

MOST_CLIENTS = 10_000_000
MOST_BYTES = 1 << 29
_LONGEST_NAME = 100
_TRAINING = 3.0  # passes' worth: FedScale counts a backward pass as two forward ones
_HEADS = ("client", "computation", "communication")


@dataclass(frozen=True, eq=False)
class DeviceCapacities(Table):
    r"""What devices can do, as FedScale measured it.

    Attributes
    ----------
    clients : tuple of str
        Their names, as the table has them.
    computation_ms : (clients,) float64
        Milliseconds of a forward pass for one sample.
    communication_kbps : (clients,) float64
        Kilobits a second.

    Examples
    --------
    >>> from pathlib import Path
    >>> import mel_fast as mel
    >>> text = "client,computation,communication\n7,50.0,8000\n8,120.0,900\n"
    >>> _ = Path("devices.csv").write_text(text)
    >>> devices = mel.scenarios.read_device_capacities("devices.csv")
    >>> learners = devices.learners(1e6, 4e-21, bandwidth_hz=5e6, power_w=0.2)
    >>> learners.names.tolist(), learners.flops_per_s.round().tolist()
    (['7', '8'], [6666667.0, 2777778.0])
    """

    clients: tuple[str, ...]
    computation_ms: FloatColumn
    communication_kbps: FloatColumn

    def __len__(self) -> int:
        return len(self.clients)

    def columns(self) -> dict[str, Any]:
        """Return one row a device."""
        return {
            "client": list(self.clients),
            "computation_ms": self.computation_ms,
            "communication_kbps": self.communication_kbps,
        }

    def learners(
        self,
        flops_per_sample: float,
        noise_density_w_per_hz: float,
        bandwidth_hz: float,
        power_w: float,
        passes: float = _TRAINING,
    ) -> Learners:
        """Return the devices as learners of this model.

        What is assumed: training on a sample takes `passes` forward passes, three as FedScale
        counts it, so that ``flops_per_s = flops_per_sample / (passes * computation_ms / 1000)``;
        and the measured rate is that of `bandwidth_hz` with `power_w` by the density law, which
        gives ``gain = noise * bandwidth / power * (2 ** (rate / bandwidth) - 1)``. The return has
        that bandwidth and that power, so that it is as fast as was measured; the way out is
        planned.

        Parameters
        ----------
        flops_per_sample
            Of one local cycle on one sample, as the task has them.
        noise_density_w_per_hz, bandwidth_hz, power_w
            Of the link on which the rate was reached; not measured by FedScale.
        passes
            Forward passes that training on one sample takes.

        Raises
        ------
        ValueError, TypeError
            For a rate so high over `bandwidth_hz` that no gain gives it, and so on.
        """
        flops = real("flops_per_sample", flops_per_sample)
        noise = real("noise_density_w_per_hz", noise_density_w_per_hz)
        width, power = real("bandwidth_hz", bandwidth_hz), real("power_w", power_w)
        seconds = real("passes", passes) * self.computation_ms * 1e-3
        bits_a_hz = self.communication_kbps * 1e3 / width
        if bits_a_hz.max() > 100.0:
            worst = int(np.argmax(bits_a_hz))
            raise ValueError(
                f"communication of client {shown(self.clients[worst])} = "
                f"{self.communication_kbps[worst]:.6g} kbit/s: more than 100 bits a second for "
                f"each of bandwidth_hz = {width:.6g}"
            )
        gain = noise * width / power * np.expm1(bits_a_hz * np.log(2.0))
        return Learners(flops / seconds, gain, width, power, names=list(self.clients))


@dataclass(frozen=True, eq=False)
class Availability:
    """When devices are there.

    Attributes
    ----------
    clients : tuple of str
        Their names.

    Examples
    --------
    >>> from pathlib import Path
    >>> import mel_fast as mel
    >>> text = '{"7": {"active": [0, 600], "inactive": [60, 900], "finish_time": 1000}}'
    >>> _ = Path("availability.json").write_text(text)
    >>> availability = mel.scenarios.read_availability("availability.json")
    >>> availability.active("7", 30.0), availability.active("7", 300.0), availability.there(1630.0)
    (True, False, ['7'])
    """

    clients: tuple[str, ...]
    _traces: Mapping[str, tuple[list[float], list[float], float]]

    def __len__(self) -> int:
        return len(self.clients)

    def active(self, client: str, at_s: float) -> bool:
        """Say whether a device is there after so many seconds; its trace repeats.

        Raises
        ------
        KeyError
            For a device that the table does not have.
        """
        begins, ends, finish = self._traces[client]
        now = real("at_s", at_s, low=0.0) % finish
        place = bisect_right(begins, now) - 1
        return place >= 0 and now <= ends[place]

    def there(self, at_s: float) -> list[str]:
        """Return the devices that are there after so many seconds."""
        return [client for client in self.clients if self.active(client, at_s)]


def read_device_capacities(path: str | PathLike[str]) -> DeviceCapacities:
    """Read a table of device capacities: JSON as FedScale has it, or CSV.

    Parameters
    ----------
    path
        ``.json``: ``{"CLIENT": {"computation": MS, "communication": KBPS}, ...}``; ``.csv``: the
        columns client, computation and communication.

    Raises
    ------
    ValueError
        Naming file, client and value; for a pickle, which is never read; for more than 10,000,000
        devices or 512 MiB.
    OSError
        When the file cannot be read.

    Returns
    -------
    DeviceCapacities

    Examples
    --------
    >>> from pathlib import Path
    >>> import mel_fast as mel
    >>> _ = Path("devices.json").write_text('{"7": {"computation": 50.0, "communication": 8000.0}}')
    >>> mel.scenarios.read_device_capacities("devices.json").computation_ms
    array([50.])
    """
    path = Path(path)
    content = _content(path)
    rows = _from_csv(content, path) if path.suffix == ".csv" else _from_json(content, path)
    if not rows:
        raise ValueError(f"{path}: has no devices")
    if len(rows) > MOST_CLIENTS:
        raise ValueError(f"{path}: more than {MOST_CLIENTS:,} devices")
    numbers = [
        [_positive(path, client, name, value) for name, value in zip(_HEADS[1:], row, strict=True)]
        for client, row in rows.items()
    ]
    computation, communication = np.array(numbers, dtype=np.float64).T
    return DeviceCapacities(tuple(rows), computation.copy(), communication.copy())


def read_availability(path: str | PathLike[str]) -> Availability:
    """Read a table of availability, JSON as FedScale has it.

    Parameters
    ----------
    path
        ``{"CLIENT": {"active": [S, ...], "inactive": [S, ...], "finish_time": S, ...}, ...}``: the
        device is there from ``active[i]`` to ``inactive[i]``, and all of it begins anew after
        ``finish_time`` seconds. Other keys (``duration``, ``model``) are not looked at.

    Raises
    ------
    ValueError
        Naming file and client: for times that are no numbers, not in order, or not as many; for a
        pickle, which is never read; for a file of more than 512 MiB.
    OSError
        When the file cannot be read.

    Returns
    -------
    Availability

    Examples
    --------
    >>> from pathlib import Path
    >>> import mel_fast as mel
    >>> text = '{"7": {"active": [0], "inactive": [60], "finish_time": 100}}'
    >>> _ = Path("availability.json").write_text(text)
    >>> mel.scenarios.read_availability("availability.json").there(130.0)
    ['7']
    """
    path = Path(path)
    traces = {
        _client(path, client): _trace(path, client, entry)
        for client, entry in _object(path, _content(path)).items()
    }
    if not traces:
        raise ValueError(f"{path}: has no devices")
    return Availability(tuple(traces), traces)


def _trace(path: Path, client: str, entry: Any) -> tuple[list[float], list[float], float]:
    where = f"{path}: client {shown(client)}"
    if not isinstance(entry, dict) or not {"active", "inactive", "finish_time"} <= set(entry):
        raise ValueError(f"{where}: must have active, inactive and finish_time")
    begins, ends = entry["active"], entry["inactive"]
    if not isinstance(begins, list) or not isinstance(ends, list) or len(begins) != len(ends):
        raise ValueError(f"{where}: active and inactive must be lists of one length")
    try:
        begins = [real("active", value, low=0.0) for value in begins]
        ends = [real("inactive", value, low=0.0) for value in ends]
        finish = real("finish_time", entry["finish_time"])
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from None
    times = [time for pair in zip(begins, ends, strict=True) for time in pair]
    if times != sorted(times):
        raise ValueError(f"{where}: active and inactive must take turns in ascending order")
    return begins, ends, finish


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path}: more than {MOST_BYTES:,} bytes")
    if content[:1] == b"\x80":
        raise ValueError(
            f"{path} is a pickle, which could run any program and is never read: let whom you "
            "trust with it write the same objects as JSON"
        )
    return content


def _object(path: Path, content: bytes) -> dict[str, Any]:
    try:
        data = grammar.loads(content)
    except ValueError as error:
        raise ValueError(f"{path}{error}") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path}: must be an object with an entry for each client")
    return data


def _from_json(content: bytes, path: Path) -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {}
    for client, entry in _object(path, content).items():
        if not isinstance(entry, dict) or not set(_HEADS[1:]) <= set(entry):
            raise ValueError(
                f"{path}: client {shown(client)}: must have computation and communication"
            )
        rows[_client(path, client)] = [entry[name] for name in _HEADS[1:]]
    return rows


def _from_csv(content: bytes, path: Path) -> dict[str, list[Any]]:
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV file: {plain(str(error))}") from None
    lines = [line for line in lines if line]
    if not lines or sorted(cell.strip() for cell in lines[0]) != sorted(_HEADS):
        raise ValueError(f"{path}: must have the columns {', '.join(_HEADS)}")
    places = [[cell.strip() for cell in lines[0]].index(head) for head in _HEADS]
    for number, line in enumerate(lines[1:]):
        if len(line) != len(_HEADS):
            raise ValueError(f"{path}: device {number} has {len(line)} entries for 3 columns")
    names = [_client(path, line[places[0]].strip()) for line in lines[1:]]
    if twice := repeated(names):
        raise ValueError(f"{path}: client {few(twice)} is there twice")
    return {
        name: [_float(line[place]) for place in places[1:]]
        for name, line in zip(names, lines[1:], strict=True)
    }


def _float(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _client(path: Path, name: str) -> str:
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise ValueError(
            f"{path}: client {shown(name)}: must be a name of 1 to {_LONGEST_NAME} printable "
            "characters"
        )
    return name


def _positive(path: Path, client: str, name: str, value: Any) -> float:
    try:
        return real(name, value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: client {shown(client)}: {error}") from None


guard(__name__)
