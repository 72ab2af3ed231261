"""Intendly: an intent-based trading venue. docs/architecture.md shows the house, floor by floor."""
