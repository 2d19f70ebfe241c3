"""What the report's text says of its tables and figures, and whether the numbers agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mel_fast.experiments.tables import Row
from mel_fast.experiments.tiers import published

_CLOSE = 0.05


def of_table1() -> list[Row]:
    """Return the ratios that the text draws from Table 1 beside those of its numbers."""
    mobile, resnet, wide = range(3)
    coarse, parameters = published.COARSE_ACCURACY, published.PARAMETERS_M
    weights, fine = published.WEIGHTS_MB, published.FINE_ACCURACY
    times = published.INFERENCE_MS
    said = (
        ("WRN on the cloud is slower than MobileNet on an end device by", 0.34,
         times["cloud"][2] / times["end"][0] - 1),
        ("coarse labels: ResNet better than MobileNet by", 0.46,
         coarse[resnet] / coarse[mobile] - 1),
        ("fine labels: WRN better than ResNet by", 0.20, fine[wide] / fine[resnet] - 1),
        ("parameters: WRN to MobileNet", 48, parameters[wide] / parameters[mobile]),
        ("weights file: WRN to MobileNet", 32, weights[wide] / weights[mobile]),
        ("on an end device: ResNet to MobileNet", 3, times["end"][1] / times["end"][0]),
        ("on an end device: WRN to MobileNet", 225, times["end"][2] / times["end"][0]),
        ("parameters: ResNet to MobileNet", 25, parameters[resnet] / parameters[mobile]),
        ("ResNet: end device to edge device", 2.8, times["end"][1] / times["edge"][1]),
        ("WRN: edge device to cloud", 32, times["edge"][2] / times["cloud"][2]),
        ("MobileNet: edge device to cloud", 8, times["edge"][0] / times["cloud"][0]),
        ("encryption module for ResNet, in parts of MobileNet's parameters", 0.011,
         published.ENCRYPTION[0][2] / (1e6 * parameters[mobile])),
        ("encryption module for WRN, in parts of MobileNet's parameters", 0.0005,
         published.ENCRYPTION[1][2] / (1e6 * parameters[mobile])),
    )  # fmt: skip
    return [_row(what, f"{printed:g}", f"{ours:.3g}", _close(ours, printed))
            for what, printed, ours in said]  # fmt: skip


def _close(ours: float, printed: float) -> bool:
    return abs(ours - printed) <= _CLOSE * printed


def of_figure3(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return what the text reads off Figure 3, whose curves it gives no numbers of."""
    at = {(row["end devices"], row["scheme"]): row for row in rows}
    most = published.END_DEVICES

    def ran(ends: int, scheme: str) -> float:
        return float(at[ends, scheme]["with the assigner (s)"])

    def ideal(ends: int, scheme: str) -> float:
        return float(at[ends, scheme]["equation (s)"])

    cloud = ran(1, "end_cloud") / ran(most, "end_cloud")
    handed = ran(most, "end") / float(at[most, "end"]["pipelined (s)"])
    gap = [ran(ends, "end_edge") / ran(ends, "end") for ends in (1, most)]
    few = max(
        abs(ran(ends, "mapping") / ran(ends, "end_edge") - 1)
        for ends in range(1, published.EDGE_DEVICES + 1)
    )
    many = [ideal(ends, "mapping") for ends in range(published.EDGE_DEVICES, most + 1)]
    return [
        _row(
            "End-Cloud scales poorly",
            "poorly",
            f"{cloud:.2f} times as fast with {most} end devices as with 1",
            cloud < 1.1,
        ),
        _row(
            "End: handing out tasks becomes the bottleneck",
            "bottleneck",
            f"{handed:.2f} times as long with it as without, {most} end devices",
            handed > 1.5,
        ),
        _row(
            "End-Edge comes closer to End the more end devices there are",
            "closer",
            f"{gap[0]:.2f} times End with 1 end device, {gap[1]:.2f} times with {most}",
            gap[1] < gap[0],
        ),
        _row(
            "Mapping and End-Edge hardly differ with 1 to 4 end devices",
            "minor",
            f"at most {few:.0%}",
            few < 0.1,
        ),
        _row(
            "with more than 4, the cloud limits Mapping (N_map = 1)",
            "limits",
            f"equation (6) grows from {many[0]:.1f} s to {many[-1]:.1f} s",
            many == sorted(many) and many[-1] > many[0],
        ),
        _row(
            "N_map is 1 in this setting",
            "1",
            "2 = ceil(0.915 / 0.52) by equation (4) with Table 2's times",
            False,
        ),
    ]


def _row(what: str, printed: str, ours: str, agrees: bool) -> Row:
    return {
        "what the text says": what,
        "published": printed,
        "reproduced": ours,
        "agrees": "yes" if agrees else "**no**",
    }
