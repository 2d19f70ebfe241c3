"""`mel-fast bench`: our own figures, with the answers beside the times."""

from pathlib import Path

import click

from mel_fast.bench import PARTS, WrongAnswerError, run
from mel_fast.cli import say
from mel_fast.cli.shared.report import emit_rows, format_option
from mel_fast.cli.shared.scenario import check_plot, refusals
from mel_fast.solve.arguments import MAX_THREADS

WRONG_STATUS = 1


@click.command("bench")
@click.option("--quick", is_flag=True, help="Small sizes: seconds, for a look.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this. Repeat.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write bench-DATE.md and .json here.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the growth: .png, .svg, .pdf.")
@format_option()
def command(
    quick: bool,
    parts: tuple[str, ...],
    threads: int,
    out: Path | None,
    plot: Path | None,
    form: str,
) -> int:
    """Measure this machine: small problems, batches, growth to ten million learners, payloads.

    Prints tables; --out writes a page of them. Every answer is checked: a status that is not
    proved, or a difference between runs or numbers of threads, ends it. Exit status: 0 done, 1 a
    wrong answer, 2 wrong usage.
    """
    from mel_fast.bench._plot import save_growth
    from mel_fast.bench._report import prepare, save, targets

    parts = parts or PARTS
    check_plot(plot)
    if plot is not None and "growth" not in parts:
        raise click.ClickException(f"--plot {plot}: needs the part growth")

    def tell(part: str) -> None:
        say(f"measuring: {part}")

    try:
        with refusals():
            if out is not None:
                prepare(out)
            report = run(parts, quick=quick, threads=threads, tell=tell)
            if out is not None:
                save(report, out)
            if plot is not None:
                save_growth(report, plot)
    except WrongAnswerError as error:
        say(f"wrong answer: {error}")
        return WRONG_STATUS
    known = {"machine": report["machine"], "quick": quick, "threads": threads}
    machine = [{"name": name, "value": str(value)} for name, value in report["machine"].items()]
    tables = {part: report[part] for part in parts}
    title = f"# mel-fast bench, {report['machine']['date']}"
    emit_rows(form, "bench", known, {"machine": machine, **tables, "goals": targets(report)}, title)
    return 0
