"""Play the broker: a server that speaks the protocol of `kis/wire/` on loopback, so that nothing needs the real one."""
