"""The tables and figures of the report on end, edge and cloud, published beside reproduced.

Zongpu Zhang, *Optimization of Deep Learning Applications in Highly Heterogeneous Distributed
System*, EE447 course report, Shanghai Jiao Tong University, 2018. ``published`` holds its numbers,
``cells`` computes ours, ``statements`` compares what its text says, ``figures`` and ``report``
write. ``live`` runs a job on real worker processes.
"""
