"""Batteries over rounds: what each learner has left, and how it is spent."""
