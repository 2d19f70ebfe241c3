"""How much worse than expected a round is planned for, learner by learner."""
