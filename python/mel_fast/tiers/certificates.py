"""Why no schedule is shorter, in numbers that a reader can check with pencil and paper."""

from __future__ import annotations

from dataclasses import dataclass

from mel_fast.tiers.optimum import Multiples


@dataclass(frozen=True, eq=False)
class Certificate:
    """The two sorted lists behind an optimal schedule, and the place that decides.

    Whatever the schedule, the task at ``place`` of those that leave the first stage (counted from
    0) leaves it at ``first.value_s[place]`` at the earliest, and from then on at least
    ``tasks - place`` tasks are still to pass the second stage, which takes
    ``second.value_s[tasks - 1 - place]`` at the least. The sum of the two is the makespan.

    Attributes
    ----------
    first : Multiples
        The smallest multiples of the end devices' times, ascending, and whose each is.
    second : Multiples or None
        The same of the upper devices; None where there is no second stage. With a number of tasks
        on the cloud prescribed, that many multiples are the cloud's.
    place : int
        Where the sum of the two lists, the second one reversed, is largest.
    cloud_tasks : (int, int) or None
        The fewest and the most tasks that the cloud was allowed.

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, check, schedule
    >>> plan = schedule(Job(20), [Tier("end", 4, 0.5), Tier("cloud", 1, 0.3)])
    >>> plan.certificate is not None, check(plan).optimal
    (True, True)
    """

    first: Multiples
    second: Multiples | None
    place: int
    cloud_tasks: tuple[int, int] | None = None

    @property
    def reason(self) -> str:
        """One sentence."""
        early, tasks = self.first.value_s[self.place], self.first.value_s.size
        if self.second is None:
            return f"proved optimal: {tasks:,} tasks take the devices {early:.6g} s at the least"
        left = tasks - self.place
        rest = self.second.value_s[left - 1]
        return (
            f"proved optimal: only {self.place:,} tasks can leave the end devices before "
            f"{early:.6g} s, and {left:,} take the upper ones {rest:.6g} s at the least"
        )
