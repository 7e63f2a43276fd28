"""Keep what was decided: a database for runs that people come back to, a folder for each backtest.

`recorder` writes records, `reading` gives the same records back; whoever explains or counts works on records and never
sees where they were kept. Nothing here decides anything.
"""
