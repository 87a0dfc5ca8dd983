"""Measurements against the plain alternative, in one run on one machine; read the ratios, not the figures.

`python -m benchmarks` runs all scenarios, prints a table and writes `benchmarks/results/<time>.json`.
"""
