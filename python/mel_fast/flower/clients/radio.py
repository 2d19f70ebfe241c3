"""A client's simulated radio and processor: the seconds that a round would have taken it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mel_fast._base.validation import integer, real
from mel_fast.flower.wire.messages import Order
from mel_fast.model.learners import Learners
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.model.times import Times, evaluate


class SimulatedRadio:
    """What a client really has: its channel, its speed, and how they move from round to round.

    Where a federation runs on machines that share a wire, nothing that is planned for a radio can
    be measured. The client then trains for real, and reports the seconds that equations (6) to (8)
    give for the bits that were really sent and returned, over this channel, at this speed. They
    depend on no clock, so that a run can be repeated.

    Parameters
    ----------
    task, radio
        As the orchestrator has them.
    learner
        One learner, as it really is; the orchestrator may believe something else.
    drift_db
        Standard deviation, in dB, by which the gain is off in each round, drawn anew.
    speed_factor
        By round, what the speed is multiplied by in that round and all later ones until the next
        entry: ``{5: 0.1}`` is slowed to a tenth in round 5 for good.
    seed
        Of the drift.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=4)
    >>> one = problem.learners.take([0])
    >>> radio = mel.flower.SimulatedRadio(problem.task, problem.radio, one)
    >>> order = mel.flower.Order(1, 200, tau=5, deadline_s=6.0, bandwidth_hz=1e6, power_w=0.1)
    >>> times = radio.times(order, send_bits=1e6, return_bits=1e6)
    >>> bool(times.total_s[0] > 0)
    True
    """

    def __init__(
        self,
        task: LearningTask,
        radio: Radio,
        learner: Learners,
        *,
        drift_db: float = 0.0,
        speed_factor: Mapping[int, float] | None = None,
        seed: int = 0,
    ) -> None:
        if len(learner) != 1:
            raise ValueError(f"learner has {len(learner)} rows: must be one learner")
        self._task, self._radio, self._learner = task, radio, learner
        self._drift_db = real("drift_db", drift_db, low=0.0, high=100.0)
        self._factors = {
            integer("speed_factor", number, low=1): real(f"speed_factor[{number}]", factor)
            for number, factor in (speed_factor or {}).items()
        }
        self._seed = integer("seed", seed, low=0)

    def learner(self, number: int) -> Learners:
        """Return the learner as it is in a round."""
        draw = np.random.default_rng([self._seed, number]).standard_normal()
        passed = [k for k in self._factors if k <= number]
        factor = self._factors[max(passed)] if passed else 1.0
        return self._learner.replace(
            gain=self._learner.gain * 10.0 ** (0.1 * self._drift_db * draw),
            flops_per_s=self._learner.flops_per_s * factor,
        )

    def times(self, order: Order, send_bits: float, return_bits: float) -> Times:
        """Return the seconds of sending, computing and returning, each of shape (1,).

        Parameters
        ----------
        order
            What the client was asked for.
        send_bits, return_bits
            Of the model's messages. In parallelized learning the samples' own come on top.
        """
        problem = Problem(
            self._task,
            self.learner(order.round),
            self._radio,
            order.deadline_s,
            "excused",
            Payload(send_bits=send_bits, return_bits=return_bits),
        )
        return evaluate(problem, order.tau, order.samples, order.bandwidth_hz, order.power_w)
