"""Rows of many problems on an executor: parts of them, one a task, and the order of their answers.

No engine lives here: whatever has the interface of `concurrent.futures.Executor` runs the parts.
"""
