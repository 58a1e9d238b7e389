//! What the table of a thg account takes beside the common keys.

use crate::config::{
    KeyKind::{Choice, Flag, List, Secret, Size, Text, Url},
    KeySchema as Key, KindSchema,
};

/// THG Horizon customer services.
pub const SCHEMA: KindSchema = KindSchema {
    kind: "thg",
    short: "THG",
    undo_window: "10s",
    webhook: false,
    keys: &[
        Key::new("url", Url, "The GraphQL endpoint itself.").required(),
        Key::new("api", Choice(&["app", "web"]), "app: token header; web: cookie.").or("app"),
        Key::new("site_url", Url, "The shop, where uploads go. Without it files cannot be attached."),
        Key::new("username", Text, "The login's e-mail.").required(),
        Key::new("password", Secret, "Its password.").required(),
        Key::new("max_upload", Size, "The largest file that is offered to the vendor.").or("5MiB"),
        Key::new("upload_types", List, "MIME types that are offered to the vendor.")
            .or("image/jpeg,image/png,image/gif,application/pdf"),
        Key::new(
            "send_auth_token",
            Flag,
            "Whether uploads carry the token as authToken too, as the prose says.",
        )
        .or("true"),
    ],
    example: "",
};
