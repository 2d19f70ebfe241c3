"""What passes in a round: the clock, messages, the global model, the state as a file."""
