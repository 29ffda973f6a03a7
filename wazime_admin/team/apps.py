from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "wazime_admin.team"
    label = "team"
