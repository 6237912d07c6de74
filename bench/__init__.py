"""Measurements of the registry, each a ratio of two things that ran in turn: `python -m bench --help`."""
