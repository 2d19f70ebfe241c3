"""Rounds planned for learners that are Dask tasks (extras [dask], [learn]); any framework fits."""

import time

import numpy as np
from distributed import Client

import mel_fast as mel
from mel_fast import learning


def train(weights, x, y, tau):
    begun, model = time.perf_counter(), learning.NumpyMLP(64, hidden=(30,))
    model.set_weights(weights)
    model.train(x, y, tau, np.random.default_rng(0))
    return model.get_weights(), time.perf_counter() - begun


if __name__ == "__main__":
    data, model = learning.digits(), learning.NumpyMLP(64, hidden=(30,))
    x, y, size = data.train_x, data.train_y, len(data.train_y)
    table = mel.scenarios.table1(6, cycle_s=2.0, setting="federated", samples=size)
    speed = table.task.flops_per_sample * size / train(model.get_weights(), x, y, 1)[1]  # measured
    fleet = mel.orchestrate.Fleet(table.learners.replace(flops_per_s=speed))
    loop = mel.orchestrate.Orchestrator(fleet, table.task, table.radio, 2.0, confidence=0.9)
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as dask:
        for round in (loop.plan_round() for _ in range(6)):
            weights, jobs, begin, work = model.get_weights(), round.assignments, 0, {}
            for name, job in jobs.items():
                own = slice(begin, begin := begin + job.samples)
                work[name] = dask.submit(train, weights, x[own], y[own], round.tau)
            for name, job in jobs.items():  # the radio is as planned, computing is measured
                seconds = work[name].result()[1]
                loop.observe(name, send_s=job.send_s, compute_s=seconds, return_s=job.return_s)
            mean, closed = learning.WeightedAverage(), loop.close_round()
            for name, samples in closed.arrived.items():
                mean.add(work[name].result()[0], samples)
            model.set_weights(mean.result() if closed.arrived else weights)
            print(closed.number, closed.tau, closed.lost, model.score(data.test_x, data.test_y))
