"""`python -m tests.bench.rivals.fill N`: N messages in the ledger, and an admin who may see them
in Django's admin."""

import sys
from uuid import uuid4

import django

django.setup()

from inbox.models import Message, State  # noqa: E402
from wazime_admin.team.models import User  # noqa: E402

admin = User.objects.get(username="admin")
admin.is_staff = admin.is_superuser = True
admin.save()
Message.objects.bulk_create(
    Message(
        send_id=uuid4(),
        author=admin,
        mobile_code="55",
        mobile=f"119{place:08}",
        number=f"55119{place:08}",
        text="Oi",
        state=State.SENT,
    )
    for place in range(int(sys.argv[1]))
)
