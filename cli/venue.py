"""The ground that the venue's processes stand on: the parts running, the schema new, the contracts deployed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from cli.ports import free_ports
from intendly.adapters.embedded import EmbeddedParts, embedded_parts
from intendly.adapters.embedded.folder import write_private
from intendly.adapters.embedded.ports import release_claims
from intendly.settings import Settings, SettingsError, exported, load_settings

if TYPE_CHECKING:
    from intendly.adapters.chain.rpc import Rpc

PARTS = ("DATABASE_URL", "REDIS_URL", "RPC_URLS")
# Only to read the other settings before anything has started.
NOT_YET = {"DATABASE_URL": "postgresql://", "REDIS_URL": "redis://", "RPC_URLS": "http://"}


@dataclass(frozen=True)
class Ground:
    """What runs, and the settings that say where."""

    settings: Settings
    parts: EmbeddedParts


@contextmanager
def running_parts(
    *, use_external: bool, data_dir: Path | None = None, anvil_port: int | None = None, block_time_s: int | None = 1
) -> Iterator[Ground]:
    """Start the embedded parts, but, with `use_external`, those that the environment names; choose the ports.

    `data_dir` goes before DATA_DIR. Raises `SettingsError` before anything has started, `EmbeddedError` after.
    """
    external = exported(*PARTS) if use_external else frozenset()
    given = {name: value for name, value in NOT_YET.items() if name not in external}
    if data_dir is not None:
        given["DATA_DIR"] = str(data_dir)
    first = load_settings(given)
    check_writable("DATA_DIR", first.data_dir)
    if "RPC_URLS" not in external:
        _check_chain_id(first)
    with embedded_parts(
        first.data_dir,
        postgres="DATABASE_URL" not in external,
        valkey="REDIS_URL" not in external,
        anvil="RPC_URLS" not in external,
        chain_id=first.chain_id,
        anvil_port=anvil_port,
        block_time_s=block_time_s,
    ) as parts:
        try:
            given |= free_ports(first) | _for_one_machine(first, local_chain=parts.anvil is not None)
            if parts.postgres:
                given["DATABASE_URL"] = parts.postgres.url
            if parts.valkey:
                given["REDIS_URL"] = parts.valkey.url
            if parts.anvil:
                given["RPC_URLS"] = parts.anvil.rpc_url
            yield Ground(load_settings(given), parts)
        finally:
            release_claims()


def rpc_of(settings: Settings, timeout_s: float = 30) -> Rpc:
    """The chain that the settings name, with the patience of a command. Close it."""
    from intendly.adapters.chain.rpc import Rpc

    return Rpc([url.get_secret_value() for url in settings.rpc_urls], timeout_s=timeout_s)


def check_writable(name: str, folder: Path) -> None:
    """Make the folder that the setting `name` says. Raises `SettingsError` where it can't be made or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = "not a folder" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        raise SettingsError(f"{name}: expected a folder that can be written, got {folder} ({why})") from None


def _check_chain_id(settings: Settings) -> None:
    """The embedded chain would take any id, and nothing in the folder would be about it any more."""
    if not settings.deployment_path.exists():
        return
    from intendly.adapters.chain.deployment import read_deployment

    known = read_deployment(settings.deployment_path).chain_id
    if known != settings.chain_id:
        raise SettingsError(
            f"CHAIN_ID: expected {known}, which the data in {settings.data_dir} is about, got {settings.chain_id}; "
            "set another DATA_DIR for another chain, or remove the data (`make clean` removes .data)"
        )


def _for_one_machine(settings: Settings, *, local_chain: bool) -> dict[str, str]:
    """What suits a venue whose processes are started together, where it was not said otherwise."""
    suits = {"LOG_FORMAT": "console", "DATA_DIR": str(settings.data_dir.absolute())}
    if local_chain:
        suits["SOLVER_ALLOW_PRIVATE"] = "true"
    if settings.flower_password is None:
        suits["FLOWER_PASSWORD"] = _kept_password(flower_password_path(settings))
    always = {"DATA_DIR"}
    return {
        name: value for name, value in suits.items() if name in always or name.lower() not in settings.model_fields_set
    }


def flower_password_path(settings: Settings) -> Path:
    """Where Flower's password lies when FLOWER_PASSWORD was not set."""
    return settings.data_dir / "keys" / "flower.password"


def _kept_password(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, secrets.token_urlsafe(18))
    return file.read_text().strip()


def prepare(ground: Ground) -> None:
    """Bring the schema up to date and see to it that the contracts stand.

    On the embedded chain what is missing is deployed, and the reference solvers get their keys and inventory; on any
    other nothing is sent. `SettingsError` tells of a deployment that is missing, and of a chain or a database that is
    about another.
    """
    from intendly.adapters.chain.keys import load_or_make_key
    from intendly.adapters.db.migrate import upgrade
    from intendly.bootstrap.settlements import SettlementsVenue

    upgrade(ground.settings.sqlalchemy_url)
    load_or_make_key(ground.settings.receipt_key_path)
    if ground.parts.anvil:
        from cli.contracts import deploy_local
        from cli.local_solvers import ready_solvers

        ground.settings.local_rpc_path.write_text(ground.parts.anvil.rpc_url)
        deploy_local(ground.settings)
        ready_solvers(ground.settings)
    with closing(SettlementsVenue(ground.settings, process="prepare")) as venue:
        venue.check_home.run()
        # The first prices do not wait for beat: an intent is accepted from the first moment on.
        venue.price_tokens.run()
