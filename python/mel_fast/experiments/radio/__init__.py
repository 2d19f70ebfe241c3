"""Time to accuracy on one radio: the chosen campaign beside rivals, all really trained."""
