"""The queue as both sides see it: task names, the queue that each goes to, and Celery's settings.

A message is only a nudge (design: The rule that everything follows): no arguments, no results. Queues are split by
urgency, so that a slow solver or a backup never holds up a close.
"""

from __future__ import annotations

from typing import Any, Final

from kombu import Queue

QUEUES: Final = ("auctions", "solvers", "settlements", "maintenance")

TASK_QUEUES: Final[dict[str, str]] = {
    "auctions.open": "auctions",
    "auctions.close": "auctions",
    "events.publish": "auctions",
    "bids.collect": "solvers",
    "settlements.submit": "settlements",
    "settlements.track": "settlements",
    "chain.index": "settlements",
    "intents.expire": "settlements",
    "tokens.price": "maintenance",
}

VISIBILITY_TIMEOUT_S: Final = 120
HARD_TIME_LIMIT_S: Final = 30
SOFT_TIME_LIMIT_S: Final = 20
LEASE_S: Final = 45
"""How long a lease lasts: longer than a task's hard time limit, so that two never act on one row."""


def celery_settings(redis_url: str) -> dict[str, Any]:
    """Celery's configuration for workers, beat and senders alike."""
    return {
        "broker_url": redis_url,
        "task_queues": [Queue(name, routing_key=name) for name in QUEUES],
        "task_default_queue": "maintenance",
        "task_routes": {name: {"queue": queue} for name, queue in TASK_QUEUES.items()},
        "task_ignore_result": True,
        "result_backend": None,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_time_limit": HARD_TIME_LIMIT_S,
        "task_soft_time_limit": SOFT_TIME_LIMIT_S,
        "task_store_errors_even_if_ignored": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_soft_shutdown_timeout": 5.0,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": True,
        "task_send_sent_event": False,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 3.0,
            "socket_connect_timeout": 3.0,
            "retry_on_timeout": False,
        },
        "timezone": "UTC",
        "enable_utc": True,
        "task_serializer": "json",
        "accept_content": ["json"],
    }
