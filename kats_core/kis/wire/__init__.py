"""Read and write what the broker's servers send and take: text in, values out, and back.

Pure: no socket, clock or file is known here, and what cannot be read raises `WireError` and nothing else. The broker's names
are known in this room alone; what leaves it has ours. Client and simulator share it, so each direction is written once.
"""
