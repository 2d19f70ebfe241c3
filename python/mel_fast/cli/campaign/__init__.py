"""Commands that ask beyond one problem."""
