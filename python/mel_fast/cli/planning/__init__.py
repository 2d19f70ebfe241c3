"""Commands that ask about one problem: least, frontier, explain, simulate."""
