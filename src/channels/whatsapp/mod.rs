//! To be written.

use super::registry::Kind;

/// The kind `whatsapp`.
pub const KIND: Kind = Kind {
    name: "whatsapp",
    describe: |_| unreachable!(),
    build: |_, _| Err(super::ChannelError::ours("to be written")),
};
