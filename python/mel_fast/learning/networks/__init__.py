"""Models that learners train, and the optimisers that train them."""
