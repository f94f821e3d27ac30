"""The Celery application. It only dispatches: each long job runs in a supervised process of its own."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("frameloop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
