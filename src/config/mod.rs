//! To be written.

/// A `[[channel]]` table (the real one replaces this).
pub struct ChannelConfig {}
