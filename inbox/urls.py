from django.urls import path

from inbox.views import conversations, messages, outbox

app_name = "inbox"
urlpatterns = [
    path("", conversations.index, name="list"),
    path("<int:conversation_id>/", conversations.conversation, name="conversation"),
    path("<int:conversation_id>/status/", conversations.status, name="status"),
    path("<int:conversation_id>/thread/", messages.thread, name="thread"),
    path("<int:conversation_id>/messages/", messages.write, name="write"),
    path("outbox/<int:message_id>/resend/", outbox.resend, name="resend"),
    path("outbox/<int:message_id>/mark-sent/", outbox.mark_sent, name="mark_sent"),
    path("outbox/<int:message_id>/cancel/", outbox.cancel, name="cancel"),
]
