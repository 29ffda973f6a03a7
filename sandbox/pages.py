"""The customers' phones and the page of switches."""

from aiohttp import web


def add_routes(app: web.Application) -> None:
    pass
