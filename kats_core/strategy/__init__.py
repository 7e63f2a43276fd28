"""What a strategy is, and what strategies share."""
