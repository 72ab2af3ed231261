"""A local chain made into a market: the real Permit2 and Uniswap, test tokens, feeds and pools. For anvil only."""
