"""Where a sweep's rows go and come from: CSV and Parquet, never half written, resumed.

Nothing here solves or makes a problem.
"""
