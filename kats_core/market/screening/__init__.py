"""Choose what may be bought at all: universe, qualification, grade, scores, stars, profiles, the day's candidates.

Import from the module that is named after what you need. Nothing is re-exported here, so that the configuration, which
holds the thresholds (`rules`), does not load numpy. Everything is point in time: row t reads rows up to t, and of every
side table what could be known that evening.
"""
