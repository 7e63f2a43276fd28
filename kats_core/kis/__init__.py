"""Speak with Korea Investment & Securities (KIS): its wire formats, keys and tokens, calls, stream.

Nothing is imported here: a start without keys pays for none of it.
"""
