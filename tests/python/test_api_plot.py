"""The figure of the schemes: it is made of the plans' own numbers, and of nothing else."""

import numpy as np
import pytest

import mel_fast as mel

pytest.importorskip("matplotlib")

from mel_fast.figures.plan import all_schemes, compare, save_figure


def test_bars_are_the_plans_columns_in_one_order(plan):
    plans = all_schemes(plan)
    assert [each.scheme for each in plans] == ["joint", "task_only", "resource_only"]
    assert plans[0] is plan
    figure = compare(plans)
    axes = np.reshape(figure.axes, (4, 3))
    learners = plan.problem.learners
    order = np.lexsort((-learners.gain, -learners.flops_per_s))
    for column, each in enumerate(plans):
        heights = [bar.get_height() for bar in axes[2, column].patches]
        assert heights == each.samples[order].tolist()
        stacked = np.reshape([bar.get_height() for bar in axes[3, column].patches], (3, -1))
        assert stacked.sum(axis=0) == pytest.approx(each.total_s[order], rel=1e-12)
        assert f"= {each.tau} (proved optimal)" in axes[0, column].get_title()


def test_an_infeasible_scheme_says_so_in_its_column(problem):
    plans = all_schemes(mel.solve(problem.replace(cycle_s=18.0)))
    assert {str(plan.status) for plan in plans} == {"optimal", "infeasible"}
    figure = compare(plans)
    titles = [axes.get_title() for axes in figure.axes[:3]]
    assert "Resource only: infeasible" in titles
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any("bandwidth and power budgets" in text.replace("\n", " ") for text in texts)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_equal_plans_give_equal_files(plan, tmp_path, suffix):
    for name in ("a", "b"):
        save_figure([plan], tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_thousands_of_learners_are_drawn_as_areas():
    problem = mel.scenarios.table1(learners=3000, cycle_s=300.0, budgets="per_learner")
    figure = compare([mel.solve(problem)])
    assert not any(axes.patches for axes in figure.axes)
    assert all(axes.collections for axes in figure.axes)
