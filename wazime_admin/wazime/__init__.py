"""The one place that speaks to the WaziMe API.

`client()` makes calls, reading.py makes them for pages that look, errors.py says what can go wrong.
"""

from wazime_admin.wazime.client import WaziMeClient, client

__all__ = ["WaziMeClient", "client"]
