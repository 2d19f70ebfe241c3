"""The assigner of a simulated job, and the devices that it hands tasks to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mel_fast._base.untrusted import few


@dataclass(frozen=True, slots=True)
class Rules:
    """How the assigner works; see `simulate`."""

    policy: str
    assign_s: float
    timeout_s: float
    query_s: float
    query_cost_s: float


class Worker:
    """A device: first come, first served, until it fails."""

    def __init__(self, task_s: float, latency_s: float, latency: Callable[[float], float]) -> None:
        self._task_s, self._latency_s, self._latency = task_s, latency_s, latency
        self._busy_since, self._busy_for, self._free = 0.0, 0, 0.0
        self._left = math.inf
        self.death = math.inf

    def fail_after(self, tasks: int) -> None:
        """Fail once so many tasks are done; at once for none."""
        self._left = tasks
        if not tasks:
            self.death = 0.0

    def fail_at(self, seconds: float) -> None:
        """Fail at that time."""
        self.death = min(self.death, seconds)

    def take(self, now: float) -> float:
        """Queue a task that arrives now and return when it is done; inf if it is lost."""
        if not self._left:
            return math.inf
        end = self._end(now, self._latency(self._latency_s))
        if end > self.death:
            self._left = 0
            return math.inf
        self._free = end
        self._left -= 1
        if not self._left:
            self.death = min(self.death, end)
        return end

    def _end(self, now: float, latency_s: float) -> float:
        """Return when the next task is done, without adding up equal ones one by one."""
        usual = latency_s == self._latency_s
        if now > self._free or not usual:
            self._busy_since, self._busy_for = max(now, self._free), 0
        if not usual:
            self._free = self._busy_since + (self._task_s - self._latency_s + latency_s)
            self._busy_since = self._free
            return self._free
        self._busy_for += 1
        return self._busy_since + self._busy_for * self._task_s


class Assigner:
    """Hands out tasks, and again what is lost, as its policy says."""

    def __init__(self, rules: Rules, workers: list[Worker], planned: list[int]) -> None:
        self._rules, self._workers, self._planned = rules, workers, planned
        self._end = [math.inf] * len(planned)
        self._holder = [-1] * len(planned)  # nobody
        self._listed = list(range(len(workers)))
        self._now, self._turn, self._next_query = 0.0, 0, rules.query_s
        self.reason = ""
        self.sends = self.timeouts = self.queries = 0

    def run(self) -> list[float]:
        """Return when each task is done; inf, with the reason, where that never happens."""
        for task, device in enumerate(self._planned):
            self._hand_out(task, device)
        while math.inf in self._end:
            if self._rules.policy == "none":
                lost = self._end.count(math.inf)
                gone = [i for i, worker in enumerate(self._workers) if worker.death < math.inf]
                self.reason = f"{lost} tasks were lost with devices {few(gone)}"
                break
            todo = self._known_lost()
            if todo and self._all_failed():
                self.reason = f"every device has failed and {len(todo)} tasks are not done"
                break
            for task in todo:
                self._hand_out(task, None)
            if not todo:
                self._wait()
        return self._end

    def _hand_out(self, task: int, device: int | None) -> None:
        """Give a task to its planned device, or without one to the next in turn."""
        if self._rules.policy == "monitor":
            self._query()
            if len(self._listed) < len(self._workers):
                device = None
            while self._listed:
                if self._sent(task, self._next() if device is None else device):
                    return
                self._listed.remove(self._holder[task])
                device = None
            self._holder[task] = -1
        else:
            self._sent(task, self._next() if device is None else device)

    def _next(self) -> int:
        self._turn += 1
        return self._listed[(self._turn - 1) % len(self._listed)]

    def _sent(self, task: int, device: int) -> bool:
        """Hand a task to a device and say whether it was there to take it."""
        self.sends += 1
        self._now += self._rules.assign_s
        self._holder[task] = device
        if self._workers[device].death <= self._now:
            self.timeouts += 1
            self._now += self._rules.timeout_s
            return False
        self._end[task] = self._workers[device].take(self._now)
        return True

    def _query(self) -> None:
        """Make the queries that are due; those that fall due while they cost time as well."""
        every, cost = self._rules.query_s, self._rules.query_cost_s
        while self._next_query <= self._now:
            due = math.floor((self._now - self._next_query) / (every - cost)) + 1
            self.queries += due
            self._now += due * cost
            asked = self._next_query + (due - 1) * every
            self._listed = [i for i in self._listed if self._workers[i].death > asked]
            self._next_query = asked + every

    def _known_lost(self) -> list[int]:
        """Return the tasks that the assigner knows to be lost with their devices."""
        unfinished = [task for task, end in enumerate(self._end) if end == math.inf]
        if self._rules.policy == "monitor":
            here = set(self._listed)
            return [task for task in unfinished if self._holder[task] not in here]
        return [task for task in unfinished if self._workers[self._holder[task]].death <= self._now]

    def _all_failed(self) -> bool:
        return all(worker.death <= self._now for worker in self._workers)

    def _wait(self) -> None:
        """Wait until the next failure among the holders of lost tasks is known."""
        holders = {self._holder[task] for task, end in enumerate(self._end) if end == math.inf}
        first = min(self._workers[device].death for device in holders)
        self._now = max(self._now, first)
        if self._rules.policy == "monitor":
            self._now = max(self._now, self._next_query)
            self._query()
