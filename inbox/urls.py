from django.urls import path

from inbox.views import (
    commands,
    composer,
    conversations,
    gate,
    media,
    messages,
    new,
    outbox,
    snoozes,
    status,
    thread,
)

app_name = "inbox"
urlpatterns = [
    path("", conversations.index, name="list"),
    path("<id:conversation_id>/", conversations.conversation, name="conversation"),
    path("<id:conversation_id>/status/", status.status, name="status"),
    path("<id:conversation_id>/snooze/", snoozes.snooze, name="snooze"),
    path("<id:conversation_id>/thread/", thread.thread, name="thread"),
    path("<id:conversation_id>/older/", thread.older, name="older"),
    path("<id:conversation_id>/messages/", messages.write, name="write"),
    path("news/", conversations.what_is_new, name="news"),
    path("new/", new.new, name="new"),
    path("messages/", new.write_to_number, name="write_to_number"),
    path("templates/", composer.templates, name="templates"),
    path("outbox/", outbox.index, name="outbox"),
    path("outbox/<id:message_id>/", outbox.entry, name="outbox_entry"),
    path("outbox/<id:message_id>/resend/", outbox.resend, name="resend"),
    path("outbox/<id:message_id>/mark-sent/", outbox.mark_sent, name="mark_sent"),
    path("outbox/<id:message_id>/cancel/", outbox.cancel, name="cancel"),
    path("media/<id:media_id>/", media.media, name="media"),
    path("media/<id:media_id>/thumbnail/", media.thumbnail, name="thumbnail"),
    path("commands/", commands.commands, name="commands"),
    path("gate/", gate.show, name="gate"),
    path("gate/try/", gate.try_now, name="try_gate"),
]
