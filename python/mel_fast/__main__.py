"""`python -m mel_fast` is `mel-fast`."""

from mel_fast.cli import main

main()
