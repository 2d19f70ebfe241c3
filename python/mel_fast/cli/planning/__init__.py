"""Commands that ask about one problem: least, within, frontier, explain, simulate."""
