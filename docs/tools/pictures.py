"""The pictures of the tutorial and of the proof in pictures: `python docs/tools/pictures.py`."""

import contextlib
import io
import os
import re
import runpy
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import mel_fast as mel
from mel_fast.cli import run

DOCS = Path(__file__).resolve().parents[1]
FIGURES = DOCS / "figures"
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#7A7A7A"
LOOK = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "mel_fast",
    "figure.constrained_layout.use": True,
}


def files_of_the_tutorial() -> dict[str, str]:
    """Return the files that the tutorial has its reader write, by name."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^:caption: (\S+)\n\n(.*?)^```$", text, re.M | re.S))


def of_the_tutorial() -> mel.Problem:
    """Type the tutorial's commands, keep its two figures, return its problem."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, content in files_of_the_tutorial().items():
            Path(name).write_text(content, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()), plt.rc_context({"savefig.dpi": 110}):
            run(["solve", "mine.toml", "--output", "plan.json", "--plot", "plan.png"])
            runpy.run_path("figure.py")
        for name in ("plan", "round"):
            (FIGURES / f"tutorial_{name}.png").write_bytes(Path(f"{name}.png").read_bytes())
        return mel.load_scenario("mine.toml")


class Refused:
    """Why tau local cycles are impossible, in the numbers that the certificate states."""

    def __init__(self, problem: mel.Problem) -> None:
        plan = mel.solve(problem)
        assert plan.certificate is not None
        assert plan.status == "optimal"
        (leaf,) = plan.certificate["tree"]
        self.plan, self.problem, self.tau = plan, problem, plan.bound + 1
        self.prices = leaf["lambda_per_hz"], leaf["mu_per_w"]
        task, learners = problem.task, problem.learners
        self.names = list(plan.columns()["name"])
        self.noise = problem.radio.noise_density_w_per_hz / learners.gain
        back = np.log2(1 + learners.return_power_w / self.noise / learners.return_bandwidth_hz)
        self.left_s = problem.cycle_s - task.model_bits / (learners.return_bandwidth_hz * back)
        self.sample_s = self.tau * task.flops_per_sample / learners.flops_per_s
        self.bits = task.model_bits

    def rate(self, k: int, samples: np.ndarray) -> np.ndarray:
        """Return the bit/s that learner k needs to be sent the model in time."""
        return self.bits / (self.left_s[k] - samples * self.sample_s[k])

    def price_of_a_bit(self, prices: tuple[float, float]) -> np.ndarray:
        """Return the least price of one bit/s at each learner, over bits/s/Hz of any size."""
        efficiency = np.geomspace(1e-3, 40.0, 20_000)[:, None]
        power = self.noise * np.expm1(efficiency * np.log(2)) / efficiency
        return (prices[0] / efficiency + prices[1] * power).min(axis=0)

    def best(self, prices: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """Return the samples that pay best at each learner, and what they are worth."""
        found = []
        for k, bit in enumerate(self.price_of_a_bit(prices)):
            most = int(self.problem.learners.max_samples[k])  # type: ignore[index]
            samples = np.arange(min(most, int(self.left_s[k] / self.sample_s[k])) + 1.0)
            worth = samples - bit * self.rate(k, samples)
            worth[0] = 0.0  # excused
            found.append((samples[worth.argmax()], worth.max()))
        return tuple(np.array(column) for column in zip(*found, strict=True))

    def bound(self, prices: tuple[float, float]) -> float:
        """Return U: no plan with tau local cycles has more samples."""
        radio = self.problem.radio
        budgets = prices[0] * radio.bandwidth_hz + prices[1] * radio.power_w
        return float(budgets + self.best(prices)[1].sum())


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture, the same bytes each time."""
    figure.savefig(FIGURES / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


def time_left(refused: Refused) -> None:
    """Draw what a learner's samples leave for sending, and the rate that this takes."""
    k = refused.names.index("laptop")
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.5))
    counts = np.array([4_000, 8_000, 11_000])
    compute, whole = counts * refused.sample_s[k], refused.problem.cycle_s
    back = whole - refused.left_s[k]
    rows = [f"{count:,} samples" for count in counts]
    left.barh(rows, refused.left_s[k] - compute, color=BLUE, label="left to send")
    left.barh(rows, compute, left=refused.left_s[k] - compute, color=ORANGE, label="compute")
    left.barh(rows, back, left=refused.left_s[k], color=GREEN, label="return")
    left.axvline(whole, color=RED, linestyle="--")
    left.set_xlabel("Time in the round (s)")
    left.legend(ncols=3, loc="lower left", bbox_to_anchor=(-0.3, 1.0), columnspacing=1.0)
    samples = np.linspace(0, refused.left_s[k] / refused.sample_s[k] * 0.99, 400)
    right.plot(samples, refused.rate(k, samples) / 1e6, color=BLUE)
    right.plot(counts, refused.rate(k, counts) / 1e6, "o", color=BLUE)
    right.set(xlabel="Samples $d$ of the laptop", ylabel="Rate needed (Mbit/s)", ylim=(0, 30))
    save(figure, "proof_1_time")


def one_price(refused: Refused) -> None:
    """Draw what samples cost at the certificate's prices, and which number pays best."""
    k = refused.names.index("laptop")
    bit = refused.price_of_a_bit(refused.prices)[k]
    samples = np.linspace(0, refused.left_s[k] / refused.sample_s[k] * 0.985, 500)
    cost = bit * refused.rate(k, samples)
    best, worth = (column[k] for column in refused.best(refused.prices))
    figure, axes = plt.subplots(figsize=(5.2, 2.9))
    axes.plot(samples, samples, color=GREY, label="what they are worth: $d$")
    axes.plot(samples, cost, color=BLUE, label="what their radio costs: $C(d)$")
    axes.vlines(best, best - worth, best, color=RED, linewidth=2.5)
    axes.annotate(
        f"the best choice,\n{best:,.0f} samples,\nleaves {worth:,.0f}",
        (best, best - worth / 2),
        xytext=(-110, -55),
        textcoords="offset points",
        color=RED,
    )
    axes.set(xlabel="Samples $d$ of the laptop", ylabel="Samples", ylim=(0, 15_000))
    axes.legend(loc="upper left")
    save(figure, "proof_2_price")


def sum_up(refused: Refused) -> None:
    """Draw the bound as a heap: the budgets' worth and what each learner can gain at most."""
    radio, prices = refused.problem.radio, refused.prices
    worth = refused.best(prices)[1]
    parts = [("bandwidth", prices[0] * radio.bandwidth_hz), ("power", prices[1] * radio.power_w)]
    order = np.argsort(-worth)
    parts += [(refused.names[k], worth[k]) for k in order]
    figure, axes = plt.subplots(figsize=(7.2, 1.9))
    at = 0.0
    for number, (name, amount) in enumerate(parts):
        colour = [GREEN, "#56B4E9"][number] if number < 2 else [BLUE, "#5B8DB8"][number % 2]
        axes.barh([0], [amount], left=at, color=colour, edgecolor="white")
        if amount > 1_900:
            axes.text(at + amount / 2, 0, name, ha="center", va="center", color="white", fontsize=8)
        at += amount
    need = refused.problem.task.samples
    axes.axvline(need, color=RED, linestyle="--")
    axes.text(need + 150, 0.45, f"needed:\n{need:,}", color=RED, va="top")
    axes.text(at - 100, -0.43, f"U = {at:,.0f}", ha="right", va="top")
    axes.set(yticks=[], ylim=(-0.75, 0.5), xlim=(0, need * 1.12))
    axes.set_xlabel(f"Samples that fit with {refused.tau} local cycles, at most")
    axes.spines["left"].set_visible(False)
    save(figure, "proof_3_sum")


def any_price(refused: Refused) -> None:
    """Draw the bound over the prices: every price proves something, the best prove the most."""
    factors = np.geomspace(0.25, 4.0, 41)
    lam, mu = refused.prices
    bounds = np.array([[refused.bound((lam * x, mu * y)) for x in factors] for y in factors])
    figure, axes = plt.subplots(figsize=(4.6, 3.4))
    need = refused.problem.task.samples
    levels = [28_500, 29_000, 29_500, need, 31_000, 32_500, 35_000, 40_000]
    filled = axes.contourf(factors, factors, bounds, [0, need], colors=["#CDE3F2"])
    lines = axes.contour(factors, factors, bounds, levels, colors=BLUE, linewidths=0.8)
    axes.clabel(lines, fmt=lambda level: f"{level:,.0f}", fontsize=7)
    axes.contour(factors, factors, bounds, [need], colors=RED, linewidths=1.8)
    axes.plot([1], [1], "o", color=RED)
    axes.annotate("the certificate", (1, 1), xytext=(6, 6), textcoords="offset points", color=RED)
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("Price of bandwidth, times the certificate's")
    axes.set_ylabel("Price of power, times the certificate's")
    ticks = [0.25, 0.5, 1, 2, 4]
    axes.set_xticks(ticks, map(str, ticks))
    axes.set_yticks(ticks, map(str, ticks))
    axes.minorticks_off()
    assert filled.levels.size
    save(figure, "proof_4_prices")


def main() -> None:
    """Draw everything and print the numbers that the page states."""
    with plt.rc_context(LOOK):
        refused = Refused(of_the_tutorial())
        for draw in (time_left, one_price, sum_up, any_price):
            draw(refused)
    print(f"U = {refused.bound(refused.prices):,.1f} at tau = {refused.tau}")


if __name__ == "__main__":
    os.chdir(DOCS.parent)
    sys.exit(main())
