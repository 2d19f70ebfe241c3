"""What is done about learners that are late or lost: one code for simulated and for real rounds.

Leave them out of the aggregate; deal their samples anew to those who delivered; plan the cycle anew
without them. `simulate` and the orchestrator both ask here.
"""

from mel_fast.planning.policies.late import LeftOut, carried_out, left_out, reassigned, replanned

__all__ = ["LeftOut", "carried_out", "left_out", "reassigned", "replanned"]
