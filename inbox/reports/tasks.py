from celery import shared_task

from inbox.reports import selectors, services


@shared_task(name="reports.sample")
def sample() -> None:
    """Every quarter of an hour; and what the pages count does not wait for somebody to look."""
    services.take_sample()
    services.remove_old()
    selectors.count_settled_days()
