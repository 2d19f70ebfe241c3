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
from mel_fast.channel.gain import (
    GAIN_RANGE,
    checked_gain,
    gains,
    read_gain,
    uniforms_needed,
)
from mel_fast.channel.path_loss import (
    SPEED_OF_LIGHT_M_PER_S,
    Attenuation,
    IndoorOffice,
    LogDistance,
    UrbanMicro,
    free_space,
    paper,
)
from mel_fast.channel.placement import Annulus, Disc, Fixed, Placement

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
