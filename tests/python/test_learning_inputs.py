"""The learning loop: double precision, whole numbers, checkpoints of its own."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import learning


class Weight:
    """A model of one weight."""

    def __init__(self):
        self.weight = np.zeros(1)

    def get_weights(self):
        return [self.weight.copy()]

    def set_weights(self, weights):
        self.weight = np.array(weights[0])

    def train(self, x, y, local_cycles, rng):
        self.weight = self.weight + local_cycles * float(x.mean())

    def score(self, x, y):
        return float(self.weight[0] % 1.0)


def data(last_train=7.0, last_test=3.0):
    x = np.arange(400, dtype=np.float32)[:, None]
    x[-1] = last_train
    test = np.arange(10, dtype=np.float32)[:, None]
    test[-1] = last_test
    return learning.Dataset("numbers", x, np.arange(400) % 5, test, np.arange(10) % 5)


def test_models_in_half_precision_are_averaged_in_double():
    models = [[np.array([61_440.0, 1.0], np.float16)], [np.array([40_960.0, 2.0], np.float16)]]
    (mean,) = learning.average(models, [6000, 6000])
    assert mean.dtype == np.float16
    np.testing.assert_array_equal(mean, np.array([51_200.0, 1.5], np.float16))


def test_an_average_in_single_precision_is_the_nearest_to_the_exact_one():
    rng = np.random.default_rng(3)
    parts = rng.standard_normal((7, 1000)).astype(np.float32)
    samples = rng.integers(1, 10_000, 7)
    (mean,) = learning.average([[part] for part in parts], samples.tolist())
    exact = (samples[:, None].astype(np.longdouble) * parts).sum(axis=0) / samples.sum()
    assert np.abs(mean - exact).max() <= np.spacing(np.abs(mean)).max() / 2 * (1 + 1e-6)


def test_counters_in_a_model_are_rounded_to_the_nearest():
    (mean,) = learning.average([[np.array([1])], [np.array([2])], [np.array([2])]], [1, 1, 1])
    assert mean.tolist() == [2]


@pytest.mark.parametrize("samples", [2.7, True, -1, float("nan"), "3"])
def test_samples_that_are_no_counts_are_refused(samples):
    with pytest.raises((ValueError, TypeError), match="samples = "):
        learning.average([[np.ones(1)]], [samples])


@pytest.mark.parametrize("concentration", [np.inf, 1e308, 1e200])
def test_shards_of_boundless_concentration_are_equal(concentration):
    labels = np.arange(100) % 4
    shards = learning.dirichlet_shards(labels, 4, concentration, np.random.default_rng(0))
    assert sorted(np.concatenate(shards).tolist()) == list(range(100))
    assert all(22 <= len(shard) <= 28 for shard in shards)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"plan": 2.5}, r"plan \(tau\) = 2.5"),
        ({"plan": 0}, r"plan \(tau\) = 0"),
        ({"plan": True}, r"plan \(tau\) = True"),
        ({"samples": [2.7, 1]}, r"samples\[0\] = 2.7"),
        ({"samples": [-1, 1]}, r"samples\[0\] = -1"),
        ({"samples": 3}, "not all zero"),
        ({"cycle_s": -1.0}, "cycle_s = -1.0"),
        ({"cycle_s": np.nan}, "cycle_s = nan"),
        ({"cycles": 1.5}, "cycles = 1.5"),
        ({"cycles": 0}, "cycles = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"concentration": 0.0}, "concentration = 0.0"),
    ],
)
def test_a_run_takes_whole_numbers_and_positive_seconds(changed, message):
    arguments = {"plan": 2, "data": data(), "samples": [200, 100], "cycle_s": 30.0, "cycles": 1}
    with pytest.raises((ValueError, TypeError), match=message):
        learning.run(**{**arguments, "model": Weight(), **changed})


@pytest.mark.parametrize("other", [{"last_train": 8.0}, {"last_test": 4.0}])
def test_a_checkpoint_of_other_data_is_refused(tmp_path, other):
    path = tmp_path / "run.npz"
    same = {"samples": [200, 100], "cycle_s": 30.0, "cycles": 1, "checkpoint": path}
    learning.run(1, data(), model=Weight(), **same)
    with pytest.raises(learning.DataError, match="another run"):
        learning.run(1, data(**other), model=Weight(), **same)


def test_draws_refuse_what_a_problem_refuses():
    with pytest.raises(ValueError, match=r"cycle_s = -1"):
        mel.scenarios.table1_draws(3, cycle_s=-1.0)
    with pytest.raises(ValueError, match="idle = 'lazy'"):
        mel.scenarios.table1_draws(3, idle="lazy")


def test_a_monolithic_model_is_measured_before_it_is_built():
    resource = pytest.importorskip("resource")
    pytest.importorskip("ortools")
    problem = mel.scenarios.table1(learners=2)
    problem = problem.replace(task=problem.task.replace(flops_per_sample=0.01))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    words = {"bandwidth_steps": 4, "power_steps": 4, "time_limit_s": 600.0}
    with pytest.raises(ValueError, match=r" \d{8} values of tau"):
        mel.cp_sat.bracket(problem, formulation="monolithic", **words)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400_000  # kB; a list of them alone takes 2 GB


def test_lost_samples_go_to_those_who_delivered_some():
    problem = mel.scenarios.table1(learners=20, idle="served", seed=3)
    plan = mel.solve(problem)
    idle = int(np.argmin(plan.samples))
    samples = plan.samples.copy()
    samples[int(np.argmax(samples))] += samples[idle]
    samples[idle] = 0
    changed = mel.Plan(
        problem,
        status="feasible",
        tau=1,
        bound=plan.bound,
        samples=samples,
        bandwidth_hz=plan.bandwidth_hz,
        power_w=plan.power_w,
    )
    failed = int(np.flatnonzero(samples)[0])
    found = mel.simulate(changed, failures=[failed]).outcomes
    held = {k for k in np.flatnonzero(samples).tolist() if k not in found["nothing"].missing}
    assert set(found["reassign"].learners.tolist()) == held
    assert idle not in held
    assert failed not in held
