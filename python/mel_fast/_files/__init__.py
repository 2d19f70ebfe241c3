"""Files that are written whole or not at all, and locks that a killed process does not keep.

Imports nothing of the package but `_base`.
"""
