//! To be written.

use super::registry::Kind;

/// The kind `dsco`.
pub const KIND: Kind = Kind {
    name: "dsco",
    describe: |_| unreachable!(),
    build: |_, _| Err(super::ChannelError::ours("to be written")),
};
