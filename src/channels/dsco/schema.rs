//! What the table of a dsco account takes beside the common keys.

use crate::config::{
    KeyKind::{Choice, Moment, Secret, Text, Url},
    KeySchema as Key, KindSchema,
};

/// Rithum Dsco customer care.
pub const SCHEMA: KindSchema = KindSchema {
    kind: "dsco",
    short: "DSCO",
    undo_window: "10s",
    webhook: false,
    keys: &[
        Key::new("role", Choice(&["supplier", "retailer"]), "Which side we are.").required(),
        Key::new("url", Url, "With /api/v3.").required(),
        Key::new("client_id", Text, "The OAuth client.").required(),
        Key::new("client_secret", Secret, "Its secret.").required(),
        Key::new("start", Moment, "How far back the first scan goes. Default: 30 days."),
    ],
    example: "",
};
