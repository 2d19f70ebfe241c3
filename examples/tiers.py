"""Plan 200 tasks over end devices, edge and cloud, prove the best schedule, and lose devices."""

import mel_fast as mel
from mel_fast.tiers import Job, Tier, check, frontier, schedule, simulate


def main() -> None:
    job = Job(tasks=200, items=50)
    end = Tier("end", devices=8, process_s=0.52, accuracy=0.50)
    edge = Tier("edge", devices=4, process_s=0.415, latency_s=0.5, accuracy=0.61)
    cloud = Tier("cloud", devices=1, process_s=0.55, latency_s=1.0, accuracy=0.73)
    tiers = [end, edge, cloud]
    for scheme in mel.tiers.SCHEMES:
        print(f"{scheme}: {schedule(job, tiers, scheme).makespan_s:.2f} s")
    best = schedule(job, tiers, "optimal")
    print(f"tasks of each device: {best.counts['edge'].tolist()} {best.counts['cloud'].tolist()}")
    print(f"checked: {check(best).optimal}")

    within = frontier(job, tiers).within(60.0)
    assert within is not None
    print(
        f"most accurate within 60 s: {within.accuracy:.4f}, {within.counts['cloud']} on the cloud"
    )

    for policy in mel.tiers.POLICIES:
        run = simulate(job, [end], policy, failures={0: 12, 1: 12}, assign_s=0.1219)
        print(f"{policy}, two of eight fail: {run.makespan_s:.1f} s {run.reason}".rstrip())


if __name__ == "__main__":
    main()
