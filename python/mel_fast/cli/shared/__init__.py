"""What commands share: the scenario's options, how plans are printed, lines of progress."""
