"""The comparisons, in the order in which they are shown. Each module has NAME, TITLE and compare(bench) -> Result."""
