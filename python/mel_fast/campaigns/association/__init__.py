"""Several cells whose learners may choose: who belongs where, and how good any choice can be."""
