"""The Celery application. Its tasks are thin: an id in, one service call."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wazime_admin.settings")

app = Celery("wazime_admin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
