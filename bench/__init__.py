"""Measurements of the registry, each a ratio between two things that were measured in turn: `python -m bench --help`."""
