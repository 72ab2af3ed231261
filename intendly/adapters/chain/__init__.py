"""The chain: the contracts as built, JSON-RPC with fail-over, deployment, and what the pipeline reads and sends."""
