"""How long the server worked on an answer."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase


def server_timing(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Says it in milliseconds in the header Server-Timing (W3C)."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        begun = time.perf_counter()
        response = get_response(request)
        response["Server-Timing"] = f"app;dur={1000 * (time.perf_counter() - begun):.3f}"
        return response

    return answer
