"""Numbers as bytes: streams, fixed widths, entropy coding. Knows nothing of recipes."""
