"""What is learnt from measured rounds: speeds, channels, bits, and who is to be believed."""
