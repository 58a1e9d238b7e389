//! On-Premises: where the vendor is to call us (contract B1.8). Told only where `webhook_url` is configured: nobody's
//! production setting is changed unasked. Told once, and again when it has changed.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    client::{Load, WhatsApp},
    request,
};
use crate::{
    channels::{ChannelError, ErrorKind, Memory, Sink},
    domain::change::{Change, Page},
};

/// The channel's note of what the vendor was told.
pub const TOLD: &str = "settings.told";

/// The settings with our address: reports of everything, and kept until we have taken them.
fn wanted(public_url: &str) -> Value {
    json!({
        "webhooks": { "url": public_url, "message": { "sent": true, "delivered": true, "read": true } },
        "callback_persist": true,
        "sent_status": true,
    })
}

impl WhatsApp {
    /// Gives the vendor our address, where it does not have it from here yet.
    pub(super) async fn tell_address(
        &self,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        let Some(public_url) = &self.settings.hook.public_url else { return Ok(()) };
        let wanted = wanted(public_url);
        if memory.note(TOLD).await?.is_some_and(|told| told == wanted) {
            return Ok(());
        }
        let url = request::on_premises(&self.settings.url, &["settings", "application"]);
        sink.requested();
        let page = match self.succeed(Method::PATCH, &url, Load::Json(&wanted)).await {
            Ok(_) => Page { changes: Vec::new(), memory: vec![(TOLD.to_owned(), wanted)] },
            // Messages go all the same: it is said, and asked for again in the next sweep.
            Err(error) if error.kind == ErrorKind::Refused => {
                let text = format!("the webhook settings were refused: {}; check `webhook_url`", error.words);
                let told = Change::Account { text, at: self.now(), key: Some("settings".into()) };
                Page { changes: vec![told], memory: Vec::new() }
            }
            Err(error) => return Err(error),
        };
        sink.page(page).await
    }
}
