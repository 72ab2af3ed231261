"""One way to log, for our code and for the libraries': structlog events, as JSON or for eyes, nothing secret in them.

    log = structlog.get_logger(__name__)
    with structlog.contextvars.bound_contextvars(request_id=request_id, intent_hash=intent_hash):
        log.info("intent.accepted", swapper=swapper)      # both ids are on every line of the block, libraries' too

A process calls `configure_logging` once at its start; gunicorn is given `logging_config` as its `logconfig_dict`, and
celery calls `configure_logging` from its `setup_logging` signal.
"""

from __future__ import annotations

import logging.config
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, Processor, WrappedLogger

from intendly.adapters.observability.held_lines import HeldLines
from intendly.adapters.observability.secret_mask import mask_event

Format = Literal["json", "console"]

# Loggers of libraries that bring handlers of their own, or say at INFO what nobody asked.
_LIBRARY_LEVELS = {
    "gunicorn.error": "INFO",
    "gunicorn.access": "INFO",
    "celery": "INFO",
    "alembic": "INFO",
    "alembic.runtime.plugins": "WARNING",
    "werkzeug": "WARNING",
    "urllib3": "WARNING",
    "web3": "WARNING",
    "httpx": "WARNING",  # a line for each request, with its address
    "httpcore": "WARNING",
    "geventwebsocket.handler": "WARNING",
    "tornado.access": "WARNING",  # Flower's: a log-in that failed stays
}


def configure_logging(process: str, level: str = "INFO", style: Format = "json", *, held_s: float = 0.0) -> None:
    """Send every log line of this process to stderr in one style, with `process` on each. Calling it again replaces.

    `level` is the lowest that is written: DEBUG, INFO, WARNING or ERROR. Our own lines below WARNING are written
    together every `held_s` seconds, those from WARNING on at once, behind what is held.
    """
    logger: Callable[..., _StderrLogger] = _StderrLogger
    if held_s:
        logger = partial(_HoldingLogger, HeldLines(_StderrLogger().msg, every_s=held_s))
    logging.config.dictConfig(logging_config(process, level, style))
    structlog.configure(
        processors=[*_enrichment(process), *_finish(style)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=logger,
        cache_logger_on_first_use=False,
    )


class _StderrLogger(structlog.WriteLogger):
    """Our own lines go straight to stderr: the way through `logging` costs three times as much."""

    def __init__(self, name: str = "") -> None:
        super().__init__(sys.stderr)
        self.name = name


class _HoldingLogger(_StderrLogger):
    """Holds what is below WARNING back."""

    def __init__(self, held: HeldLines, name: str = "") -> None:
        super().__init__(name)
        self._held = held

    def info(self, message: str) -> None:
        self._held.hold(message)

    def warning(self, message: str) -> None:
        self._held.write()
        self.msg(message)

    debug = info
    error = critical = warning


def logging_config(process: str, level: str = "INFO", style: Format = "json") -> dict[str, Any]:
    """The same for `logging.config.dictConfig`, for a server that insists on setting up logging itself."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structlog": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_enrichment(process), structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_finish(style),
                ],
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "structlog"}
        },
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            name: {"level": _stricter(level, own), "handlers": [], "propagate": True}
            for name, own in _LIBRARY_LEVELS.items()
        },
    }


def _enrichment(process: str) -> list[Processor]:
    def name_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("process", process)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        name_process,
    ]


def _finish(style: Format) -> list[Processor]:
    """The time comes last: it has colons, which the mask would look into."""
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    return [structlog.processors.format_exc_info, mask_event, stamp, *_rendering(style)]


def _rendering(style: Format) -> list[Processor]:
    if style == "json":
        return [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer(serializer=_json)]
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, pad_level=False)]


def _json(event: EventDict, **_: object) -> str:
    return to_json(event, fallback=str).decode()


def _stricter(level: str, own: str) -> str:
    return max(level, own, key=logging.getLevelNamesMapping().__getitem__)
