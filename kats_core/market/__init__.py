"""Know the Korean market by date: ticks, price limits, costs, session hours, the calendar.

Import from the module that is named after what you need, e.g. `from kats_core.market.ticks import tick_table`. Nothing is
re-exported here, so that asking the calendar for a date does not load numpy.
"""
