"""What the log says. Read before the apps are there: nothing of them is imported here."""

import logging


class RefusalsInALine(logging.Filter):
    """A page that somebody may not see is no defect: a traceback would look like one."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = None
        return True
