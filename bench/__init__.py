"""How fast the venue is, each figure beside its floor: `python -m bench` (docs/performance.md)."""
