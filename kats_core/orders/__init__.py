"""The life of an order and the gate that it has to pass."""
