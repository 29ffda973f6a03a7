from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BroadcastsConfig(AppConfig):
    name = "inbox.broadcasts"
    label = "broadcasts"
    verbose_name = _("Broadcasts")

    def ready(self) -> None:
        from inbox import restoring
        from inbox.broadcasts import services

        restoring.restored.connect(services.pause_restored)
