"""Training: optimisers with torch.optim's numbers, the network's gradients, SciPy's methods."""

import sys

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import learning
from mel_fast.learning.networks.optimisers import OPTIMISERS, RULES, WHOLE, Optimiser

# Made by torch.optim of PyTorch 2.13.0 in float64 at the usual rates of RULES: the minimum of
# sum a x^2 / 2 + sin 3 x from [1, -2, 0.5] with a = [1, 10, 0.1]; x after 1, 10 and 50 steps.
TORCH = {
    "sgd": [
        [1.1969977489801336, -0.2880510859951097, 0.47377883949968913],
        [1.4079565752291556, -0.23046413968310056, -0.5178332332067823],
        [1.4079565765885815, -0.23087292652058455, -0.5178446602672468],
    ],
    "momentum": [
        [1.0196997748980134, -1.828805108599511, 0.4973778839499689],
        [1.5756548865205058, 1.2722676830341324, 0.27916124101291806],
        [1.4201580885393645, -0.28878838055096234, -0.48589148565955487],
    ],
    "nesterov": [
        [1.0374295723062255, -1.674729706339071, 0.4950179795049409],
        [1.537663374411118, 0.7147496488103315, 0.1595943040447978],
        [1.4093516880212171, -0.23461155557919583, -0.506594408621321],
    ],
    "adagrad": [
        [1.0099999999994924, -1.9900000000000584, 0.4900000000038137],
        [1.0501361387256969, -1.9499880109159986, 0.43956099439770385],
        [1.1254635246353237, -1.8735711250592768, 0.33328227402301014],
    ],
    "rmsprop": [
        [1.00999999949238, -1.990000000058413, 0.4900000038137123],
        [1.0505730023978368, -1.9495503427819918, 0.4391375569117158],
        [1.1309799863387133, -1.867868872736343, 0.3274805852310082],
    ],
    "adadelta": [
        [1.003162273585928, -1.9968377223937812, 0.49683795228210226],
        [1.033742445119463, -1.9663946354188053, 0.455163635226066],
        [1.1771133925596857, -1.8176428368722028, -0.19265451868580416],
    ],
    "adam": [
        [1.0009999999949237, -1.999000000000584, 0.49900000003813716],
        [1.0100002853540402, -1.9900013958766398, 0.48991663185069656],
        [1.0499580080261788, -1.9501229232456383, 0.4442915954516668],
    ],
    "adamax": [
        [1.0019999999898477, -1.9980000000011682, 0.49800000007627426],
        [1.0199981099368538, -1.9799670785301726, 0.48174466731697807],
        [1.1002802800192377, -1.8995312549359362, 0.4139908656765454],
    ],
    "nadam": [
        [1.002112903571944, -1.9978870964185647, 0.4978870964979105],
        [1.016159637687592, -1.9838604888841427, 0.4826229497149869],
        [1.09268757144905, -1.907285598454349, 0.3779195066338076],
    ],
    "amsgrad": [
        [1.0009999999949237, -1.999000000000584, 0.49900000003813716],
        [1.0100002853540402, -1.9900013958766398, 0.48991663185069656],
        [1.0499580080261788, -1.9501229232456383, 0.4442915954516668],
    ],
}


def descend(step, after=(1, 10, 50)):
    a, x, seen = np.array([1.0, 10.0, 0.1]), np.array([1.0, -2.0, 0.5]), []
    for turn in range(1, max(after) + 1):
        step([x], [a * x + 3 * np.cos(3 * x)])
        if turn in after:
            seen.append(x.copy())
    return seen


@pytest.mark.parametrize("name", RULES)
def test_optimisers_have_the_numbers_of_torch(name):
    found = descend(Optimiser(name).step)
    np.testing.assert_allclose(found, TORCH[name], rtol=0, atol=1e-9)


def test_every_optimiser_has_its_number_beside_it():
    assert set(TORCH) == set(RULES) < set(OPTIMISERS)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_the_rate_is_the_one_given(name):
    (first,) = descend(Optimiser(name, 0.5).step, after=(1,))
    (usual,) = descend(Optimiser(name).step, after=(1,))
    begin = np.array([1.0, -2.0, 0.5])
    ratio = 0.5 / RULES[name][2]
    np.testing.assert_allclose(first - begin, ratio * (usual - begin), rtol=1e-6)


def test_gradients_are_those_of_differences():
    rng = np.random.default_rng(0)
    network = learning.NumpyMLP(5, 3, hidden=(4,), seed=1)
    weights = [
        part + rng.normal(0, 0.1, part.shape).astype(np.float32) for part in network.get_weights()
    ]
    x, y = rng.standard_normal((20, 5)).astype(np.float32), rng.integers(0, 3, 20)
    network.set_weights(weights)
    _, gradients = network.gradients(x, y)
    h = 1e-3
    for place, part in enumerate(weights):
        for index in np.ndindex(part.shape):
            ends = []
            for sign in (1, -1):
                moved = [w.copy() for w in weights]
                moved[place][index] += np.float32(sign * h)
                network.set_weights(moved)
                ends.append(network.gradients(x, y)[0])
            assert gradients[place][index] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=3e-3)


@pytest.mark.parametrize(("name", "cycles"), [*((n, 6) for n in RULES), ("lbfgs", 40), ("cg", 40)])
def test_every_optimiser_learns_the_digits(name, cycles):
    if name in WHOLE:
        pytest.importorskip("scipy", reason="needs the extra [learn]")
    data = learning.digits()
    rate = {"adadelta": None, "sgd": None, "lbfgs": None, "cg": None}.get(
        name, 3 * RULES[name][2] if name in RULES else None
    )
    network = learning.NumpyMLP(64, hidden=(30,), optimiser=name, learning_rate=rate, batch=16)
    network.train(data.train_x, data.train_y, cycles, np.random.default_rng(0))
    assert network.score(data.test_x, data.test_y) > 0.8


def test_nothing_but_weights_passes_between_learners():
    data = learning.digits().limited(200, 50)
    network = learning.NumpyMLP(64, hidden=(10,), optimiser="adam")
    begin, results = network.get_weights(), []
    for _ in range(2):
        network.set_weights(begin)
        network.train(data.train_x, data.train_y, 2, np.random.default_rng(3))
        results.append(network.get_weights())
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_default_network_is_the_papers_and_begins_like_the_other_one():
    pytest.importorskip("sklearn", reason="needs the extra [learn]")
    mine, theirs = learning.NumpyMLP(seed=3), learning.ScikitMLP(seed=3)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"optimiser": "adm"}, "did you mean 'adam'"),
        ({"learning_rate": 0.0}, "learning_rate = 0"),
        ({"batch": 0}, "batch = 0"),
        ({"hidden": (3, 0)}, "hidden = 0"),
        ({"features": 0}, "features = 0"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_a_network_that_cannot_be_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        learning.NumpyMLP(**words)


@pytest.mark.long
@pytest.mark.parametrize("name", RULES)
def test_a_torch_module_takes_the_same_steps_as_the_network(name):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    data = learning.digits().limited(300, 100)
    network = learning.NumpyMLP(64, hidden=(20,), optimiser=name, batch=32, seed=2)
    module = torch.nn.Sequential(torch.nn.Linear(64, 20), torch.nn.ReLU(), torch.nn.Linear(20, 10))
    w1, w2, b1, b2 = network.get_weights()
    with torch.no_grad():
        for layer, w, b in ((0, w1, b1), (2, w2, b2)):
            module[layer].weight.copy_(torch.from_numpy(w.T.copy()))
            module[layer].bias.copy_(torch.from_numpy(b))
    run = {"samples": [200, 100], "cycle_s": 1.0, "cycles": 2, "seed": 1}
    mine = learning.train(2, data, model=network, **run)
    theirs = learning.train(2, data, model=module, optimiser=name, batch=32, **run)
    np.testing.assert_allclose(mine.accuracy, theirs.accuracy, atol=0.03)
    for one, other in zip(
        [mine.weights[0].T, mine.weights[2], mine.weights[1].T, mine.weights[3]],
        theirs.weights,
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert "torch" in sys.modules
    assert mel.learning.train is learning.train


@pytest.mark.long
def test_a_torch_module_with_dropout_is_decided_by_the_seed_and_can_be_resumed(tmp_path):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    data = learning.digits().limited(300, 100)

    def trained(**words):
        torch.random.default_generator.manual_seed(7)
        layers = (torch.nn.Linear(64, 20), torch.nn.Dropout(0.5), torch.nn.Linear(20, 10))
        module = torch.nn.Sequential(*layers)
        torch.random.default_generator.manual_seed(words.pop("outside"))
        before = torch.random.get_rng_state()
        run = {"samples": [200, 100], "cycle_s": 1.0, "seed": 1, **words}
        made = learning.train(2, data, model=module, **run)
        assert torch.equal(torch.random.get_rng_state(), before)
        return made.weights

    whole = trained(outside=1, cycles=3)
    trained(outside=2, cycles=1, checkpoint=tmp_path / "run")
    resumed = trained(outside=3, cycles=3, checkpoint=tmp_path / "run")
    other = trained(outside=1, cycles=3, seed=2)
    for one, again, third in zip(whole, resumed, other, strict=True):
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, third)
