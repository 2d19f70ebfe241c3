"""The box kept in place is the box that copies would give; sums kept are sums computed anew."""

import itertools

import pytest

pytest.importorskip("flint")

import mel_fast as mel
from mel_fast.verify import _cover, _learner, _ledger, verify_dict
from mel_fast.verify._boxes import Boxes
from mel_fast.verify.claim import _read
from mutated import seeded
from test_verify import instance


def twins(rng, learners, samples):
    """A problem with a few kinds of learners in a random order."""
    kinds = [rng.choice((1e7, 4e6, 2e7)) for _ in range(learners)]
    least = [rng.choice((0, 0, 1)) for _ in range(learners)]
    task = mel.LearningTask(samples, 10, 8, 30, 0, 8, 1e6)
    given = mel.Learners(kinds, 1e-9, 1e5, 0.1, min_samples=least)
    radio = mel.Radio(1e5, 0.1, noise_density_w_per_hz=4e-15)
    return _read.read_problem(mel.Problem(task, given, radio, 20.0).to_dict(), "problem")


def halves(problem, box, split):
    """Copy a box twice and narrow every twin: what docs/certificate.md says, word for word."""
    below, above = list(box), list(box)
    for k, row in enumerate(problem.learners):
        if row != problem.learners[split.learner]:
            continue
        low, high = box[k]
        if k >= split.learner:
            below[k] = (low, min(high, split.at))
        if k <= split.learner:
            above[k] = (max(low, split.at + 1), high)
    return below, above


@pytest.mark.parametrize("seed", range(40))
def test_a_box_in_place_is_the_box_of_copies(seed):
    rng = seeded("boxes", seed)
    learners, samples = rng.randint(1, 9), rng.randint(1, 30)
    problem = twins(rng, learners, samples)
    boxes = Boxes(problem, (0, samples))

    def visit(box, depth):
        assert [boxes.interval(k) for k in range(learners)] == box
        pieces = {}
        for group, members in enumerate(boxes.members):
            of_each = [[ends] * count for count, ends in boxes.pieces(group)]
            pieces.update(zip(members, itertools.chain(*of_each), strict=True))
        assert [pieces[k] for k in range(learners)] == box
        least, most = (sum(ends[side] for ends in box) for side in (0, 1))
        assert boxes.is_empty() is (
            any(low > high for low, high in box) or not least <= samples <= most
        )
        wide = [k for k, (low, high) in enumerate(box) if low < high]
        if not depth or not wide:
            return
        k = rng.choice(wide)
        split = _read.Split(k, rng.randrange(*box[k]))
        for half, go in zip(
            halves(problem, box, split), (boxes.go_below, boxes.go_above), strict=True
        ):
            cut = go(split)
            visit(half, depth - 1)
            boxes.go_back(cut)
        assert [boxes.interval(k) for k in range(learners)] == box

    root = [(row.min_samples, samples) for row in problem.learners]
    visit(root, 6)


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("block_hz", [None, 2e5])
@pytest.mark.parametrize("known", [3, 100_000])
def test_sums_kept_are_those_computed_anew(law, idle, block_hz, known, monkeypatch):
    monkeypatch.setattr(_ledger, "KNOWN", known)
    problem = instance(3, law, idle=idle)
    if block_hz is not None:
        problem = problem.replace(radio=problem.radio.replace(block_hz=block_hz))
    plan = mel.solve(problem)
    read = _read.read_problem(problem.to_dict(), "problem")
    leaf = _read.Leaf(*plan.certificate["tree"][0].values())
    other = _read.Leaf(leaf.lambda_per_hz / 2, leaf.mu_per_w * 2)
    boxes = Boxes(read, (0, read.samples))
    kept, anew = (
        _cover.Bounds(read, plan.bound + 1, boxes, tree, lambda count: None)
        for tree in ([leaf, leaf, other, other], [leaf, other])
    )
    rng = seeded("sums", law, idle)

    def visit(depth):
        for prices in (leaf, other) if depth % 2 else (leaf,):
            with _learner.precision(64):
                first, second = kept.of(prices), anew.of(prices)
                assert (first is None) == (second is None)
                if first is not None:
                    assert abs(first - second) < 1e-9 * read.samples
        k = rng.randrange(len(read.learners))
        low, high = boxes.interval(k)
        if not depth or low == high:
            return
        split = _read.Split(k, rng.randrange(low, high))
        for go in (boxes.go_below, boxes.go_above):
            cut = go(split)
            visit(depth - 1)
            boxes.go_back(cut)

    visit(4)


def test_a_tree_at_one_pair_of_prices_costs_little_more_than_its_learners(steps):
    """And the verdict is that of the single leaf."""
    plan = mel.solve(instance(2, "fixed", learners=150, samples=9000))
    data = plan.to_dict()
    (leaf,) = data["certificate"]["tree"]
    alone = verify_dict(data)
    once = steps.taken
    splits = 120
    nodes = [node for k in range(splits) for node in ({"learner": k, "at": 0}, leaf)]
    data["certificate"]["tree"] = [*nodes, leaf]
    steps.taken = 0
    verdict = verify_dict(data)
    assert verdict.ok, verdict.reasons
    assert verdict.leaves == splits + 1
    assert verdict.margin == pytest.approx(alone.margin)
    assert verdict.spare_s == alone.spare_s
    assert steps.taken < 6 * once  # copies and sums anew: more than a hundred times as many
