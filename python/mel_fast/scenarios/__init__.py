"""Where problems come from: the paper's Table I, scenario files, tables of learners.

Everything here makes Problems or writes them down; nothing is solved.
"""

from mel_fast.scenarios.draws import (
    FAST_FLOPS_PER_S,
    FLOPS_PER_SAMPLE,
    MNIST_FEATURES,
    MNIST_SAMPLES,
    MODEL_PARAMETERS,
    NODE_BANDWIDTH_HZ,
    NODE_POWER_W,
    NOISE_DENSITY_W_PER_HZ,
    SLOW_FLOPS_PER_S,
    TOTAL_BANDWIDTH_HZ,
    Budgets,
    Table1Draws,
    table1,
    table1_draws,
)
from mel_fast.scenarios.traces import (
    Availability,
    DeviceCapacities,
    read_availability,
    read_device_capacities,
)

__all__ = [
    "FAST_FLOPS_PER_S",
    "FLOPS_PER_SAMPLE",
    "MNIST_FEATURES",
    "MNIST_SAMPLES",
    "MODEL_PARAMETERS",
    "NODE_BANDWIDTH_HZ",
    "NODE_POWER_W",
    "NOISE_DENSITY_W_PER_HZ",
    "SLOW_FLOPS_PER_S",
    "TOTAL_BANDWIDTH_HZ",
    "Availability",
    "Budgets",
    "DeviceCapacities",
    "Table1Draws",
    "read_availability",
    "read_device_capacities",
    "table1",
    "table1_draws",
]
