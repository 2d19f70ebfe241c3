"""How many local cycles fit in a round: one cell, or three edges with a third of the band each."""

from dataclasses import replace

from mel_fast.experiments.hierarchy.setting import Setting

for radius_m in (100.0, 200.0, 300.0, 500.0):
    runs = replace(Setting(), radius_m=radius_m).runs()
    single, nearest, searched = (run.found for run in runs[:3])
    print(
        f"{radius_m:.0f} m: single cell {single.tau}, nearest mast {nearest.tau}, "
        f"searched {searched.tau} (proved at most {searched.bound})"
    )
