"""What a plan file claims, read and measured before it is judged.

The grammar of docs/certificate.md, written here a second time on purpose: nothing of the package
that writes plan files is imported.
"""
