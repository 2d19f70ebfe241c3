"""Pages that are made from the package itself: every public name, every command."""

import hashlib
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click

import mel_fast
from mel_fast.cli import group

# Public modules, in the order in which the reference shows them.
MODULES = (
    "mel_fast",
    "mel_fast.scenarios",
    "mel_fast.channel",
    "mel_fast.orchestrate",
    "mel_fast.payload",
    "mel_fast.learning",
    "mel_fast.flower",
    "mel_fast.store",
    "mel_fast.tiers",
    "mel_fast.cp_sat",
    "mel_fast.figures.plan",
    "mel_fast.reference",
)
KINDS = ("Functions", "Classes", "Exceptions", "Constants and types")


def public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield name and object of what a module offers, modules left out."""
    own = [
        name
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__ and not name.startswith("_")
    ]
    for name in sorted(getattr(module, "__all__", own)):
        thing = getattr(module, name)
        if not inspect.ismodule(thing) and name != "__version__":
            yield name, thing


def kind(thing: object) -> str:
    """Return under which heading a name stands."""
    if inspect.isclass(thing) and not hasattr(thing, "__origin__"):
        return "Exceptions" if issubclass(thing, BaseException) else "Classes"
    return "Functions" if inspect.isroutine(thing) else "Constants and types"


def first_sentence(thing: object) -> str:
    """Return the line that a docstring begins with."""
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def object_page(module: str, name: str, thing: object) -> str:
    """Return the page of one name."""
    title = f"{module}.{name}"
    head = f"{title}\n{'=' * len(title)}\n\n.. currentmodule:: {module}\n\n"
    what = kind(thing)
    if what == "Functions":
        return f"{head}.. autofunction:: {name}\n"
    if what == "Classes":
        return (
            f"{head}.. autoclass:: {name}\n   :members:\n   :inherited-members: {foreign(thing)}\n"
        )
    return f"{head}.. autoexception:: {name}\n   :show-inheritance:\n"


def foreign(thing: object) -> str:
    """Return the bases that are not ours, whose members belong to other people's references."""
    bases = [base for base in inspect.getmro(thing) if not base.__module__.startswith("mel_fast")]
    return ", ".join(dict.fromkeys(base.__name__ for base in bases))


def module_page(module: ModuleType) -> tuple[str, dict[str, str]]:
    """Return the page of a module and the pages below it, by their names."""
    name = module.__name__
    below: dict[str, str] = {}
    lines = [name, "=" * len(name), "", f".. automodule:: {name}", "   :no-members:", ""]
    things = list(public(module))
    for heading in KINDS:
        found = [(title, thing) for title, thing in things if kind(thing) == heading]
        if not found:
            continue
        lines += [heading, "-" * len(heading), ""]
        if heading == KINDS[-1]:
            for title, thing in found:
                lines += [f".. py:data:: {name}.{title}", f"   :value: {short(thing)}", ""]
            continue
        lines += [".. list-table::", "   :widths: 30 70", ""]
        for title, thing in found:
            page = f"{name}.{title}"
            below[page] = object_page(name, title, thing)
            lines += [f"   * - :doc:`{title} <{page}>`", f"     - {first_sentence(thing)}"]
        lines.append("")
    if below:
        lines += [".. toctree::", "   :hidden:", ""]
        lines += [f"   {title.removeprefix(name + '.')} <{title}>" for title in below]
    return "\n".join(lines) + "\n", below


def short(thing: object) -> str:
    """Return a value in so many characters as a line has room for."""
    text = " ".join(repr(thing).split())
    return text if len(text) <= 60 else text[:57] + "..."


def commands(
    command: click.Command, path: tuple[str, ...] = ("mel-fast",)
) -> Iterator[tuple[str, str]]:
    """Yield each command and its help, those of groups after their group."""
    with click.Context(command, info_name=" ".join(path), max_content_width=80) as context:
        yield " ".join(path), command.get_help(context)
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                if inner is not None and not inner.hidden:
                    yield from commands(inner, (*path, name))


def command_page() -> str:
    """Return the reference of the command line: what --help prints, command by command."""
    parts = [
        "# The command line\n\nWhat `--help` prints, of every command. Results go to stdout, "
        "progress and refusals to stderr; what the exit statuses mean stands in "
        "[runtime](../runtime.md).\n"
    ]
    for name, text in commands(group):
        level = "##" if name.count(" ") < 2 else "###"
        parts.append(f"{level} {name}\n\n```none\n{text.strip()}\n```\n")
    return "\n".join(parts)


def digest() -> str:
    """Return what stands for the package as it is: another one, and notebooks run anew."""
    root = Path(mel_fast.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".so", ".txt"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def write(folder: Path) -> None:
    """Write all pages; those that did not change keep their date, and are not read anew."""
    made = {"command_line.md": command_page()}
    for name in MODULES:
        page, below = module_page(importlib.import_module(name))
        made[f"{name}.rst"] = page
        made.update({f"{title}.rst": text for title, text in below.items()})
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        target = folder / name
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
