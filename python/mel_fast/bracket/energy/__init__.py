"""The least energy at one number of local cycles, between a plan and a bound."""
