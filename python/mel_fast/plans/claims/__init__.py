"""What a plan says beyond its tau: how many must take part, and that nothing is worth more."""
