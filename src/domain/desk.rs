//! What an agent asks of the store, and what comes back: lists, commits, local changes.

use serde::{Deserialize, Serialize};

use super::{
    Action, ChannelKind, ChannelName, ConversationId, DraftKind, Message, MessageId, RowNumber, RowState,
    Status, Time, outbox::LocalChange, query::Query,
};

/// How a list is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Newest activity first.
    Updated,
    /// Earliest real consequence first, then the oldest unanswered; those that cannot be answered last.
    Due,
    /// Oldest unanswered customer message first.
    Waiting,
}

/// Which conversations, for whom, in which order.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// What matches.
    pub query: Query,
    /// The Unix account that asks: `is:mine`, unread counts, drafts.
    pub me: String,
    /// The order.
    pub sort: Sort,
    /// At most so many.
    pub limit: usize,
    /// Continue after this conversation of the same list (keyset paging); `None`: from the top.
    pub after: Option<ConversationId>,
    /// From which end.
    pub way: Way,
    /// For ages, windows and gates.
    pub now: Time,
}

/// How a page of a list is come by. Its rows stand in the order of the list in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// From the top down.
    #[default]
    Down,
    /// From the end up: the rows before `after`, or the last ones.
    Up,
    /// From the top down while a search is being typed: of a common word its newest hits are enough.
    Typed,
}

/// How many conversations a view holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Conversations.
    pub total: usize,
    /// Of them, deadline at risk.
    pub at_risk: usize,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// Why an agent's wish was not carried out. Nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// There is no such conversation or row.
    Unknown,
    /// Something arrived that its author had not seen; the conversation as it is now.
    Changed {
        /// What arrived, newest last.
        arrived: Vec<Message>,
        /// The `rev` now.
        rev: i64,
    },
    /// The row is past the state in which that can be done (it is being sent, it is gone).
    TooLate(Option<RowState>),
    /// Not possible in this state, in a sentence.
    NotNow(String),
}

/// What an author had seen, where an action is held against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// `rev` as it was drawn (`--seen`): any change since refuses.
    pub rev: Option<i64>,
    /// The newest message drawn on this agent's screen: anything inbound, or of a colleague, after it refuses.
    pub message: Option<MessageId>,
}

/// Something to commit into the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// The conversation; `None` for a create.
    pub conversation: Option<ConversationId>,
    /// By which account (for a create; else the conversation's).
    pub channel: ChannelName,
    /// Whether that channel is of this kind (for a create's local conversation).
    pub kind: ChannelKind,
    /// The rows, one vendor message or action each, in order; each waits for the one before.
    pub actions: Vec<Action>,
    /// The end of the undo window; `None`: due at once.
    pub held_until: Option<Time>,
    /// Send later.
    pub later: Option<Time>,
    /// The Unix account.
    pub author: String,
    /// How its name is shown.
    pub author_name: Option<String>,
    /// What its author had seen.
    pub seen: Seen,
    /// The status that the conversation takes with it here and at once (`pending` after a reply; `None` keeps it).
    pub status: Option<Status>,
    /// The draft that ends with it, in the same transaction.
    pub ends_draft: Option<(Option<ConversationId>, DraftKind)>,
    /// One send-id per action, unique for ever.
    pub send_ids: Vec<String>,
}

/// What was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// Its conversation (a create has a local one from the start).
    pub conversation: ConversationId,
    /// The rows.
    pub rows: Vec<RowNumber>,
    /// Their messages in the thread, for those that carry one.
    pub messages: Vec<Option<MessageId>>,
}

/// What an erasure took, or would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Conversations of the customer in that channel.
    pub conversations: usize,
    /// Their messages and notes.
    pub messages: usize,
    /// Files that nobody else's message shares.
    pub files: usize,
    /// Drafts of all agents.
    pub drafts: usize,
    /// Rows of the outbox that had not been sent.
    pub unsent: usize,
}

/// What a local change did, for the footer and for undo.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// What to apply to have it back; empty where nothing changed.
    pub inverse: Vec<LocalChange>,
    /// Rows for the vendor that came with it (`Status`, `Read`, `Unread`), held until the given time.
    pub rows: Vec<RowNumber>,
}
