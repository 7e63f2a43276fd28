"""An exchange and a broker's order desk without clock, socket or chance: what comes in carries its instant.

`book` orders by price and time, `auction` finds the one price of a call auction, `board` leads one symbol through its session,
`accounts` keeps cash and shares, `desk` takes orders for accounts and carries them to the boards.
"""
