"""What a plan claims: its certificate, how many take part, that nothing is worth more or less."""
