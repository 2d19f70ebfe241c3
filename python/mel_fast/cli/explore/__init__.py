"""`mel-fast explore`: the live page, served on this machine or written as one file."""

import os
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

import click

from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import check_targets, problem_of, refusals


@click.command("explore")
@click.argument("scenario", required=False, type=click.Path(path_type=Path))
@click.option(
    "--export", "target", type=click.Path(path_type=Path), help="Write the page as one file; exit."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port.  [one that is free]")
@click.option("--no-browser", is_flag=True, help="Print the address, open nothing.")
@click.option(
    "--core",
    type=click.Choice(["auto", "page", "package"]),
    default="auto",
    show_default=True,
    help="Where it is solved: in the page if it can be.",
)
@format_option()
def command(
    scenario: Path | None, target: Path | None, port: int, no_browser: bool, core: str, form: str
) -> int:
    """Open SCENARIO (a TOML file) in a live page; without one, the paper's Table I.

    The page plans again at each move of a slider. It is served to this machine alone, until Ctrl-C.
    Exit status: 0 when it was ended or written, 2 wrong usage.
    """
    from mel_fast.explore import Server, export

    check_targets(target)
    with refusals():
        problem = None if scenario is None else problem_of(scenario, {})
        name = "a scenario" if scenario is None else scenario.name
        if target is not None:
            export(target, problem, name)
            return 0
        in_page = {"auto": None, "page": True, "package": False}[core]
        server = Server(problem, name, port=port, in_page=in_page)
    with server, suppress(KeyboardInterrupt):
        emit(form, "explore", {}, {"address": [server.url]}, server.url)
        sys.stdout.flush()
        click.echo("Ctrl-C ends it.", err=True)
        if not no_browser and _has_desktop():
            webbrowser.open(server.url)
        server.serve_forever()
    return 0


def _has_desktop() -> bool:
    """Whether a browser would open in a window of its own, not in this terminal."""
    if not sys.stdout.isatty():
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
