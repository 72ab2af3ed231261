"""Asking solvers over HTTP: strangers' servers, held to a time, a size and to public addresses."""
