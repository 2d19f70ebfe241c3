"""How many local cycles a round should have, and how finely to send the model, to be done first."""

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    bits = problem.payload.send_bits
    quarter = mel.Payload(send_bits=bits / 8, return_bits=bits / 8)
    levels = {
        "float32": (mel.Payload(), lambda tau: 20 + 200 / tau),
        "4 bit": (quarter, lambda tau: 21 + 204 / tau),
    }
    for names in (["float32"], ["4 bit"], ["float32", "4 bit"]):
        found = mel.campaign(problem, None, {name: levels[name] for name in names})
        print(f"{' or '.join(names)}: {found.level}, tau = {found.tau}, {found.total_s:.1f} s")
    print(f"{len(found.table)} candidates solved, {found.status}")


if __name__ == "__main__":
    main()
