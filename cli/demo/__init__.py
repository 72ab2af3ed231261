"""`intendly demo`: from nothing to settled intents in one command, and what is measured on the way."""

from cli.demo.command import register

__all__ = ["register"]
