//! Our sends: the checks that both APIs make, the window, the limits, and what follows an accepted one.

use chrono::TimeDelta;
use serde_json::Value;

use super::{Api, Business, CATALOG, CATALOG_ITEMS, Sent, TEMPLATES, Written, words};
use crate::simulator::{
    agenda::Event,
    faults::What,
    points::{UnknownContext, WindowError},
    wire::{Turn, text_of},
};

/// Why a send is refused: Cloud's code, On-Premises' code, details, whether no sound client would have sent it.
pub(super) struct Refusal(pub i64, pub i64, pub String, pub bool);

fn ours(text: impl Into<String>) -> Refusal {
    Refusal(100, 1008, text.into(), true)
}

impl Business {
    /// Checks and accepts a send. Returns the input, the `wa_id` and the message's id.
    pub(super) fn send(
        &mut self,
        api: Api,
        body: &Value,
        turn: &mut Turn<'_>,
    ) -> Result<(String, String, String), Refusal> {
        let (input, to) = self.recipient(api, body, turn)?;
        if !matches!(text_of(body, "recipient_type"), None | Some("individual" | "group")) {
            return Err(ours("recipient_type is individual or group"));
        }
        let kind = text_of(body, "type").unwrap_or("text").to_owned();
        let Some(content) = body.get(&kind).filter(|content| content.is_object()) else {
            return Err(ours(format!("{kind} is required")));
        };
        let attachment = self.check(api, &kind, content)?;
        let callback = text_of(body, "biz_opaque_callback_data").map(str::to_owned);
        if callback.as_ref().is_some_and(|callback| callback.chars().count() > 512) {
            return Err(ours("biz_opaque_callback_data has at most 512 characters"));
        }
        let quoted = body.pointer("/context/message_id").and_then(Value::as_str);
        let number = self.number(api);
        if let Some(quoted) = quoted {
            let known = number.sent.contains_key(quoted)
                || number.received.iter().any(|(id, person, _)| id == quoted && *person == to);
            if api == Api::OnPremises && turn.switches.onprem_refuse_context {
                return Err(Refusal(131_009, 1009, "context is not supported".into(), true));
            }
            if !known && turn.switches.whatsapp_context_unknown == UnknownContext::Refuse {
                return Err(Refusal(131_009, 1009, "context.message_id is unknown".into(), false));
            }
        }
        if turn.quirk(&What::RateLimited)
            || (turn.switches.rate_limits
                && !number.bucket.admit(turn.now, turn.switches.whatsapp_per_second))
        {
            turn.book.limit(api.vendor());
            return Err(Refusal(
                130_429,
                429,
                "Cloud API message throughput has been reached.".into(),
                false,
            ));
        }
        let now = turn.now;
        let person = number.people.entry(to.clone()).or_default();
        if api == Api::OnPremises && turn.switches.onprem_contact_check && !person.checked {
            return Err(Refusal(131_026, 1006, "unknown contact".into(), false));
        }
        // One message every six seconds, of which forty-five may be borrowed.
        let burst = turn.switches.whatsapp_pair_burst;
        person.quota.retain(|at| now - *at < TimeDelta::seconds(6 * i64::from(burst)));
        if turn.switches.rate_limits && person.quota.len() >= burst as usize {
            turn.book.limit(api.vendor());
            return Err(Refusal(131_056, 1015, "Too many messages to the same recipient.".into(), false));
        }
        person.quota.push(now);
        let open = person.last_inbound.is_some_and(|last| now < last + TimeDelta::hours(24));
        let mut error = turn.quirks.iter().find_map(|quirk| match quirk {
            What::FailLater { code } => Some(*code),
            _ => None,
        });
        if !open && kind != "template" {
            if turn.switches.whatsapp_window_error == WindowError::Sync {
                let text = "More than 24 hours have passed since the recipient last replied.";
                return Err(Refusal(131_047, 470, text.into(), false));
            }
            error = Some(if api == Api::Cloud { 131_047 } else { 470 });
        }
        let id = api.id(turn.rng);
        let receipts = person.receipts;
        let sent = Sent {
            to: to.clone(),
            kind: kind.clone(),
            callback: callback.clone(),
            error,
            skip_delivered: turn.quirk(&What::SkipDelivered),
            history: vec![("accepted", now)],
            history_id: format!("{}", turn.rng.u64(1_000_000_000_000_000..9_999_999_999_999_999)),
        };
        number.sent.insert(id.clone(), sent);
        let text = words(&kind, body);
        Self::write_down(
            api,
            Written {
                person: &to,
                id: &id,
                ours: true,
                text,
                kind: &kind,
                at: now,
                attachment,
                reference: callback,
            },
            turn,
        );
        self.follow(api, &id, error.is_some(), receipts, turn);
        if turn.agenda.live && error.is_none() && kind != "reaction" {
            let wait = TimeDelta::milliseconds(turn.rng.i64(5_000..15_000));
            let vendor = api.vendor();
            turn.agenda.push(now + wait, Event::Answer { vendor, conversation: to.clone() });
        }
        Ok((input, to, id))
    }

    /// Whom a send goes to: as given, and as the customer is known. `to` goes before `recipient`.
    fn recipient(&mut self, api: Api, body: &Value, turn: &Turn<'_>) -> Result<(String, String), Refusal> {
        match (text_of(body, "to"), text_of(body, "recipient")) {
            (Some(input), _) => {
                let to: String = input.chars().filter(char::is_ascii_digit).collect();
                if to.len() < 8 || input.trim_start_matches('+') != to {
                    return Err(ours(format!("to {input:?} is no phone number")));
                }
                Ok((input.into(), to))
            }
            (None, Some(user)) if api == Api::Cloud => {
                if !self.cloud.people.contains_key(user) || !turn.switches.whatsapp_user_id_sends {
                    let text =
                        "Business-scoped User ID (BSUID) recipients are not supported for this message.";
                    return Err(Refusal(131_062, 1013, text.into(), false));
                }
                Ok((user.into(), user.into()))
            }
            _ => Err(ours("to is required")),
        }
    }

    /// The statuses that follow an accepted send.
    fn follow(&mut self, api: Api, id: &str, fails: bool, receipts: bool, turn: &mut Turn<'_>) {
        let on_premises = api == Api::OnPremises;
        let shift = if turn.quirk(&What::EarlyStatus) { -turn.switches.whatsapp_sent_ms } else { 0 };
        let push = |ms: i64, status: &'static str, turn: &mut Turn<'_>| {
            let at = turn.now + TimeDelta::milliseconds(ms + shift);
            turn.agenda.push(at, Event::Status { on_premises, id: id.into(), status });
        };
        if fails {
            push(turn.switches.whatsapp_sent_ms, "failed", turn);
            return;
        }
        let number = self.number(api);
        if !on_premises || number.sent_status || turn.switches.onprem_sent_status {
            push(turn.switches.whatsapp_sent_ms, "sent", turn);
        }
        if number.sent.get(id).is_some_and(|sent| sent.kind == "reaction") {
            return;
        }
        let switches = turn.switches;
        let (mut delivered, mut read) = (switches.whatsapp_delivered_ms, switches.whatsapp_read_ms);
        if switches.whatsapp_read_before_delivered {
            std::mem::swap(&mut delivered, &mut read);
        }
        push(delivered, "delivered", turn);
        if receipts {
            push(read, "read", turn);
        }
        if switches.whatsapp_fails_after_delivered {
            push(delivered.max(read) + 100, "failed", turn);
        }
    }

    /// Checks the content of a send; returns the media that it names.
    fn check(&mut self, api: Api, kind: &str, content: &Value) -> Result<Option<String>, Refusal> {
        match kind {
            "text" => match text_of(content, "body").map(|text| text.chars().count()) {
                None | Some(0) => Err(ours("text.body is required")),
                Some(length) if length > 4096 => {
                    Err(Refusal(100, 1001, "text.body must be at most 4096 characters long".into(), true))
                }
                Some(_) => Ok(None),
            },
            "image" | "video" | "audio" | "document" | "sticker" => self.check_media(api, kind, content),
            "reaction" if text_of(content, "message_id").is_some() => Ok(None),
            "location" if content.get("latitude").is_some() && content.get("longitude").is_some() => Ok(None),
            "contacts" => Ok(None),
            "template" => check_template(content).map(|()| None),
            "interactive" => check_interactive(content).map(|()| None),
            _ => Err(ours(format!("type {kind} is unknown or lacks a field"))),
        }
    }

    fn check_media(&mut self, api: Api, kind: &str, content: &Value) -> Result<Option<String>, Refusal> {
        if let Some(caption) = content.get("caption") {
            let length = caption.as_str().map_or(0, |text| text.chars().count());
            if matches!(kind, "audio" | "sticker") {
                return Err(ours(format!("{kind} takes no caption")));
            }
            if length > 1024 {
                return Err(ours("caption has at most 1024 characters"));
            }
        }
        match (text_of(content, "id"), text_of(content, "link")) {
            (Some(_), Some(_)) | (None, None) => Err(ours("exactly one of id and link is required")),
            (None, Some(_)) => Ok(None),
            (Some(id), None) => {
                let Some(media) = self.number(api).media.get(id) else {
                    return Err(Refusal(131_053, 400, format!("media {id} does not exist"), true));
                };
                let right = super::media::kind_takes(api, kind, &media.mime, media.bytes.len());
                right.map_err(|why| Refusal(131_053, 400, why, true))?;
                Ok(Some(id.to_owned()))
            }
        }
    }
}

fn check_template(content: &Value) -> Result<(), Refusal> {
    let name = text_of(content, "name").ok_or_else(|| ours("template.name is required"))?;
    let language = content.pointer("/language/code").and_then(Value::as_str);
    let language = language.ok_or_else(|| ours("template.language.code is required"))?;
    let known = TEMPLATES.iter().find(|template| template.0 == name && template.1.contains(&language));
    let Some((_, _, wanted)) = known else {
        return Err(Refusal(
            132_001,
            2003,
            format!("Template name ({name}) does not exist in {language}"),
            false,
        ));
    };
    let components = content.get("components").and_then(Value::as_array).cloned().unwrap_or_default();
    let body = components.iter().find(|component| text_of(component, "type") == Some("body"));
    let given = body.and_then(|body| body.get("parameters")).and_then(Value::as_array).map_or(0, Vec::len);
    if given != *wanted {
        let text = format!(
            "body: number of localizable_params ({given}) does not match the expected number ({wanted})"
        );
        return Err(Refusal(132_000, 2000, text, false));
    }
    Ok(())
}

fn check_interactive(content: &Value) -> Result<(), Refusal> {
    let text = |pointer: &str| content.pointer(pointer).and_then(Value::as_str);
    let known = |item: Option<&str>| item.is_some_and(|item| CATALOG_ITEMS.contains(&item));
    match text("/type") {
        Some("product") => {
            if text("/action/catalog_id") != Some(CATALOG) || !known(text("/action/product_retailer_id")) {
                return Err(Refusal(131_009, 1009, "Products not found in the catalogue".into(), false));
            }
            Ok(())
        }
        Some("product_list") => {
            if text("/header/text").is_none() || text("/body/text").is_none() {
                return Err(ours("product_list needs header and body"));
            }
            let sections =
                content.pointer("/action/sections").and_then(Value::as_array).cloned().unwrap_or_default();
            let items: Vec<&Value> = sections
                .iter()
                .filter_map(|section| section.get("product_items").and_then(Value::as_array))
                .flatten()
                .collect();
            let long = sections
                .iter()
                .any(|section| text_of(section, "title").is_none_or(|title| title.chars().count() > 24));
            if sections.is_empty() || sections.len() > 10 || items.len() > 30 || long {
                return Err(ours(
                    "product_list: 1 to 10 sections, titles up to 24 characters, up to 30 items",
                ));
            }
            if !items.iter().any(|item| known(text_of(item, "product_retailer_id"))) {
                return Err(Refusal(131_009, 1009, "Products not found in the catalogue".into(), false));
            }
            Ok(())
        }
        Some("catalog_message" | "button" | "list" | "cta_url" | "location_request_message")
            if text("/body/text").is_some() =>
        {
            Ok(())
        }
        _ => Err(ours("interactive.type is unknown or lacks its body")),
    }
}
