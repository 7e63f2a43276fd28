"""Judge runs from what they left behind: figures, tables, a page to read, two runs side by side.

Everything works from a run's folder alone; nothing here plays, trades or reads a clock.
"""
