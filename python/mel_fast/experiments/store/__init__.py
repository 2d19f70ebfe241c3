"""The store measured: the source paper's Table 1, times, and what licences are worth.

Every part works on an empty store and empties it again.
"""

from mel_fast.experiments.store.scratch import Scratch, WrongStoreError

__all__ = ["Scratch", "WrongStoreError"]
