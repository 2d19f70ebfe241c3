"""Where learners stand, how much of the power arrives, and how it fades.

Placements, attenuation and fading laws, and the tables that hold gains; no learner, no problem.
"""

from mel_fast.channel.decibels import db, dbm
from mel_fast.channel.fading import (
    Fading,
    Nakagami,
    NoFading,
    Rayleigh,
    Rician,
    fading_law,
)
from mel_fast.channel.path_loss import (
    GAIN_RANGE,
    SPEED_OF_LIGHT_M_PER_S,
    Annulus,
    Attenuation,
    Disc,
    Fixed,
    IndoorOffice,
    LogDistance,
    Placement,
    UrbanMicro,
    checked_gain,
    free_space,
    gains,
    paper,
    read_gain,
    uniforms_needed,
)

__all__ = [
    "GAIN_RANGE",
    "SPEED_OF_LIGHT_M_PER_S",
    "Annulus",
    "Attenuation",
    "Disc",
    "Fading",
    "Fixed",
    "IndoorOffice",
    "LogDistance",
    "Nakagami",
    "NoFading",
    "Placement",
    "Rayleigh",
    "Rician",
    "UrbanMicro",
    "checked_gain",
    "db",
    "dbm",
    "fading_law",
    "free_space",
    "gains",
    "paper",
    "read_gain",
    "uniforms_needed",
]
