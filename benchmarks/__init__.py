"""Measurements that anyone can repeat: ``docs/benchmarks.md`` says how, and what came out."""
