//! To be written.

use super::registry::Kind;

/// The kind `skyhub`.
pub const KIND: Kind = Kind {
    name: "skyhub",
    describe: |_| unreachable!(),
    build: |_, _| Err(super::ChannelError::ours("to be written")),
};
