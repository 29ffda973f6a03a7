"""Celery's side of broadcasts. No recipient is a task: a worker takes them from the ledger."""
