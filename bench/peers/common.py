"""The protocol, and the problem in units in which every share and every time is at most one."""

from dataclasses import dataclass

import numpy as np

import mel_fast as mel


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What a peer found.

    `tau` is 0 where it has no plan; `bound` is what it says no plan can exceed (None where it says
    nothing) and `proved` whether it calls `tau` optimal.
    """

    tau: int
    bound: int | None
    proved: bool
    seconds: float
    version: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scaled:
    """Time in units of the deadline, bandwidth and power in units of the budgets.

    Learner k with shares x and y and a fraction z of the samples meets the deadline when
    ``(each_bits z + base_bits) / rate + tau compute z + return_each z + return_base <= 1`` with
    ``rate = x log2(1 + snr y / x)`` (density law) or ``x log2(1 + snr y)`` (fixed law).
    """

    learners: int
    samples: int
    density: bool
    each_bits: float
    base_bits: float
    snr: np.ndarray
    compute: np.ndarray
    return_each: np.ndarray
    return_base: np.ndarray
    most_tau: int

    def rate(self, x, y, log=np.log):
        """Return the scaled rates of shares; `log` may be a modelling tool's own."""
        return x * log(1 + self.snr * (y / x if self.density else y)) / np.log(2)

    def most_samples(self, tau, x, y):
        """Return the most whole samples that each learner can carry (-1: not even none)."""
        rate = self.rate(x, y)
        left = 1 - self.base_bits / rate - self.return_base
        each = self.each_bits / rate + tau * self.compute + self.return_each
        return np.where(left < 0, -1, np.floor(self.samples * left / each)).astype(np.int64)

    def start(self):
        """Return tau and sample fractions for equal shares, a feasible point (or tau = 1)."""
        share = np.full(self.learners, 1 / self.learners)
        tau = 1
        while (
            tau < self.most_tau and self.most_samples(tau + 1, share, share).sum() >= self.samples
        ):
            tau += 1
        most = np.maximum(self.most_samples(tau, share, share), 1)
        return tau, most / most.sum()


def scale(problem: mel.Problem) -> Scaled:
    """Return the scaled problem; only the `served` reading, which peers can state directly."""
    if problem.idle != "served":
        raise NotImplementedError("the peers' models serve every learner")
    task, learners, radio = problem.task, problem.learners, problem.radio
    density = problem.law == "density"
    unit_bits = radio.bandwidth_hz * problem.cycle_s
    received_snr = radio.power_w * learners.gain / radio.noise
    back = problem.return_rates() * problem.cycle_s
    compute = task.samples * task.flops_per_sample / (learners.flops_per_s * problem.cycle_s)
    return_base = task.model_bits / back
    # Computing alone: sum of (1 - return_base) / (tau compute) must reach 1.
    most_tau = int(np.sum(np.maximum(1 - return_base, 0) / compute))
    return Scaled(
        learners=len(learners),
        samples=task.samples,
        density=density,
        each_bits=task.samples * task.alpha_bits / unit_bits,
        base_bits=task.model_bits / unit_bits,
        snr=received_snr / radio.bandwidth_hz if density else received_snr,
        compute=compute,
        return_each=task.samples * task.model_bits_per_sample / back,
        return_base=return_base,
        most_tau=max(most_tau, 1),
    )


def lateness(scaled: Scaled, tau: int, z, x, y) -> str:
    """Say by how much a peer's point breaks the deadline once tau and samples are integers."""
    z = np.rint(np.asarray(z) * scaled.samples) / scaled.samples
    time = (scaled.each_bits * z + scaled.base_bits) / scaled.rate(np.asarray(x), np.asarray(y))
    time = time + (tau * scaled.compute + scaled.return_each) * z + scaled.return_base
    late = float(np.max(time) - 1)
    return f"latest learner {late:+.1e} of T" if late > 0 else ""
