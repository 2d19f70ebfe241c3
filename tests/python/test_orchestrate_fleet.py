"""A fleet by name: who joins, leaves, changes, and who is refused."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.orchestrate import Fleet


def some(*names: str, **words: Any) -> mel.Learners:
    return mel.Learners(1e9, 1e-9, 5e6, 0.2, names=names, **words)


def test_learners_without_names_are_called_by_their_numbers() -> None:
    assert list(Fleet(mel.Learners([1e9, 2e9], 1e-9, 5e6, 0.2))) == ["0", "1"]


def test_limits_of_some_do_not_limit_the_others() -> None:
    fleet = Fleet(some("a", "b"))
    fleet.join(some("c", max_samples=7, energy_j=3.0, energy_per_flop_j=1e-9))
    learners = fleet.learners
    assert learners.max_samples is not None
    assert learners.energy_j is not None
    assert learners.max_samples.tolist() == [2**53, 2**53, 7]
    assert learners.energy_j.tolist() == [math.inf, math.inf, 3.0]


def test_choices_go_with_their_learners() -> None:
    fleet = Fleet(some("a", "b", optional=[True, False], weight=2.0))
    fleet.join(some("c"))
    assert fleet.learners.optional is not None
    assert fleet.learners.weight is not None
    assert fleet.learners.optional.tolist() == [True, False, False]
    assert fleet.learners.weight.tolist() == [2.0, 2.0, 1.0]


def test_who_comes_back_under_an_old_name_is_somebody_else() -> None:
    fleet = Fleet(some("a", "b"))
    before = fleet.ids[fleet.place("a")]
    fleet.leave("a")
    fleet.join(some("a"))
    assert list(fleet) == ["b", "a"]
    assert fleet.ids[fleet.place("a")] != before


def test_joining_is_all_or_nothing() -> None:
    fleet = Fleet(some("a"))
    with pytest.raises(ValueError, match="'a' in the fleet already"):
        fleet.join(some("b", "a"))
    assert list(fleet) == ["a"]


@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan, True, "fast", None, [1.0, 2.0]])
def test_an_update_with_nonsense_changes_nothing(value: Any) -> None:
    fleet = Fleet(some("a", "b"))
    before = fleet.learners
    with pytest.raises((ValueError, TypeError), match="flops_per_s"):
        fleet.update("a", gain=2e-9, flops_per_s=value)
    assert fleet.learners == before


def test_unknown_names_and_columns_are_named_with_the_nearest_known() -> None:
    fleet = Fleet(some("roof", "van"))
    with pytest.raises(ValueError, match="no learner 'rof' in the fleet; did you mean 'roof'"):
        fleet.update("rof", gain=1e-9)
    with pytest.raises(ValueError, match="'gian' is no column; did you mean 'gain'"):
        fleet.update("van", gian=1e-9)
    with pytest.raises(ValueError, match="no learner 3"):
        fleet.leave(3)  # type: ignore[arg-type]


def test_a_minimum_above_the_maximum_and_half_a_pair_are_refused() -> None:
    fleet = Fleet(some("a", max_samples=5))
    with pytest.raises(ValueError, match="at least min_samples = 6"):
        fleet.update("a", min_samples=6)
    with pytest.raises(ValueError, match="energy_j is given without energy_per_flop_j"):
        fleet.update("a", energy_j=1.0)
    with pytest.raises(ValueError, match="all learners of a fleet, or for none"):
        fleet.update("a", send_power_w=1.0, send_bandwidth_hz=1e6)


def test_reports_that_make_no_sense_stay_outside_with_a_reason() -> None:
    common = {"return_bandwidth_hz": 5e6, "return_power_w": 0.2}
    reports: list[Any] = [
        {"name": "a", "flops_per_s": 1e9, "gain": 1e-9},
        {"name": "b", "flops_per_s": -1e9, "gain": 1e-9},
        {"name": "a", "flops_per_s": 2e9, "gain": 1e-9},
        {"flops_per_s": 2e9, "gain": 1e-9},
        {"name": "c", "flops_per_s": math.nan, "gain": 1e-9},
        {"name": "d", "speed": 1.0},
        17,
    ]
    fleet, refused = Fleet.from_reports(reports, **common)
    assert list(fleet) == ["a"]
    assert set(refused) == {"b", "a (report 2)", "report 3", "c", "d", "report 6"}
    assert "flops_per_s = -1000000000.0" in refused["b"]


def test_measured_times_make_the_fleet_that_they_were_measured_on() -> None:
    problem = mel.scenarios.table1(learners=3, cycle_s=30.0, seed=0, samples=9000)
    given = mel.solve(problem).allocation
    measured: list[Any] = [
        {
            "name": str(k), "samples": given.samples[k], "tau": 2, "send_s": given.times.send_s[k],
            "bandwidth_hz": given.bandwidth_hz[k], "power_w": given.power_w[k],
            "compute_s": mel.evaluate(problem, 2, *shares).compute_s[k],
        }
        for k in range(3)
        for shares in [(given.samples, given.bandwidth_hz, given.power_w)]
    ]  # fmt: skip
    measured += [{**measured[0], "name": "bad", "send_s": -1.0}, {"name": "half", "tau": 1}]
    common = {"return_bandwidth_hz": 5e6, "return_power_w": 0.2}
    fleet, refused = Fleet.from_times(problem.task, problem.radio, measured, **common)
    assert list(fleet) == ["0", "1", "2"]
    assert set(refused) == {"bad", "half"}
    assert "send_s = -1.0" in refused["bad"]
    np.testing.assert_allclose(fleet.learners.gain, problem.learners.gain, rtol=1e-9)
    np.testing.assert_allclose(fleet.learners.flops_per_s, problem.learners.flops_per_s, rtol=1e-9)


def test_a_table_makes_a_fleet(tmp_path: Path) -> None:
    table = tmp_path / "fleet.csv"
    table.write_text(
        "name,flops_per_s,gain,return_bandwidth_hz,return_power_w\nroof,1e9,1e-9,5e6,0.2\n"
    )
    assert Fleet.from_table(table).learners == some("roof")
    table.write_text("name,gain\nroof,1e-9\n")
    with pytest.raises(ValueError, match=r"fleet.csv.*missing.*flops_per_s"):
        Fleet.from_table(table)


def test_an_empty_fleet_is_a_fleet_but_has_no_learners() -> None:
    fleet = Fleet()
    assert len(fleet) == 0
    with pytest.raises(ValueError, match="the fleet is empty"):
        _ = fleet.learners
    assert np.asarray(fleet.ids).size == 0
