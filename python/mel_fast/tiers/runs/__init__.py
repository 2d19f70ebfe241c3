"""Jobs that run: simulated with failures, and on real worker processes of Dask.

``simulation`` and ``assigning`` need nothing; ``cluster``, ``running`` and ``working``, which is
what a worker imports, need the extra ``[dask]`` once they are used.
"""
