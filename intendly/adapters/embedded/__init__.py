"""PostgreSQL, Valkey and anvil as children of this process: for development, the demo and the tests.

Each part listens on 127.0.0.1 only, keeps its data in a folder of its own below the one it is given, and dies with
the process that started it, however that ends. A production process never imports this package.
"""

from intendly.adapters.embedded.anvil import ANVIL_MNEMONIC, EmbeddedAnvil, embedded_anvil
from intendly.adapters.embedded.errors import EmbeddedError
from intendly.adapters.embedded.parts import EmbeddedParts, embedded_parts
from intendly.adapters.embedded.postgres import EmbeddedPostgres, embedded_postgres
from intendly.adapters.embedded.valkey import EmbeddedValkey, embedded_valkey

__all__ = [
    "ANVIL_MNEMONIC",
    "EmbeddedAnvil",
    "EmbeddedError",
    "EmbeddedParts",
    "EmbeddedPostgres",
    "EmbeddedValkey",
    "embedded_anvil",
    "embedded_parts",
    "embedded_postgres",
    "embedded_valkey",
]
