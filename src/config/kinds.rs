//! What each kind of channel takes beside the common keys. A fifth vendor is one line in [`KINDS`].

use super::schema::{
    KeyKind::{Choice, Digits, Flag, List, Moment, Secret, Size, Templates, Text, Url, WebPath},
    KeySchema as Key, KindSchema,
};

/// Every kind of channel.
pub const KINDS: &[KindSchema] = &[THG, DSCO, SKYHUB, WHATSAPP];

/// THG Horizon customer services.
pub const THG: KindSchema = KindSchema {
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
};

/// Rithum Dsco customer care.
pub const DSCO: KindSchema = KindSchema {
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
};

/// SkyHub / Americanas SAC.
pub const SKYHUB: KindSchema = KindSchema {
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
};

/// WhatsApp Business.
pub const WHATSAPP: KindSchema = KindSchema {
    kind: "whatsapp",
    short: "WAPP",
    undo_window: "3s",
    webhook: true,
    keys: &[
        Key::new("api", Choice(&["cloud", "on-premises"]), "Which of the two APIs.").or("cloud"),
        Key::new("url", Url, "cloud: with the version (/v24.0); on-premises: the host's root, without /v1.")
            .required(),
        Key::new("phone_number_id", Digits, "cloud: the number's id.").when("api", "cloud"),
        Key::new("access_token", Secret, "cloud: the token that sends.").when("api", "cloud"),
        Key::new("app_secret", Secret, "cloud: checks X-Hub-Signature-256.").when("api", "cloud"),
        Key::new("verify_token", Secret, "cloud: answers hub.challenge.").when("api", "cloud"),
        Key::new("username", Text, "on-premises: the login.").when("api", "on-premises"),
        Key::new("password", Secret, "on-premises: its password.").when("api", "on-premises"),
        Key::new(
            "webhook_path",
            WebPath,
            "Where the vendor calls us; on-premises signs nothing, so there it must be said, and secret.",
        )
        .or("/webhook/whatsapp")
        .when("api", "on-premises"),
        Key::new(
            "media_hosts",
            List,
            "Hosts beside that of `url` which may be asked for media with the token.",
        )
        .or("*.fbsbx.com,*.whatsapp.net,*.fbcdn.net"),
        Key::new("templates", Templates, "A TOML file of [[template]]: name, language, parameters, text."),
        Key::new("template_namespace", Text, "on-premises before 2.41.2: the templates' namespace."),
    ],
};
