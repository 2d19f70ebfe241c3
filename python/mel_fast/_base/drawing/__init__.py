"""What all pictures have in common: colours, markers, words on axes, fonts in files."""
