"""Energy as what is least: one curve over the local cycles, one over the deadline."""

from mel_fast._base.arithmetic import guard
from mel_fast.planning.energy.frontier import EnergyFrontier, energy_frontier
from mel_fast.planning.energy.trade import EnergyTrade, trade
from mel_fast.planning.energy.within import WithinEnergy, within

__all__ = [
    "EnergyFrontier",
    "EnergyTrade",
    "WithinEnergy",
    "energy_frontier",
    "trade",
    "within",
]


guard(__name__)
