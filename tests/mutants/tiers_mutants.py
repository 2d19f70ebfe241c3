"""Planted bugs of jobs over tiers, as in mutants.py."""

from mutants import Mutant

OPTIMUM = "test_tiers_optimum.py::"
TRIED = OPTIMUM + "test_nothing_that_can_be_tried_is_shorter"
ON_CLOUD = OPTIMUM + "test_nothing_is_shorter_with_so_many_tasks_on_the_cloud"
TAMPERED = OPTIMUM + "test_a_tampered_schedule_or_certificate_is_refused"
SCHEMES = "test_tiers_schemes.py::"
SIMULATED = "test_tiers_simulation.py::"

TIERS_MUTANTS = [
    Mutant("tiers: too few multiples looked at", "tiers/optimum.py",
           "    most += 1\n", "",
           TRIED),
    Mutant("tiers: the second list not reversed", "tiers/optimum.py",
           "sums = first.value_s + second.value_s[::-1]", "sums = first.value_s + second.value_s",
           TRIED),
    Mutant("tiers: limits of the cloud ignored", "tiers/optimum.py",
           "wanted = min(max(chosen, cloud_tasks[0]), cloud_tasks[1])", "wanted = chosen",
           ON_CLOUD),
    Mutant("tiers: a task starts before its coarse answer", "tiers/optimum.py",
           "begin = ready_s[order]", "begin = 0.0 * ready_s[order]",
           OPTIMUM + "test_the_optimum_is_checked_simulated_and_beats_every_scheme"),
    Mutant("tiers: raw data to anybody", "tiers/asking.py",
           "if tier.devices and (tier.trusted or self.extra is not None)", "if tier.devices",
           SCHEMES + "test_raw_data_go_to_trusted_tiers_only"),
    Mutant("tiers: a negative share of the cloud", "tiers/schemes.py",
           "max(end - edge * mapped, 0) / end", "(end - edge * mapped) / end",
           SCHEMES + "test_equations_4_to_6_by_hand"),
    Mutant("tiers checker: two tasks at a time", "tiers/checking.py",
           "            if not start >= free[device] - slack:", "            if False:",
           TAMPERED),
    Mutant("tiers checker: a bound that counts one task too few", "tiers/checking.py",
           "return math.ceil(limit / Fraction(time)) - 1", "return 0",
           TAMPERED),
    Mutant("tiers checker: the cloud's tasks without a limit", "tiers/checking.py",
           "min(done[1], high)", "done[1]",
           ON_CLOUD),
    Mutant("tiers: a time-out that costs nothing", "tiers/runs/assigning.py",
           "            self._now += self._rules.timeout_s\n", "",
           SIMULATED + "test_a_failure_by_hand"),
    Mutant("tiers: the dead are not struck off the list", "tiers/runs/assigning.py",
           "if self._workers[i].death > asked", "if self._workers[i].death > 0.0",
           SIMULATED + "test_a_failure_by_hand"),
    Mutant("tiers: a task in hand survives its device", "tiers/runs/assigning.py",
           "        if end > self.death:\n", "        if now > self.death:\n",
           SIMULATED + "test_a_failure_at_a_time_loses_the_task_in_hand"),
]  # fmt: skip
