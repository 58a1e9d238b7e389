//! What the table of a whatsapp account takes beside the common keys.

use crate::config::{
    KeyKind::{Choice, Digits, Flag, List, PublicUrl, Secret, Templates, Text, Url, WebPath},
    KeySchema as Key, KindSchema,
};

/// WhatsApp Business.
pub const SCHEMA: KindSchema = KindSchema {
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
            "webhook_url",
            PublicUrl,
            "on-premises: the public address of webhook_path. Where it is set, `deskline sync` gives it to the vendor \
             (PATCH /v1/settings/application), with callback_persist and sent_status on; else that is left as it is.",
        ),
        Key::new(
            "webhook_rewritten",
            Flag,
            "cloud: a proxy in front writes bodies anew; a signature that does not fit the bytes is tried over them \
             as Meta had written them.",
        )
        .or("false"),
        Key::new(
            "typing",
            Flag,
            "cloud: a read mark says \"typing\" too while an agent writes in that conversation.",
        )
        .or("false"),
        Key::new(
            "media_hosts",
            List,
            "Hosts beside that of `url` which may be asked for media with the token.",
        )
        .or("*.fbsbx.com,*.whatsapp.net,*.fbcdn.net"),
        Key::new("templates", Templates, "A TOML file of [[template]]: name, language, parameters, text."),
        Key::new("template_namespace", Text, "on-premises before 2.41.2: the templates' namespace."),
    ],
    example: "",
};
