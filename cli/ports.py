"""The ports that the venue's processes listen on, decided before they start."""

from __future__ import annotations

import sys

from intendly.adapters.embedded.ports import claimed_port, is_free, port_holder
from intendly.settings import Settings, SettingsError

_FIELDS = ("relayer_port", "websocket_port", "coordinator_port", "flower_port")


def free_ports(settings: Settings) -> dict[str, str]:
    """A variable for each port of the venue.

    One that was set must be free, or `SettingsError` names who holds it. One that was not set is the default where
    that is free, else another.
    """
    chosen = {}
    for field in _FIELDS:
        port: int = getattr(settings, field)
        if field in settings.model_fields_set and not is_free(port, settings.bind_host):
            raise SettingsError(f"{field.upper()}: port {port} is held by {port_holder(port)}")
        got = claimed_port(port, settings.bind_host)
        if got != port and field not in settings.model_fields_set:
            holder = "another venue" if is_free(port, settings.bind_host) else port_holder(port)
            sys.stderr.write(f"{field.upper()}: port {port} is held by {holder}; {got} is used instead\n")
        if field in settings.model_fields_set and got != port:
            raise SettingsError(f"{field.upper()}: port {port} is claimed by another venue that starts here now")
        chosen[field.upper()] = str(got)
    return chosen
