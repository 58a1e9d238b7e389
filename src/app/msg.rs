//! What the program is told and what it asks for: plain values, no closures, so that every test can look inside.
//!
//! The loop in `terminal` does this and nothing else:
//! 1. waits for one message, stamps the time, calls [`Model::update`](super::Model::update), performs the effects;
//! 2. takes whatever else is waiting, in the same way;
//! 3. when nothing waits and [`Model::take_dirty`](super::Model::take_dirty) says so, draws once and then calls
//!    [`Model::drawn`](super::Model::drawn): what has been *seen* is decided by what was drawn, never by what is stored.
//!
//! Wishes are performed one after the other, in the order in which they were made: a draft that is saved must not
//! overtake the commit that ends it. Loads may be answered in any order.
//!
//! Every load, wish and timer carries a [`Ticket`]; an answer goes back under the ticket of its question. Only the newest
//! ticket of a question counts, so late answers are harmless and nothing ever needs to be cancelled.

use std::{path::PathBuf, sync::Arc};

use crossterm::event::KeyEvent;

use super::{actions::Act, preview::PreviewBody};
use crate::domain::{
    Action, ChannelHealth, ChannelName, Conversation, ConversationId, Draft, DraftHeld, DraftKind, Lang,
    Message, MessageId, OutboxRow, RowNumber, Time,
    attachment::StoredFile,
    desk::{Changed, Commit, Committed, Count, Refusal, Seen, Sort, Way},
    outbox::{Event, LocalChange},
    presence::Present,
    report::{By, Report},
};

/// The number of a question. Counts up, never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// At the keyboard.
    Input(Input),
    /// The store answered an [`Effect::Load`].
    Loaded(Ticket, Loaded),
    /// The store answered an [`Effect::Perform`].
    Done(Ticket, Outcome),
    /// The time of an [`Effect::StartTimer`] has come.
    TimerFired(Ticket),
    /// Anybody committed anything (the doorbell). Bursts may be given as one.
    StoreChanged,
    /// The answer to [`Effect::OpenEditor`]: the text as it was left, or why there is none.
    Edited(Ticket, Result<String, String>),
    /// The answer to [`Effect::CompletePath`]: paths that begin so, folders with a `/` at the end, sorted.
    PathCompletions(Ticket, Vec<String>),
    /// How a [`Effect::Copy`], [`Effect::OpenFile`] or [`Effect::SaveAttachment`] went, in a sentence for the footer.
    Said(Ticket, String),
    /// The process was told something by the system.
    Signal(Signal),
    /// Who runs the engine.
    Engine(EngineState),
    /// Whether the line to the terminal is so slow that each byte is felt.
    SlowLine(bool),
}

/// A key as the tty gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// The key. Never a release; never with Alt made of `ESC x`.
    pub key: KeyEvent,
    /// It came in one read right after an Esc (`ESC x`): outside composer and review bar it may move, never act.
    pub after_escape: bool,
}

/// From the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// One key.
    Key(Stroke),
    /// Several keys that came in one read. Whether that is a paste is decided here, by where the focus is.
    Burst(Vec<Stroke>),
    /// A bracketed paste, whole.
    Paste(String),
    /// A click or the wheel, where the mouse is ours.
    Point(Pointer),
    /// An action by its name: from plain lines, where there are no keys.
    Act(Act),
    /// Columns and rows.
    Resize(u16, u16),
    /// The terminal's window has the focus, or not.
    Focus(bool),
}

/// What the mouse did; columns and rows from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// The left button went down.
    Click {
        /// Where.
        column: u16,
        /// Where.
        row: u16,
    },
    /// The left button went down on the tab of a view.
    Tab(usize),
    /// The wheel turned by a notch.
    Wheel {
        /// Where.
        column: u16,
        /// Towards the end.
        down: bool,
    },
}

/// What is started in this window's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The demo.
    Demo,
    /// The tutor in it.
    Tutor,
}

/// From the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, SIGINT: save and go.
    Terminate,
    /// SIGHUP, EOF, EIO: save and go, the terminal is gone.
    Hangup,
    /// Back from a suspend.
    Continue,
}

/// Who moves messages between the store and the vendors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EngineState {
    /// Not known yet.
    #[default]
    Unknown,
    /// This process.
    Here,
    /// Somebody else (`deskline@desk1`).
    Elsewhere(String),
    /// Nobody, since then.
    Nobody {
        /// Since when nothing comes or goes.
        since: Time,
    },
}

/// What is to be done about it. Performing an effect never blocks the loop.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the store; answer with [`Msg::Loaded`].
    Load(Ticket, Request),
    /// Change something; answer with [`Msg::Done`].
    Perform(Ticket, Wish),
    /// Answer with [`Msg::TimerFired`] at `at`.
    StartTimer {
        /// Its number.
        ticket: Ticket,
        /// When.
        at: Time,
    },
    /// Put text on the clipboard; answer with [`Msg::Said`].
    Copy(Ticket, String),
    /// Open an attachment with the configured opener; answer with [`Msg::Said`].
    OpenFile(Ticket, MessageId, u32),
    /// Open an address with the configured opener; answer with [`Msg::Said`].
    OpenLink(Ticket, String),
    /// Save an attachment under a safe name, never over another file; answer with [`Msg::Said`].
    SaveAttachment {
        /// For the answer.
        ticket: Ticket,
        /// Whose.
        message: MessageId,
        /// Its number within the message.
        n: u32,
        /// Where to, `None`: the folder for downloads.
        to: Option<PathBuf>,
    },
    /// Give a text to `$EDITOR`, with the cursor on this line (from 0); answer with [`Msg::Edited`].
    OpenEditor(Ticket, String, usize),
    /// Give a text to a program's standard input, without a shell; answer with [`Msg::Edited`]: what it printed.
    FilterText(Ticket, Vec<String>, String),
    /// Complete a path; answer with [`Msg::PathCompletions`].
    CompletePath(Ticket, String),
    /// Write an example of a configuration there, never over another file; answer with [`Msg::Said`].
    WriteExample(Ticket, PathBuf),
    /// Leave, and start this.
    Start(Start),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// One BEL (the terminal sees to "at most one a minute").
    Bell,
    /// Restore the terminal and stop the process (Ctrl-z).
    Suspend,
    /// Say what drawing has cost (`:stats`); answer with [`Msg::Said`].
    Stats(Ticket),
    /// Forget what is on the screen and draw all of it again (Ctrl-l).
    Repaint,
    /// Leave, after the performed wishes have been answered (at most two seconds).
    Quit,
}

/// A question to the store, as `store::Reading` has it; `me` and `now` are the performer's.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A page of a list.
    List(ListWish),
    /// How many conversations each query matches, in this order.
    Counts(Vec<String>),
    /// One conversation.
    Conversation(ConversationId),
    /// Its newest messages.
    Thread {
        /// Whose.
        id: ConversationId,
        /// Only those before this one.
        before: Option<MessageId>,
        /// At most so many.
        limit: usize,
    },
    /// What happened in it.
    History(ConversationId),
    /// The outbox, or a conversation's part of it.
    Outbox(Option<ConversationId>),
    /// Other windows in a conversation.
    Present(ConversationId),
    /// My draft.
    Draft {
        /// Where; `None`: the new conversation's.
        of: Option<ConversationId>,
        /// For whom.
        kind: DraftKind,
    },
    /// Texts of my draft that gave way to others.
    Versions {
        /// Where; `None`: the new conversation's.
        of: Option<ConversationId>,
        /// For whom.
        kind: DraftKind,
    },
    /// All my drafts.
    Drafts,
    /// The figures of the last days.
    Report {
        /// How many days.
        days: i64,
        /// What the lines are by.
        by: By,
    },
    /// What of a file can be shown.
    Preview {
        /// Whose.
        message: MessageId,
        /// Its number.
        n: u32,
        /// What cannot be shown is said in it.
        lang: Lang,
    },
    /// How the channels are.
    Health,
    /// What my last window showed.
    Session,
    /// Who can be assigned.
    Members,
    /// Canned replies for a channel, read from their files now.
    Canned(ChannelName),
    /// Where the words of a query stand in these conversations.
    Hits(String, Vec<ConversationId>),
    /// Which conversations these numbers belong to.
    Owners(Vec<String>),
}

/// A page of a list, as `ListRequest` asks for it; the query is text here because an agent types it, and is read by the
/// performer. One that cannot be read is answered with [`Loaded::Failed`] and the parser's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListWish {
    /// In the query language.
    pub query: String,
    /// The order.
    pub sort: Sort,
    /// At most so many.
    pub limit: usize,
    /// Continue after this conversation of the same list.
    pub after: Option<ConversationId>,
    /// From which end.
    pub way: Way,
}

/// The store's answer to a [`Request`].
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// A page.
    List(Vec<Conversation>),
    /// In the order of the queries.
    Counts(Vec<Count>),
    /// The conversation, while there is one.
    Conversation(Option<Box<Conversation>>),
    /// Oldest first.
    Thread(Vec<Message>),
    /// Oldest first.
    History(Vec<Event>),
    /// Oldest first.
    Outbox(Vec<OutboxRow>),
    /// Those that write first.
    Present(Vec<Present>),
    /// Newest first.
    Versions(Vec<Draft>),
    /// The draft, if there is one.
    Draft(Option<Draft>),
    /// My draft, which another window of mine has open.
    DraftHeld(Option<Draft>, DraftHeld),
    /// Newest first.
    Drafts(Vec<Draft>),
    /// The figures.
    Report(Arc<Report>),
    /// What of a file can be shown.
    Preview(PreviewBody),
    /// One for each channel.
    Health(Vec<ChannelHealth>),
    /// As [`Wish::SaveSession`] left it.
    Session(Option<serde_json::Value>),
    /// Unix accounts.
    Members(Vec<String>),
    /// What the folders hold.
    Canned(Box<super::canned::Shelf>),
    /// The words around the newest hit in each.
    Hits(Vec<(ConversationId, String)>),
    /// Each number with the conversations whose order it is.
    Owners(Vec<(String, Conversation)>),
    /// The store (or the query's parser) could not: a sentence.
    Failed(String),
}

/// A change to the store, as `store::Desk` has it; `me` and `now` are the performer's.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Commit rows. `send_ids` is empty: the performer gives each action one, because chance comes in through the door.
    Commit(Box<Commit>),
    /// A local change with the rows that the vendor's side of it needs (the performer names their sends).
    Change {
        /// Where.
        id: ConversationId,
        /// What.
        change: LocalChange,
        /// For the vendor.
        vendor: Vec<Action>,
        /// Until when those are held.
        held_until: Option<Time>,
        /// What its author had seen.
        seen: Seen,
    },
    /// A row's text becomes my draft again.
    TakeBack(RowNumber),
    /// Send a row now.
    Retry(RowNumber),
    /// It is there, I looked.
    MarkSent(RowNumber),
    /// The agent was wrong about that.
    UnmarkSent(RowNumber),
    /// Drop a row.
    Discard(RowNumber),
    /// Save (or, when empty, remove) a draft. Never waits for a batch: it is what a power cut would take.
    SaveDraft(Box<Draft>),
    /// The same for what was typed before the stored draft was read: it goes into that one.
    AddToDraft(Box<Draft>),
    /// Take the draft from the other window that has it; this one's text is kept as a version.
    TakeDraft(Box<Draft>),
    /// This window has closed the composer of a draft.
    CloseDraft {
        /// Where; `None`: the new conversation's.
        of: Option<ConversationId>,
        /// For whom.
        kind: DraftKind,
    },
    /// Copy a file into the store.
    AddFile {
        /// As the agent typed it; `~` is the home folder.
        path: String,
        /// The channel's limit.
        max_bytes: u64,
    },
    /// A canned reply was inserted.
    CountCanned {
        /// Where.
        channel: ChannelName,
        /// Its name.
        name: String,
        /// Its language; empty: every.
        lang: String,
    },
    /// Which conversation this window has open.
    Present(Option<ConversationId>),
    /// What this window shows.
    SaveSession(serde_json::Value),
    /// So long was a conversation worked on.
    Handled {
        /// Which.
        id: ConversationId,
        /// Milliseconds.
        ms: i64,
    },
    /// Wake the engine.
    Ring,
}

/// The store's answer to a [`Wish`].
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// To a commit.
    Committed(Committed),
    /// To a change.
    Changed(Changed),
    /// To a take-back.
    TakenBack(Option<Box<Draft>>),
    /// To a draft that was taken from another window.
    DraftTaken(Option<Box<Draft>>),
    /// To a draft that is another window's: what was to be saved is kept as a version.
    DraftHeld(DraftHeld),
    /// To a file.
    File(StoredFile),
    /// To everything else.
    Done,
    /// Not carried out; nothing was changed.
    Refused(Refusal),
    /// The store failed: a sentence with what was kept.
    Failed(String),
}
