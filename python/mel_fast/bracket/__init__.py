"""The least of one resource for a number of local cycles, closed in from both sides.

Asks the core; `solve` (for ``then=``) and `planning` ask it. No words and no files.
"""
