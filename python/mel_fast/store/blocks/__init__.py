"""Weights as blocks of bytes: checked arrays, their coding, the change that a device downloads."""
