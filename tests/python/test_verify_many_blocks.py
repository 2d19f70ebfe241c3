"""True proofs over many resource blocks are not refused: the checker's bound is exact there too."""

import numpy as np
import pytest

import mel_fast as mel
from strategies import draw

pytest.importorskip("flint")


def many_blocks(seed: int, law: str, idle: str) -> mel.Problem:
    """Draw a problem whose learners want far more blocks than they would be tried one by one."""
    rng = np.random.default_rng([29, seed])
    problem = draw(
        seed, int(rng.integers(3, 9)), int(rng.integers(20, 90)), law, "parallelized", idle
    )
    width = problem.radio.bandwidth_hz / float(rng.integers(110, 4000))
    return problem.replace(radio=problem.radio.replace(block_hz=width))


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_what_the_solver_proves_over_many_blocks_verifies(law: str, idle: str) -> None:
    for seed in range(25):
        problem = many_blocks(seed, law, idle)
        plan = mel.solve(problem)
        assert plan.status in ("optimal", "infeasible"), (seed, plan)
        verdict = mel.verify(problem, plan)
        assert verdict.ok, (seed, plan, verdict)


def test_a_learner_worth_most_with_few_samples_is_bounded_there_as_tightly() -> None:
    # Fixed law, served: worth falls and rises again over 175 blocks, and with few samples divisible
    # bandwidth is worth more than whole blocks: the bound was 72.3 where 70.7 is true, of 71.
    kinds = {
        "flops_per_s": [185688502.17240238, 4179818.629697516],
        "gain": [7.586731513739635e-09, 6.222474843532857e-09],
        "return_bandwidth_hz": [2383.2812199496634, 242.3152178613856],
        "return_power_w": [2.4405220069571518e-05, 0.0001610806151838262],
    }
    columns = {name: np.array(pair)[[0, 1, 0, 0, 1, 0, 0]] for name, pair in kinds.items()}
    problem = mel.Problem(
        mel.LearningTask(71, 822, 1, 2, 12, 8, 2072440.1728025833, "parallelized"),
        mel.Learners(**columns),
        mel.Radio(
            104.3272402887827, 0.2501980567949689, noise_power_w=1e-13, block_hz=0.5928733660752707
        ),
        48.17393391083056,
    )
    plan = mel.solve(problem)
    assert plan.status == "infeasible"
    assert mel.verify(problem, plan)
