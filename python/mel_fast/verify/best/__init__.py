"""The most that one learner is worth at given prices, as a ball that surely holds it."""
