"""The outbox, and the progress of the relays that deliver its events."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, String, Table

from db.tables.columns import BigId, Id, Instant, Json, metadata, organization_column

outbox = Table(
    "pm_group_outbox",
    metadata,
    Column[int]("sequence", BigId, primary_key=True, autoincrement=True),
    Column[uuid.UUID]("id", Id, nullable=False, unique=True),
    organization_column(),
    Column[uuid.UUID]("group_definition_id", Id, nullable=False),
    # A sequence number is assigned before its transaction commits, so a later number may become visible first. On
    # PostgreSQL, a reader that orders by (transaction_id, sequence) and stops at the oldest running transaction misses
    # no event. SQLite has one writer at a time, and stores 0.
    Column[int]("transaction_id", BigInteger, nullable=False),
    Column[str]("event", String(100), nullable=False),
    Column[Any]("envelope", Json, nullable=False),
    Column[datetime]("created_at", Instant, nullable=False),
    Index("ix_pm_group_outbox_in_order", "transaction_id", "sequence"),
    Index("ix_pm_group_outbox_of_organization", "organization_id", "transaction_id", "sequence"),
    # Within a group, the sequence is the order: it is assigned under the group's lock, which is held until the commit.
    Index("ix_pm_group_outbox_of_group", "group_definition_id", "sequence"),
)

# The last event, by (transaction_id, sequence), that was added to a sink's lanes.
relay_sinks = Table(
    "pm_group_relay_sinks",
    metadata,
    Column[str]("sink", String(40), primary_key=True),
    Column[int]("transaction_id", BigInteger, nullable=False),
    Column[int]("sequence", BigInteger, nullable=False),
)

# A lane is the queue of one group's events for one sink. The events after `sequence`, up to `newest_sequence`, are not
# delivered yet. Their delivery starts at `due_at`, which is NULL if there are none.
relay_lanes = Table(
    "pm_group_relay_lanes",
    metadata,
    Column[str]("sink", String(40), primary_key=True),
    Column[uuid.UUID]("group_definition_id", Id, primary_key=True),
    Column[int]("sequence", BigInteger, nullable=False),
    Column[int]("newest_sequence", BigInteger, nullable=False),
    # The number of parked events of the group that are to be sent again.
    Column[int]("again_count", Integer, nullable=False),
    # The number of failed attempts to deliver the next event.
    Column[int]("tries", Integer, nullable=False),
    Column[datetime | None]("due_at", Instant),
    # The lease of the relay that is delivering. Once `due_at` has passed, any relay may take the lane over.
    Column[uuid.UUID | None]("lease", Id),
    # Why the last attempt failed.
    Column[str | None]("reason", String(200)),
    # The host and process of the relay that holds the lease, for operators.
    Column[str | None]("holder", String(255)),
    CheckConstraint("again_count >= 0 AND tries >= 0", name="counts"),
    Index("ix_pm_group_relay_lanes_due", "sink", "due_at"),
)

# Events that a sink has refused too often. `again` marks the ones that an operator wants to send again.
parked_events = Table(
    "pm_group_parked_events",
    metadata,
    Column[str]("sink", String(40), primary_key=True),
    Column[int]("sequence", BigInteger, primary_key=True),
    Column[uuid.UUID]("id", Id, nullable=False),
    organization_column(),
    Column[uuid.UUID]("group_definition_id", Id, nullable=False),
    Column[str]("event", String(100), nullable=False),
    Column[int]("tries", Integer, nullable=False),
    Column[str]("reason", String(200), nullable=False),
    Column[datetime]("parked_at", Instant, nullable=False),
    Column[bool]("again", Boolean, nullable=False),
    Index("ix_pm_group_parked_events_of_group", "sink", "group_definition_id", "sequence"),
)
