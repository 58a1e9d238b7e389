-- What few conversations have is found by an index of those: a list of them does not look through the mailbox.
CREATE INDEX conversation_priority ON conversation (priority) WHERE priority IS NOT NULL;
CREATE INDEX conversation_assignee ON conversation (assignee) WHERE assignee IS NOT NULL;
CREATE INDEX conversation_status ON conversation (status) WHERE status NOT IN ('resolved', 'closed');
CREATE INDEX conversation_gate ON conversation (gate) WHERE gate NOT IN ('read_only', 'unknown');
CREATE INDEX conversation_thanked ON conversation (id) WHERE thanked;
CREATE INDEX cursor_unread ON cursor (agent, conversation) WHERE unread > 0;

PRAGMA user_version = 7;
