"""Solving: one problem or many, and what follows the core's answer.

Asks the compiled core, hands out plans; no words, no figures, no files but those of `Plans`.
"""
