"""What was found: a plan, what proves it, its file, its words.

Takes values and shows them; what is asked of a plan (`explain`, `replan`) is attached by the face.
"""
