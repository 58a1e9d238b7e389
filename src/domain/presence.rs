//! Who else has a conversation open, or writes in it.

use super::{DraftKind, Time};

/// Another window in a conversation: a colleague's, or one of the same agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// The Unix account.
    pub agent: String,
    /// The window's terminal, as a person knows it: `pts/4`.
    pub place: String,
    /// Since when it has the conversation open; `None`: it only writes there.
    pub since: Option<Time>,
    /// What is being written there.
    pub writing: Option<DraftKind>,
}
