"""Figures about reviewing: what waits, how decisions go, how long they take."""
