//! To be written.

use super::registry::Kind;

/// The kind `thg`.
pub const KIND: Kind = Kind {
    name: "thg",
    describe: |_| unreachable!(),
    build: |_, _| Err(super::ChannelError::ours("to be written")),
};
