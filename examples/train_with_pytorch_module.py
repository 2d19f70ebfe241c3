"""A PyTorch module as the learners' model: the plan decides who trains on what and how often.

PyTorch is yours to install (pip install torch); MNIST's IDX files too, else scikit-learn's digits:

    python examples/train_with_pytorch_module.py [FOLDER_WITH_MNIST]
"""

import sys

import torch

import mel_fast as mel
from mel_fast import learning, scenarios


def main() -> None:
    data = learning.read_mnist(sys.argv[1]) if len(sys.argv) > 1 else learning.digits()
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(data.train_x.shape[1], 300),
        torch.nn.ReLU(),
        torch.nn.Linear(300, 124),
        torch.nn.ReLU(),
        torch.nn.Linear(124, 60),
        torch.nn.ReLU(),
        torch.nn.Linear(60, 10),
    )
    model = learning.TorchModel(
        module,
        loss=torch.nn.CrossEntropyLoss(),
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.1),
        batch=32,
    )
    # as many samples as the data has, and a T to suit: Table I itself for all of MNIST
    samples = len(data.train_y)
    plan = mel.solve(scenarios.table1(20, 5.0 + 25.0 * samples / 60_000, samples=samples))
    print(plan)
    history = learning.run(plan, data, cycles=5, model=model)
    for time_s, accuracy in zip(history.time_s, history.accuracy, strict=True):
        print(f"{time_s:6.1f} s  {accuracy:.2%}")


if __name__ == "__main__":
    main()
