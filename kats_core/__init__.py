"""KATS: trade Korean stocks by rules that other people can write, install, order and inspect."""

__version__ = "0.1.0"
