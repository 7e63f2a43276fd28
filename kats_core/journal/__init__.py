"""Tell what was decided and what came of it, from records alone: explanations and statistics, pure functions."""
