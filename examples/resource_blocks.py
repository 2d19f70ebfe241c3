"""See what it costs that bandwidth comes in whole resource blocks."""

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    print(f"bandwidth at will: tau = {mel.solve(problem).tau}")
    for block_hz in (180e3, 1e6, 2e6, 4e6, 5e6):
        radio = problem.radio.replace(block_hz=block_hz)
        plan = mel.solve(problem.replace(radio=radio))
        print(
            f"{radio.blocks:4d} blocks of {block_hz / 1e6:g} MHz: {plan.status}, "
            f"tau = {plan.tau}, {plan.nodes} boxes, {1e3 * plan.elapsed_s:.3g} ms"
        )
    print("the last one's blocks:", plan.blocks)


if __name__ == "__main__":
    main()
