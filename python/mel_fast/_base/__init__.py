"""What every room stands on: checked values, frozen objects, files that are whole, extras.

Imports nothing of the package but the compiled core; nothing here knows what a learner is.
"""
