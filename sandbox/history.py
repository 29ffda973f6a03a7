"""`inbox/conversation-messages`: what was said in a conversation, where a server tells it."""

import json
import sqlite3
from typing import Any

from sandbox import inbox
from sandbox.calls import Call, Page, World
from sandbox.envelope import Answer
from sandbox.store import timestamp

OURS, THEIRS = 1, 2
DELIVERED, READ = 2, 3
TYPES = {
    "text": 1,
    "template": 1,
    "image": 2,
    "video": 3,
    "document": 4,
    "audio": 5,
    "cta_url": 6,
    "location": 8,
    "interactive_list": 9,
}
FILES = "https://wazime.example/assets/media/conversation"


def conversation_messages(world: World, call: Call) -> Answer:
    """The newest first."""
    inbox.find_conversation(world, call.id)
    page, db = Page.of(call, world), world.store.db
    mine = "FROM message WHERE conversation_id = ?"
    total, heard = db.execute(
        f"SELECT count(*), max(CASE WHEN NOT outgoing THEN id END) {mine}",
        (call.id,),
    ).fetchone()
    found = db.execute(
        f"SELECT * {mine} ORDER BY id DESC LIMIT ? OFFSET ?",
        (call.id, *page.limit(world)),
    )
    messages = [_message(row, heard or 0) for row in found]
    data = {"messages": page.answer(world, messages, total)}
    return world.success("conversation_messages", "Messages fetched successfully", data)


def _message(row: sqlite3.Row, heard: int) -> dict[str, Any]:
    """heard: the id of the last message that the customer wrote."""
    file = json.loads(row["file"]) if row["file"] else {}
    delivery = READ if row["id"] < heard else DELIVERED
    return {
        "id": row["id"],
        "conversation_id": row["conversation_id"],
        "type": OURS if row["outgoing"] else THEIRS,
        "message": None if file else row["text"],
        "message_type": TYPES[row["kind"]],
        "media_caption": row["text"] if file else None,
        "media_filename": file.get("name"),
        "media_url": f"{FILES}/{row['id']}" if file else None,
        "location": json.loads(row["location"]) if row["location"] else None,
        "status": delivery if row["outgoing"] else None,
        "ordering": row["id"],
        "created_at": timestamp(row["finished"]),
    }
