-- What is on disk. Moments are milliseconds since 1970, words are those of the JSON, facts are JSON text.
-- Numbers that people see (AUTOINCREMENT) are never used twice.

CREATE TABLE channel (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    short TEXT NOT NULL,
    descriptor TEXT NOT NULL,
    closes INTEGER NOT NULL,              -- resolving here is told to the vendor
    languages TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE member (
    login TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE conversation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    remote_id TEXT,                       -- NULL: begun here, not yet named by its vendor
    named INTEGER NOT NULL DEFAULT 0,     -- known by more than its name
    subject TEXT,
    subject_given INTEGER NOT NULL DEFAULT 0,
    customer_id TEXT,
    customer_name TEXT,
    customer_email TEXT,
    customer_phone TEXT,
    counterpart TEXT NOT NULL DEFAULT '',
    addressee TEXT NOT NULL DEFAULT '',
    addressee_note TEXT,
    their_role TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'new',
    turn TEXT,                            -- NULL: done, or may only be read
    mute INTEGER NOT NULL DEFAULT 0,      -- a chat that we may only read
    answered INTEGER NOT NULL DEFAULT 0,
    thanked INTEGER NOT NULL DEFAULT 0,
    episode INTEGER NOT NULL DEFAULT 1,
    resolved_at INTEGER,
    resolved_by TEXT,
    settled_at INTEGER,                   -- inbound messages up to here need no reply
    touched_at INTEGER,                   -- the last status that a person set here
    remote_status TEXT,
    remote_read_at INTEGER,
    remote_unread INTEGER NOT NULL DEFAULT 0,
    remote_closed INTEGER,
    remote_closed_at INTEGER,
    remote_unanswered INTEGER NOT NULL DEFAULT 0,
    gate TEXT NOT NULL DEFAULT 'unknown', -- or 'window', with gate_until
    gate_since INTEGER,
    gate_until INTEGER,
    assignee TEXT,
    labels TEXT NOT NULL DEFAULT '[]',
    priority TEXT,
    snoozed_until INTEGER,
    snooze_breaks INTEGER NOT NULL DEFAULT 1,
    held_until INTEGER,
    order_facts TEXT,
    products TEXT NOT NULL DEFAULT '[]',
    category TEXT,
    facts TEXT NOT NULL DEFAULT '{}',
    messages INTEGER NOT NULL DEFAULT 0,
    unanswered INTEGER NOT NULL DEFAULT 0,
    lang TEXT,
    rev INTEGER NOT NULL DEFAULT 1,
    waiting_since INTEGER,
    due_at INTEGER,
    due_clock TEXT,
    warn_at INTEGER,
    vendor_created_at INTEGER,
    vendor_updated_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_line TEXT,
    last_direction TEXT,
    outbox TEXT,
    drift TEXT,
    -- sort keys: what cannot be answered comes last, what waits for nothing after what waits
    blocked INTEGER NOT NULL DEFAULT 0,
    due_key INTEGER NOT NULL DEFAULT 9223372036854775807,
    waiting_key INTEGER NOT NULL DEFAULT 9223372036854775807,
    UNIQUE (channel, remote_id)
);
CREATE INDEX conversation_updated ON conversation (updated_at, id);
CREATE INDEX conversation_due ON conversation (blocked, due_key, waiting_key, id);
CREATE INDEX conversation_waiting ON conversation (waiting_key, id);
CREATE INDEX live_updated ON conversation (updated_at, id, turn, assignee, snoozed_until) WHERE turn IS NOT NULL;
CREATE INDEX live_due ON conversation (blocked, due_key, waiting_key, id, turn, assignee, snoozed_until)
    WHERE turn IS NOT NULL;
CREATE INDEX live_waiting ON conversation (waiting_key, id, turn, assignee, snoozed_until) WHERE turn IS NOT NULL;
CREATE INDEX mine_updated ON conversation (assignee, updated_at, id, turn, snoozed_until)
    WHERE turn IS NOT NULL AND assignee IS NOT NULL;
CREATE INDEX mine_due ON conversation (assignee, blocked, due_key, waiting_key, id, turn, snoozed_until)
    WHERE turn IS NOT NULL AND assignee IS NOT NULL;
CREATE INDEX mine_waiting ON conversation (assignee, waiting_key, id, turn, snoozed_until)
    WHERE turn IS NOT NULL AND assignee IS NOT NULL;
CREATE INDEX conversation_outbox ON conversation (outbox) WHERE outbox IS NOT NULL;
CREATE INDEX conversation_snoozed ON conversation (snoozed_until) WHERE snoozed_until IS NOT NULL;
CREATE INDEX conversation_held ON conversation (held_until) WHERE held_until IS NOT NULL;
CREATE INDEX conversation_resolved ON conversation (resolved_at) WHERE status = 'resolved';
CREATE INDEX conversation_warned ON conversation (warn_at) WHERE warn_at IS NOT NULL;
CREATE INDEX conversation_window ON conversation (gate_until) WHERE gate = 'window' AND blocked = 0;
CREATE INDEX conversation_drift ON conversation (id) WHERE drift IS NOT NULL;
CREATE INDEX conversation_local ON conversation (channel) WHERE remote_id IS NULL;
CREATE INDEX conversation_customer ON conversation (customer_id) WHERE customer_id IS NOT NULL;

-- How many conversations of each sort there are: what the tabs show, kept as it is written.
CREATE TABLE tally (
    turn TEXT NOT NULL,
    assignee TEXT NOT NULL,
    snoozed INTEGER NOT NULL,
    fix INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (turn, assignee, snoozed, fix)
) WITHOUT ROWID;
CREATE TRIGGER tally_in AFTER INSERT ON conversation BEGIN
    INSERT INTO tally VALUES (ifnull(new.turn, ''), ifnull(new.assignee, ''), new.snoozed_until IS NOT NULL,
        ifnull(new.outbox IN ('failed', 'uncertain', 'parked'), 0), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tally_out AFTER DELETE ON conversation BEGIN
    UPDATE tally SET n = n - 1 WHERE turn = ifnull(old.turn, '') AND assignee = ifnull(old.assignee, '')
        AND snoozed = (old.snoozed_until IS NOT NULL)
        AND fix = ifnull(old.outbox IN ('failed', 'uncertain', 'parked'), 0);
END;
CREATE TRIGGER tally_on AFTER UPDATE OF turn, assignee, snoozed_until, outbox ON conversation
WHEN old.turn IS NOT new.turn OR old.assignee IS NOT new.assignee OR old.outbox IS NOT new.outbox
    OR (old.snoozed_until IS NULL) <> (new.snoozed_until IS NULL)
BEGIN
    UPDATE tally SET n = n - 1 WHERE turn = ifnull(old.turn, '') AND assignee = ifnull(old.assignee, '')
        AND snoozed = (old.snoozed_until IS NOT NULL)
        AND fix = ifnull(old.outbox IN ('failed', 'uncertain', 'parked'), 0);
    INSERT INTO tally VALUES (ifnull(new.turn, ''), ifnull(new.assignee, ''), new.snoozed_until IS NOT NULL,
        ifnull(new.outbox IN ('failed', 'uncertain', 'parked'), 0), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- Further names of a conversation: a person's new number, and numbers of conversations that became one.
CREATE TABLE alias (
    channel TEXT NOT NULL,
    alias TEXT NOT NULL,
    conversation INTEGER NOT NULL,
    PRIMARY KEY (channel, alias)
) WITHOUT ROWID;
CREATE INDEX alias_of ON alias (conversation);
CREATE TABLE former (
    id INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL
);

CREATE TABLE label (
    label TEXT NOT NULL,
    conversation INTEGER NOT NULL,
    PRIMARY KEY (label, conversation)
) WITHOUT ROWID;
CREATE INDEX label_of ON label (conversation);

-- Numbers to find it by, letters and digits only, forwards and backwards: matched by head and by tail.
CREATE TABLE number (
    forward TEXT NOT NULL,
    what TEXT NOT NULL,
    conversation INTEGER NOT NULL,
    backward TEXT NOT NULL,
    PRIMARY KEY (forward, what, conversation)
) WITHOUT ROWID;
CREATE INDEX number_backward ON number (backward, what, conversation);
CREATE INDEX number_of ON number (conversation);

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL,
    channel TEXT NOT NULL,
    key TEXT,
    remote_id TEXT,
    direction TEXT NOT NULL,
    role TEXT NOT NULL,
    author TEXT,
    author_id TEXT,
    account TEXT,                         -- the Unix account, for what was written here
    body TEXT NOT NULL,
    raw BLOB,
    kind TEXT NOT NULL,
    delivery TEXT,
    error TEXT,
    context TEXT,
    at INTEGER NOT NULL,
    vendor_time INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    outbox_row INTEGER,
    send_id TEXT,
    provisional INTEGER NOT NULL DEFAULT 0,
    edited_at INTEGER,
    removed_at INTEGER
);
CREATE UNIQUE INDEX message_key ON message (channel, key) WHERE key IS NOT NULL;
CREATE INDEX message_thread ON message (conversation, at, id);
CREATE INDEX message_send ON message (send_id) WHERE send_id IS NOT NULL;
CREATE INDEX message_unjoined ON message (conversation) WHERE key IS NULL AND direction = 'outbound';

CREATE TABLE reaction (
    message INTEGER NOT NULL,
    by TEXT NOT NULL,
    emoji TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (message, by)
) WITHOUT ROWID;

CREATE TABLE attachment (
    message INTEGER NOT NULL,
    n INTEGER NOT NULL,
    name TEXT,
    mime TEXT,
    size INTEGER,
    sha256 TEXT,
    state TEXT NOT NULL,
    remote_ref TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    PRIMARY KEY (message, n)
) WITHOUT ROWID;
CREATE INDEX attachment_remote ON attachment (message, n) WHERE state = 'remote' AND remote_ref IS NOT NULL;

-- What was said of a message that is not here yet.
CREATE TABLE orphan (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    send_id TEXT,
    change TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (channel, key, change)
);
CREATE INDEX orphan_send ON orphan (send_id) WHERE send_id IS NOT NULL;

CREATE TABLE outbox (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL,
    channel TEXT NOT NULL,
    action TEXT NOT NULL,
    word TEXT NOT NULL,
    repeatable INTEGER NOT NULL,
    state TEXT NOT NULL,                  -- or 'sent': kept for a failure that comes later, not shown
    author TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER,
    hold_end INTEGER,
    guarded INTEGER NOT NULL DEFAULT 0,   -- held against what arrives
    reason TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    message INTEGER,
    send_id TEXT NOT NULL UNIQUE,
    seen_rev INTEGER,
    seen_message INTEGER,
    newest INTEGER NOT NULL DEFAULT 0,    -- the newest message when it was committed
    after_row INTEGER,
    evidence TEXT NOT NULL DEFAULT 'null',
    upload TEXT,
    lookups TEXT NOT NULL DEFAULT '[]',
    look_at INTEGER,
    epoch INTEGER,                        -- who has claimed it
    claimed_at INTEGER,
    status_with TEXT,                     -- the status that went with it, and what was before
    status_before TEXT,
    assigned INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_live ON outbox (channel, n) WHERE state <> 'sent';
CREATE INDEX outbox_conversation ON outbox (conversation, n) WHERE state <> 'sent';
CREATE INDEX outbox_after ON outbox (after_row) WHERE after_row IS NOT NULL AND state <> 'sent';
CREATE INDEX outbox_message ON outbox (message) WHERE message IS NOT NULL;

CREATE TABLE draft (
    conversation INTEGER NOT NULL,        -- 0: the one draft of a new conversation
    agent TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    line INTEGER NOT NULL,
    column_ INTEGER NOT NULL,
    files TEXT NOT NULL,
    quote INTEGER,
    form TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (conversation, agent, kind)
) WITHOUT ROWID;
CREATE INDEX draft_of ON draft (agent, saved_at);

-- The read cursor of each agent, with what is unread for him.
CREATE TABLE cursor (
    conversation INTEGER NOT NULL,
    agent TEXT NOT NULL,
    message INTEGER NOT NULL,
    at INTEGER NOT NULL,
    newest INTEGER NOT NULL,              -- the newest number that was there
    unread INTEGER NOT NULL,
    PRIMARY KEY (conversation, agent)
) WITHOUT ROWID;

CREATE TABLE session (
    agent TEXT PRIMARY KEY,
    session TEXT NOT NULL
) WITHOUT ROWID;

-- The log: appended to, never changed.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    conversation INTEGER,
    channel TEXT,
    actor TEXT,
    what TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX event_of ON event (conversation, seq);
CREATE TRIGGER event_stays BEFORE UPDATE OF at, actor, what ON event BEGIN
    SELECT raise(ABORT, 'the log is never changed');
END;

CREATE TABLE memory (
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (channel, key)
) WITHOUT ROWID;

CREATE TABLE health (
    channel TEXT PRIMARY KEY,
    ok_at INTEGER,
    failing_since INTEGER,
    trouble TEXT,
    error TEXT,
    last_webhook INTEGER
) WITHOUT ROWID;

CREATE TABLE lease (
    channel TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    service INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    until INTEGER NOT NULL,
    up_since INTEGER NOT NULL             -- led without a gap since then, by whomever
) WITHOUT ROWID;

CREATE TABLE webhook (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    channels TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    read_at INTEGER,
    flags TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX webhook_unread ON webhook (n) WHERE read_at IS NULL;

CREATE TABLE bell (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    rung INTEGER NOT NULL
);
INSERT INTO bell VALUES (1, 0);

-- Full text. The tables that hold the words are those above; these hold only the index.
CREATE VIRTUAL TABLE message_text USING fts5 (
    body, content = 'message', content_rowid = 'id', columnsize = 0,
    tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
CREATE TRIGGER message_text_in AFTER INSERT ON message WHEN new.body <> '' BEGIN
    INSERT INTO message_text (rowid, body) VALUES (new.id, new.body);
END;
CREATE TRIGGER message_text_out AFTER DELETE ON message WHEN old.body <> '' BEGIN
    INSERT INTO message_text (message_text, rowid, body) VALUES ('delete', old.id, old.body);
END;
CREATE TRIGGER message_text_on AFTER UPDATE OF body ON message WHEN old.body <> new.body BEGIN
    INSERT INTO message_text (message_text, rowid, body) SELECT 'delete', old.id, old.body WHERE old.body <> '';
    INSERT INTO message_text (rowid, body) SELECT new.id, new.body WHERE new.body <> '';
END;

CREATE VIRTUAL TABLE conversation_text USING fts5 (
    subject, customer_name, customer_email, counterpart, content = 'conversation', content_rowid = 'id',
    columnsize = 0, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
CREATE TRIGGER conversation_text_in AFTER INSERT ON conversation BEGIN
    INSERT INTO conversation_text (rowid, subject, customer_name, customer_email, counterpart)
    VALUES (new.id, new.subject, new.customer_name, new.customer_email, new.counterpart);
END;
CREATE TRIGGER conversation_text_out AFTER DELETE ON conversation BEGIN
    INSERT INTO conversation_text (conversation_text, rowid, subject, customer_name, customer_email, counterpart)
    VALUES ('delete', old.id, old.subject, old.customer_name, old.customer_email, old.counterpart);
END;
CREATE TRIGGER conversation_text_on AFTER UPDATE OF subject, customer_name, customer_email, counterpart
ON conversation WHEN old.subject IS NOT new.subject OR old.customer_name IS NOT new.customer_name
    OR old.customer_email IS NOT new.customer_email OR old.counterpart IS NOT new.counterpart
BEGIN
    INSERT INTO conversation_text (conversation_text, rowid, subject, customer_name, customer_email, counterpart)
    VALUES ('delete', old.id, old.subject, old.customer_name, old.customer_email, old.counterpart);
    INSERT INTO conversation_text (rowid, subject, customer_name, customer_email, counterpart)
    VALUES (new.id, new.subject, new.customer_name, new.customer_email, new.counterpart);
END;

PRAGMA user_version = 1;
