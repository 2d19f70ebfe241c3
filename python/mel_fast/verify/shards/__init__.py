"""The checker for a problem in shards: each part is looked at alone, and what they say adds up.

`claim` reads what is claimed of all, `part` looks at some learners and says exact sums, `judge`
puts the sums of all parts together. Who runs the parts, and where, is not known here.
"""
