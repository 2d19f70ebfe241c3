"""What the loop writes and reads: its state, its log of rounds, and pictures of that."""
