"""The nouns of KATS: immutable, typed, and free of any behaviour that needs the outside."""
