"""The Celery application. It only dispatches: each long job runs in a supervised process of its own."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("frameloop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def _worker_lives(sender: Any, **_: Any) -> None:
    from projects import live

    queues = sender.app.amqp.queues.consume_from
    live.stay_alive("training" if "training" in queues else "worker")


@beat_init.connect
def _beat_lives(**_: Any) -> None:
    from projects import live

    live.stay_alive("beat")
