"""A model's versions in a store: changes, roll-back, and a licence that hides weights."""

import tempfile
from pathlib import Path

import numpy as np

import mel_fast as mel


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {"w": rng.standard_normal((300, 100)).astype(np.float32), "b": np.zeros(100)}
    with mel.store.open(f"sqlite:///{folder / 'models.db'}") as store:
        store.publish("digits", arrays)
        for _ in range(3):  # versions 2 to 4, each with 1 % of the weights changed
            arrays["w"][rng.random((300, 100)) < 0.01] += 0.01
            store.publish("digits", arrays)

        whole, skip = store.delta("digits"), store.delta("digits", have=1, want=4)
        print(f"whole {whole.bits:,} bits, from version 1 to 4 {skip.bits:,} bits")
        held = skip.apply(store.pull("digits", 1))
        print("the device has version 4:", np.array_equal(held["w"], arrays["w"]))

        store.roll_back("digits", 2)
        print("current:", [one.number for one in store.history("digits") if one.current])

        tier = store.license("digits", "free", intervals={"w": [(0.5, 0.8)]})
        shown = store.pull("digits", license="free")
        print(f"{tier.hidden:,} weights are zero for 'free':", int((shown["w"] == 0).sum()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
