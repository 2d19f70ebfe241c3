"""Beyond one problem: the most samples at a tau, several cells with one task, time to accuracy.

What is asked here is put together from `solve`, `least` and the core's decisions; every part keeps
its own plan and proof.
"""

from mel_fast._base.arithmetic import guard
from mel_fast.campaigns._campaign import Campaign, campaign
from mel_fast.campaigns._cells import Cells, cells
from mel_fast.campaigns._most import Most, most
from mel_fast.campaigns._proof import CellsProof
from mel_fast.campaigns.association.proof import AssociationProof
from mel_fast.campaigns.association.result import Association
from mel_fast.campaigns.cycles import MostCycles

__all__ = [
    "Association",
    "AssociationProof",
    "Campaign",
    "Cells",
    "CellsProof",
    "Most",
    "MostCycles",
    "campaign",
    "cells",
    "most",
]


guard(__name__)
