"""Composition roots: each process, put together by hand and readable top to bottom."""
