"""Sign intents, bid for them: the types, signatures and clients of the Intendly venue."""
