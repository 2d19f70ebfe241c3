"""Ten users return over one uplink, each with its own power: how much the planning saves."""

import numpy as np

import mel_fast as mel

distance_km = np.linspace(0.05, 0.5, 10)
users = mel.Learners(
    flops_per_s=np.linspace(3e9, 1e9, 10),
    gain=10.0 ** (-0.1 * (128.1 + 37.6 * np.log10(distance_km))),
    send_bandwidth_hz=1e6,  # towards them: constant rates
    send_power_w=1.0,
    max_power_w=0.01,  # their own: 10 dBm
)
task = mel.LearningTask(
    samples=20_000,
    features=784,
    feature_bits=8,
    fixed_parameters=109_386,
    parameters_per_sample=0,
    parameter_bits=32,
    flops_per_sample=4 * 109_386,
    setting="federated",
)
radio = mel.Radio(1e6, noise_density_w_per_hz=1e-3 * 10.0**-17.4, shared="return")
problem = mel.Problem(task, users, radio, cycle_s=12.0)
plan = mel.solve(problem)
print(plan.summary())
for scheme in ("task_only", "resource_only"):
    print(f"{scheme}: tau = {mel.solve(problem, scheme=scheme).tau}")
print(mel.least(problem, plan.tau, "bandwidth_hz").summary().split(";")[0])
