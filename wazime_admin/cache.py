"""Django's cache in Redis, for pages that must work without it."""

from typing import Any

import django_redis.cache


class RedisCache(django_redis.cache.RedisCache):  # type: ignore[misc]
    """A failing cache is an empty cache, so what is added to it counts as added.

    Otherwise the locks around the limit of failed logins could never be taken, and nobody could
    log in while Redis is down.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        added: bool | None = super().add(*args, **kwargs)
        return added is not False  # None: Redis did not answer
