"""Rows for tests: each factory says only what matters to its model."""
