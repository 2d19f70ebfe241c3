"""Exit statuses: every command that plans ends with what is known of its plan."""

import pytest

from mel_fast.cli import run


@pytest.mark.parametrize("command", [("explain",), ("simulate",), ("solve",)])
@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--learners", "5"), 0),
        (("--learners", "5", "--cycle-s", "1"), 3),
        (("--learners", "5", "--time-limit-s", "0"), 4),
        (("--learners", "5", "--cycle-s", "-1"), 2),
    ],
)
def test_a_command_ends_with_the_status_of_its_plan(
    command: tuple[str, ...], words: tuple[str, ...], status: int
) -> None:
    assert run([*command, *words]) == status


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("frontier", "--learners", "5", "--to", "40"), 0),
        (("frontier", "--learners", "5", "--to", "1"), 3),
        (("least", "--learners", "5", "--tau", "1"), 0),
        (("least", "--learners", "5", "--tau", "9", "--over", "power_w", "--cycle-s", "5"), 3),
        (("least", "--learners", "5", "--tau", "1", "--time-limit-s", "0"), 4),
    ],
)
def test_least_amounts_end_with_theirs(words: tuple[str, ...], status: int) -> None:
    assert run(list(words)) == status


def test_nothing_is_simulated_without_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--learners", "5", "--cycle-s", "1"]) == 3
    said = capsys.readouterr()
    assert "infeasible" in said.out
    assert said.err == ""
