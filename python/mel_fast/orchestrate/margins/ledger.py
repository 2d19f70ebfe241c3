"""How likely a round must be kept, so that a share of the rounds is kept in the long run.

Local cycles are whole numbers, and the plan with the most of them is often kept more surely than
asked. What earlier rounds had too much of pays for one more local cycle now: with the probabilities
p_i of the rounds so far

    sum_i (p_i - q - s (1 - q))  >=  -d (1 - q),        s = 0.2,  d = 0.8,

so that the expected share of n rounds that are kept is at least q + (1 - q) (s - d / n): at least q
from the fourth round on, and no single first round is planned to be kept less often than
q - 0.6 (1 - q). (Where no plan is kept as surely as that, the surest that was found is what there
is, and what is missing is not owed.)
"""

from dataclasses import dataclass

_SPARE = 0.2
_DEBT = 0.8
_MOST_ROUNDS = 1.0  # that are owed to a loop


@dataclass(slots=True)
class Ledger:
    """What the rounds so far had more, or less, than asked.

    Attributes
    ----------
    confidence
        q.
    every_round
        Whether each round must have it, so that nothing is ever lent.
    balance
        The sum on the left.
    """

    confidence: float
    every_round: bool = False
    balance: float = 0.0

    @property
    def least(self) -> float:
        """The probability with which the next round must be kept at least."""
        if self.every_round:
            return self.confidence
        rest = 1.0 - self.confidence
        lent = self.confidence + _SPARE * rest - self.balance - _DEBT * rest
        return min(max(lent, 0.0), self.confidence + _SPARE * rest)

    def add(self, kept: float) -> None:
        """Count a round that was planned to be kept with a probability."""
        balance = self.balance + kept - self.confidence - _SPARE * (1.0 - self.confidence)
        self.balance = min(max(balance, -_DEBT * (1.0 - self.confidence)), _MOST_ROUNDS)
