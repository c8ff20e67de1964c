"""Benchmarks: loaders, scoring and synthetic histories that measure what a memory recalls."""
