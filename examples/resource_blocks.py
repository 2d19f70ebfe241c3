"""See what it costs that bandwidth comes in whole resource blocks."""

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=50, cycle_s=30.0, seed=0)
    print(f"bandwidth at will: tau = {mel.solve(problem).tau}")
    for block_hz in (180e3, 1e6, 2e6, 2.5e6):
        radio = problem.radio.replace(block_hz=block_hz)
        plan = mel.solve(problem.replace(radio=radio))
        found = f"tau = {plan.tau}, {plan.status}"
        if plan.blocks is not None:
            found += f", {plan.blocks.min()} to {plan.blocks.max()} blocks each"
        print(f"{radio.blocks} blocks of {block_hz / 1e6:g} MHz: {found}", *plan.reasons)
    least = mel.least(mel.scenarios.table1(learners=50, block_hz=2e6), 19, "bandwidth_hz")
    print(f"blocks of 2 MHz that tau = 19 needs: {least.plan and least.plan.problem.radio.blocks}")


if __name__ == "__main__":
    main()
