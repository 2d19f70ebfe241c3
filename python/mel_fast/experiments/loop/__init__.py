"""The loop over many rounds: strategies compared, promises against what was kept."""
