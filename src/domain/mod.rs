//! The field's nouns and rules: conversations, messages, gates, statuses, the outbox, the query language, safe text.
//!
//! Pure: no IO, no clock, no randomness. Everything here speaks UTC; zones are applied where text is drawn.

pub mod attachment;
pub mod capability;
pub mod change;
pub mod channel;
pub mod clock;
pub mod conversation;
pub mod desk;
pub mod draft;
pub mod gate;
pub mod ids;
pub mod lang;
pub mod lifecycle;
pub mod message;
pub mod outbox;
pub mod presence;
pub mod preview;
pub mod promise;
pub mod query;
pub mod report;
pub mod text;
pub mod time;
pub mod when;

pub use attachment::{Attachment, AttachmentState};
pub use capability::{Capabilities, Reach};
pub use channel::{ChannelHealth, ChannelKind, ChannelName, Descriptor};
pub use conversation::{Conversation, Counterpart, Customer, Priority, Product, Status, Turn};
pub use draft::{Draft, DraftHeld, DraftKind, DraftSave, DraftWindow};
pub use gate::{Gate, GateEvidence};
pub use ids::{ConversationId, MessageId, RowNumber};
pub use lang::Lang;
pub use message::{Author, Delivery, Direction, Message, MessageKind, Role};
pub use outbox::{Action, OutboxRow, Outgoing, RowState};
pub use promise::Promise;
pub use time::Time;

/// A JSON object whose keys keep their order: vendor facts that are shown, never interpreted.
pub type Facts = serde_json::Map<String, serde_json::Value>;
