"""What can go wrong with an embedded part, in words for the person at the keyboard."""

from __future__ import annotations


class EmbeddedError(Exception):
    """An embedded part can't be had or did not start; the text names the part, the cause and what to do."""


class ChildDied(EmbeddedError):
    """The part's process ended before it was ready."""
