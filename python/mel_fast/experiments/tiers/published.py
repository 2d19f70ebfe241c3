"""What the report states, number by number."""

from __future__ import annotations

import math

#: 10,000 images of CIFAR-100 in batches of 50: a task is a batch.
TASKS, ITEMS = 200, 50
END_DEVICES, EDGE_DEVICES, CLOUDS = 8, 4, 1

#: Table 1: inference in ms an image, by device and network.
NETWORKS = ("MobileNet", "ResNet", "WRN")
INFERENCE_MS = {
    "cloud": (0.25, 0.79, 6.99),
    "edge": (2.03, 5.53, 227.0),
    "end": (5.20, 15.7, 1170.0),
}
COARSE_ACCURACY = (0.50, 0.73, 0.83)
FINE_ACCURACY = (math.nan, 0.61, 0.73)  # MobileNet was trained for coarse labels only
PARAMETERS_M = (0.84, 21.4, 40.6)
WEIGHTS_MB = (10.3, 85.7, 324.9)

#: Table 2: device, network, inference in ms an image, latency in s, processing in ms an image.
SPEEDS = (
    ("end", "MobileNet", 7.41, 0.0, 10.4),
    ("edge", "ResNet", 5.99, 0.0, 8.4),
    ("edge", "ResNet", 5.99, 0.5, 18.3),
    ("cloud", "WRN", 7.36, 0.0, 10.8),
    ("cloud", "WRN", 7.36, 1.0, 31.0),
)

#: Table 3: network, output, parameters, size of the weights file in kB.
ENCRYPTION = (
    ("ResNet", (16, 16, 64), 9472, 50.1),
    ("WRN", (32, 32, 16), 432, 11.9),
)

#: Table 4: overhead in parts of the time without encryption.
OVERHEAD_LATENCIES_S = (0.5, 1.0, 1.5, 2.0)
OVERHEAD = {
    "end": (0.571, 0.332, 0.247, 0.179),
    "edge": (0.440, 0.272, 0.206, 0.159),
}

#: Table 5: seconds to finish with 0, 1, ... failures.
FAULTS_S = {
    "none": (24.9, *[math.inf] * 6),
    "reassign": (25.7, 33.7, 43.2, 65.2, 92.8, 138.0, 226.0),
    "monitor": (26.4, 27.2, 27.3, 27.7, 28.0, 30.7, 38.3),
}
FAILS_AFTER = 12
TIMEOUT_S = 0.5
