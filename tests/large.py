"""A ledger with very many rows, written by the database itself: for plans and for measuring."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from inbox.broadcasts.models import Audience, Broadcast, BroadcastState, Source
from wazime_admin.team.models import User

# How many messages a customer got.
EACH = 25

# Of so many one is not sent, one perhaps and one cancelled; the last ones wait or are under way.
_STATE = """CASE WHEN i > {count} - 20 THEN 'queued' WHEN i > {count} - 30 THEN 'held'
    WHEN i > {count} - 33 THEN 'sending' WHEN i % {one_in} = 1 THEN 'rejected'
    WHEN i % {one_in} = 2 THEN 'uncertain' WHEN i % {one_in} = 3 THEN 'cancelled' ELSE 'sent' END"""
_MESSAGES = """
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count})
INSERT INTO inbox_message (
    send_id, author_id, broadcast_id, conversation_id, mobile_code, mobile, number, from_number,
    kind, text, fields, label, state, attempt_number, waited, gate_closings, name, time_zone,
    cancel_reason, created_at, finished_at, claimed_until
)
SELECT
    {uuid}, {author}, {broadcast}, {conversation}, '55', '119' || (80000000 + {customer}),
    '55119' || (80000000 + {customer}), '', '{kind}', 'Mensagem ' || i, '{{}}', '', state,
    CASE WHEN state IN ('queued', 'held', 'cancelled') THEN 0 ELSE 1 END, {nothing}, 0, '',
    '{zone}', '', {moment},
    CASE WHEN state NOT IN ('queued', 'held', 'sending') THEN {moment} END,
    CASE WHEN state = 'sending' THEN {soon} END
FROM (SELECT i, {state} AS state FROM numbers) AS rows
"""
_ATTEMPTS = """
INSERT INTO inbox_attempt (
    message_id, number, worker, started_at, ended_at, outcome, cause, said, raw, decision
)
SELECT id, 1, 'w', created_at, finished_at, CASE state WHEN 'sending' THEN '' ELSE state END,
    '', '', '', ''
FROM inbox_message WHERE attempt_number = 1
"""
_DIALECTS = {
    "sqlite": {
        "uuid": "printf('%d%031x', length('{kind}'), i)",
        "nothing": "0",
        "moment": "strftime('%Y-%m-%d %H:%M:%f', 'now', (i - {count}) || ' seconds')",
        "soon": "strftime('%Y-%m-%d %H:%M:%f', 'now', '+60 seconds')",
    },
    "postgresql": {
        "uuid": "md5('{kind}' || i)::uuid",
        "nothing": "interval '0'",
        "moment": "now() + (i - {count}) * interval '1 second'",
        "soon": "now() + interval '60 seconds'",
    },
}
_QUICK = {
    "sqlite": ["PRAGMA synchronous = OFF", "PRAGMA cache_size = -100000"],
    "postgresql": [
        "SET session_replication_role = replica",  # no foreign key is looked up
        "SET maintenance_work_mem = '256MB'",
    ],
}
_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%inbox_%'",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'inbox_%'"
    " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
}


@contextmanager
def database(name: str) -> Iterator[str]:
    """The name of a database of its own with the tables of the tests' one."""
    connection.close()  # what is copied must be complete, and in nobody's use
    connection.creation.clone_test_db(suffix=name, verbosity=0)
    clone = connection.creation.get_test_db_clone_settings(name)["NAME"]
    try:
        yield clone
    finally:
        connection.creation.destroy_test_db(suffix=name, verbosity=0)


@contextmanager
def using(name: str) -> Iterator[None]:
    """All queries go to another database."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def fill(count: int, *, author: User, admin: User, one_in: int = 1000) -> Broadcast:
    """`count` rows with their attempts: one half written by the author, the others the recipients
    of a broadcast that is nearly through. one_in: see _STATE."""
    broadcast = _broadcast(count, admin)
    half = {"count": count // 2, "one_in": one_in, "zone": ""}
    half |= {"conversation": "NULL", "broadcast": "NULL"}
    customer = f"i % {count // 2 // EACH}"
    written = {"author": author.pk, "kind": "text", "conversation": customer, "customer": customer}
    to_all = {"author": admin.pk, "kind": "template", "broadcast": broadcast.pk, "customer": "i"}
    with connection.cursor() as cursor:
        for setting in _QUICK[connection.vendor]:
            cursor.execute(setting)
        cursor.execute(_INDEXES[connection.vendor])
        indexes = cursor.fetchall()
        for index, _ in indexes:
            cursor.execute(f'DROP INDEX "{index}"')
        cursor.execute(_messages(**half | written))
        cursor.execute(_messages(**half | to_all | {"zone": "America/Sao_Paulo"}))
        cursor.execute(_ATTEMPTS)
        for _, definition in indexes:
            cursor.execute(definition)
        if connection.vendor == "postgresql":  # which does so by itself in time
            cursor.execute("VACUUM ANALYZE")
    connection.close()
    return broadcast


def _broadcast(pk: int, admin: User) -> Broadcast:
    """pk: another for another ledger, so that nothing is taken from the same cache."""
    begun = timezone.now() - timedelta(hours=6)
    return Broadcast.objects.create(
        pk=pk,
        name="Novidades",
        author=admin,
        audience=Audience.objects.create(source=Source.PASTED, author=admin),
        template_id=1,
        template={"name": "boas_vindas", "header": "", "body": "Olá", "footer": "", "buttons": []},
        rate=20.0,
        quiet_hours=False,
        state=BroadcastState.SENDING,
        built_at=begun,
        started_at=begun,
        running_since=begun,
    )


def _messages(**values: object) -> str:
    dialect = {name: sql.format(**values) for name, sql in _DIALECTS[connection.vendor].items()}
    return _MESSAGES.format(**values, **dialect, state=_STATE.format(**values))
