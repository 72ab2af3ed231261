"""`intendly settings`: what this environment comes to."""

from __future__ import annotations

from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from cli.options import Json, say_json
from cli.venue import NOT_YET, PARTS
from intendly.adapters.observability.secret_mask import MASK, masked_text
from intendly.settings import Settings, exported, load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("settings", epilog="Example: intendly settings --json")(settings_command)


def settings_command(as_json: Json = False) -> None:
    """Print every setting: where its value comes from, the value unless it is secret, and what it is.

    Exits with 2 and names the variable at a mistake.
    """
    settings = load_settings({name: value for name, value in NOT_YET.items() if name not in exported(*PARTS)})
    rows = [
        (name.upper(), *_valued(settings, name), field.description) for name, field in Settings.model_fields.items()
    ]
    if as_json:
        say_json(
            {
                name: {"source": source, "value": value, "description": description}
                for name, source, value, description in rows
            }
        )
        return
    width = max(len(name) for name, *_ in rows)
    for name, source, value, description in rows:
        typer.echo(f"{name:<{width}}  {source:<11}  {value:<24}  {description}")


def _valued(settings: Settings, name: str) -> tuple[str, str]:
    """Where a setting's value comes from, and the value, masked where it is secret."""
    if name.upper() in PARTS and name.upper() not in exported(*PARTS):
        return "not set", "`intendly up` starts one"
    return "environment" if name in settings.model_fields_set else "default", _shown(settings, name)


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if value in (None, "", ()):
        return "-"
    if name == "rpc_urls":
        return ",".join(_without_key(url.get_secret_value()) for url in value)
    if name in ("database_url", "redis_url"):
        return masked_text(value.get_secret_value())
    if isinstance(value, tuple):
        return ",".join(value)
    return MASK if isinstance(value, SecretStr) else str(value)


def _without_key(url: str) -> str:
    """Providers put their keys into the path."""
    parts = urlsplit(url)
    rest = f"/{MASK}" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{rest}"
