"""Check a plugin as authors, operators and our own tests do: by its name, with findings that say what to change.

`suite.check` is what `kats check NAME` calls; `contracts` are the same checks as test classes. Nothing here belongs to a
run: a plugin that passes has kept to the contract on generated data, no more.
"""
