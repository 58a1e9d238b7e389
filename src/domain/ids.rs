//! Numbers that name things. Each is a type of its own, so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// The short number of a conversation, as the list shows it. Never changes, never reused.
    ConversationId
);
number!(
    /// The number of a message in this store. Never changes, never reused.
    MessageId
);
number!(
    /// The number of an outbox row. Never reused.
    RowNumber
);
