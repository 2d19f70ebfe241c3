"""Energy as what is least: one curve over the local cycles, one over the deadline."""

from mel_fast._base.arithmetic import guard
from mel_fast.planning.energy.frontier import EnergyFrontier, energy_frontier
from mel_fast.planning.energy.trade import EnergyTrade, trade

__all__ = ["EnergyFrontier", "EnergyTrade", "energy_frontier", "trade"]


guard(__name__)
