"""What the compiled core is told: of a problem, and of the rows of a batch."""
