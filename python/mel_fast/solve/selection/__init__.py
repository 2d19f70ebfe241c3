"""Where somebody may choose to sit out, or so many must take part: the search over tau."""
