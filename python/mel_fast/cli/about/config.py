"""What runs here: version, compiler, instruction set, threads and extras."""

import platform
import re
from dataclasses import dataclass, fields
from importlib import metadata

from mel_fast import _core


@dataclass(frozen=True)
class Config:
    """What a report of a fault should carry; ``str`` writes it line by line."""

    version: str
    python: str
    system: str
    compiler: str
    kind: str
    flags: str
    instruction_set: str
    implementations: dict[str, bool]  # compiled, and whether this machine has it
    threads: int
    extras: dict[str, bool]  # and whether all packages of it are here; none run from sources
    packages: dict[str, str | None]  # of the package and its extras; None where it is missing

    def __str__(self) -> str:
        lines = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("implementations", "extras"):
                value = ", ".join(name if has else f"({name})" for name, has in value.items())
            elif field.name == "packages":
                value = ", ".join(f"{name} {number or '-'}" for name, number in value.items())
            lines.append(f"{field.name.replace('_', ' ') + ':':<18}{value}")
        return "\n".join(lines)

    __repr__ = __str__


def show_config() -> Config:
    """Return version, compiler, flags, instruction set, threads and extras; shown when printed.

    Returns
    -------
    Config
        ``instruction_set`` is the one in use, ``implementations`` are all that were compiled (in
        brackets what this machine lacks), ``threads`` what the machine runs at once, ``extras``
        those of the package (in brackets where a package of one is missing).

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.show_config().version == mel.__version__
    True
    """
    needs = _needs()
    packages = {name: _version(name) for names in needs.values() for name in names}
    return Config(
        version=_core.__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        **_core.build_info(),
        instruction_set=_core.active_instruction_set(),
        implementations=dict(_core.implementations()),
        threads=_core.hardware_threads(),
        extras={
            extra: all(packages[name] for name in names) for extra, names in needs.items() if extra
        },
        packages=packages,
    )


def _needs() -> dict[str, list[str]]:
    """Name the packages of each extra, and under the empty name those needed always."""
    try:
        requirements = metadata.requires("mel_fast") or []
    except metadata.PackageNotFoundError:  # run from its sources
        requirements = ["numpy", "click", "rich", "pydantic"]
    needs: dict[str, list[str]] = {}
    for requirement in requirements:
        what, _, condition = requirement.partition(";")
        name = re.split(r"[^\w.-]", what.strip(), maxsplit=1)[0]
        extra = re.search(r"""extra == ['"]([^'"]+)""", condition)
        if name.replace("-", "_") != "mel_fast":
            needs.setdefault(extra[1] if extra else "", []).append(name)
    return needs


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
