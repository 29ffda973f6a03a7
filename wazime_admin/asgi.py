"""What the web server runs: Django's WSGI application behind a buffer for slow clients."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from wazime_admin.serving import Buffered

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wazime_admin.settings")

# Requests that are worked on at a time, in each process: more only fight for the interpreter.
THREADS = 2

application = Buffered(
    get_wsgi_application(),
    threads=THREADS,
    max_body=settings.MAX_REQUEST_SIZE,
    patience=settings.REQUEST_PATIENCE,
    folder=settings.FILE_UPLOAD_TEMP_DIR,
)
