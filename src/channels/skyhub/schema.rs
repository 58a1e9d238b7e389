//! What the table of a skyhub account takes beside the common keys.

use crate::config::{
    KeyKind::{Digits, Secret, Text, Url},
    KeySchema as Key, KindSchema,
};

/// SkyHub / Americanas SAC.
pub const SCHEMA: KindSchema = KindSchema {
    kind: "skyhub",
    short: "SKYH",
    undo_window: "10s",
    webhook: false,
    keys: &[
        Key::new("url", Url, "The host's root.").required(),
        Key::new("user_email", Text, "The X-User-Email of the account.").required(),
        Key::new("api_key", Secret, "The X-Api-Key of the account.").required(),
        Key::new("account_manager_key", Secret, "The X-Accountmanager-Key of the platform.").required(),
        Key::new("identity_id", Digits, "The seller's CNPJ, digits.").required(),
    ],
    example: "",
};
