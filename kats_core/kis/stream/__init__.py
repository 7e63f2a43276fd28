"""Receive the broker's stream: the few places spent by need, every registration proven, silence told, gaps reported.

`budget` and `placement` decide who is registered where, `backoff`, `watchdog` and `gaps` judge, `inbox` holds what came: all
pure. The sockets come on top of it.
"""
