"""What is really sent: arrays to few bytes and back, and what that costs in accuracy.

>>> import numpy as np
>>> from mel_fast import payload
>>> weights = {"w": np.random.default_rng(0).standard_normal((300, 100)).astype(np.float32)}
>>> data = payload.encode(weights, payload.Recipe(prune=0.9, bits=4, codebook="kmeans"))
>>> round(weights["w"].nbytes / len(data))  # times smaller
39
"""

from mel_fast._base.arithmetic import guard
from mel_fast.payload.container import MAX_BYTES, decode, encode
from mel_fast.payload.feedback import ErrorFeedback
from mel_fast.payload.levels import Level, Levels
from mel_fast.payload.measure import measure
from mel_fast.payload.recipe import Recipe

__all__ = [
    "MAX_BYTES",
    "ErrorFeedback",
    "Level",
    "Levels",
    "Recipe",
    "decode",
    "encode",
    "measure",
]


guard(__name__)
