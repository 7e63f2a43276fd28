"""Rules by which a position is left, as pure functions."""
