"""Solving: one problem or many, and what follows the core's answer.

Asks the compiled core, hands out plans; no words, no figures, no files but those of `Plans`.
"""

from mel_fast.plans.status import THENS, Then
from mel_fast.solve.single import solve

__all__ = ["THENS", "Then", "solve"]
