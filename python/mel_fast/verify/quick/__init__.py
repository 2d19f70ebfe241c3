"""The checker on arrays: most learners of many are decided here, the rest with balls.

Numbers are pairs of float64 arrays that enclose the true ones, rounded outwards after every
operation. What cannot be enclosed so, or is not decided by it, is left to the balls: nothing here
refuses a plan or a proof by itself. Only NumPy's basic operations are trusted, which IEEE 754
rounds correctly; logarithms are computed from them, guesses may come from anywhere.
"""
