"""Receive the broker's stream: the few places spent by need, every registration proven, silence told, gaps reported.

`budget` and `placement` decide who is registered where, `backoff`, `watchdog` and `gaps` judge, `inbox` holds what came,
`conversation` leads one connection, `hub` brings the lines of the pool together: all without a socket. `session` and `feed` have
the sockets, the tasks and the clock.
"""
