"""Benchmarks: `make bench`. Each prints a table of ratios from one run; none asserts seconds."""
