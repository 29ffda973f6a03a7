"""What may stand in an address."""

from django.urls.converters import IntConverter

from wazime_admin.wazime.types import MAX_ID


class IdConverter(IntConverter):
    """An id that a row or WaziMe can have: a larger number leads nowhere, so that no view, query
    or column meets one."""

    def to_python(self, value: str) -> int:
        number = super().to_python(value)
        if number > MAX_ID:
            raise ValueError(value)
        return number
