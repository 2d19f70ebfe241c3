"""What is planned: task, learners, radio, their problem, many of them as arrays; its times.

Values, validated once and immutable. No plan, no search and no file format lives here.
"""
