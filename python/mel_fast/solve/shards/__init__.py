"""One problem whose learners are in many places: shards on an executor, or one at a time.

The search is the core's own; here are the shards, where they are cut, who is asked and who answers,
and what comes of it. What a worker keeps between two questions only saves time.
"""
