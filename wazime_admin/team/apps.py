from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "wazime_admin.team"
    label = "team"

    def ready(self) -> None:
        from wazime_admin.team import accounts  # noqa: F401  # registers its system check
