"""Drivers: build a run from its configuration and turn its clock."""
