//! What a simulator is started with, and the named switches behind every point that the vendors leave open.

use std::{net::SocketAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::points::{EndOfPages, ErrorBody, HeavyError, ReplyBody, UnknownContext, WindowError};
use super::thg;
use crate::domain::time::Clock;

/// How a simulator is started.
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The seed of everything that looks like chance.
    pub seed: u64,
    /// Generated conversations per vendor on top of the fixed cast.
    pub conversations: usize,
    /// The customers' language (`en`, `pt-BR`, `de`); `None` mixes them.
    pub lang: Option<String>,
    /// Whether customers write by themselves and answer replies.
    pub live: bool,
    /// Where the simulator's time comes from.
    pub clock: Arc<dyn Clock>,
    /// The vendors' open points.
    pub switches: Switches,
}

/// Every inferred point of the contracts as a switch; `Default` is what the contract proposes.
#[allow(clippy::struct_excessive_bools, reason = "each is an independent open question of a vendor")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// All vendors: the rate limits are in force. They are counted by the simulator's clock.
    pub rate_limits: bool,
    /// All vendors: how far their clock is ahead of ours, in milliseconds.
    pub vendor_clock_ms: i64,

    /// THG: `createDiscussion` returns the id of the discussion rather than of its first message.
    pub thg_create_returns_discussion: bool,
    /// THG: lists come in no particular order.
    pub thg_shuffle: bool,
    /// THG: `authToken` alone is enough as the token field of an upload.
    pub thg_auth_token_field: bool,
    /// THG: the largest `limit`.
    pub thg_max_limit: usize,
    /// THG: the longest message, in characters.
    pub thg_max_message: usize,
    /// THG: the largest upload, in bytes.
    pub thg_max_upload: usize,
    /// THG: how long an attachment token lives, in milliseconds.
    pub thg_attachment_ttl_ms: i64,
    /// THG: an attachment token works once.
    pub thg_attachment_once: bool,
    /// THG: how long a login lives, in milliseconds; 0 = for ever.
    pub thg_session_ttl_ms: i64,
    /// THG: texts come back with HTML entities (`DisplayString`).
    pub thg_html_entities: bool,
    /// THG: heaviest query.
    pub thg_max_weight: u64,
    /// THG: our own message sets `read` (default: unchanged).
    pub thg_query_marks_read: bool,
    /// THG: an answer sets `read` to false.
    pub thg_response_marks_unread: bool,
    /// THG: reading the list marks all as read.
    pub thg_list_marks_read: bool,
    /// THG: our own message sets OUTSTANDING.
    pub thg_query_reopens: bool,
    /// THG: a COMPLETED discussion takes further messages.
    pub thg_completed_takes_replies: bool,
    /// THG: HTTP status of an answer with `errors`.
    pub thg_error_status: u16,
    /// THG: the `limit` of a list that is asked for without one.
    pub thg_default_limit: usize,
    /// THG: a refused mutation answers `{"data":{field:null}}` rather than `{"data":null}`.
    pub thg_null_fields: bool,
    /// THG: what a mutation without a login is told.
    pub thg_unauthenticated_text: String,
    /// THG: the uploader's configuration without a login is an error rather than null.
    pub thg_config_refuses: bool,
    /// THG: what tells a query that was too heavy: `words`, `code` (in `extensions`), or its `weight` alone.
    pub thg_heavy_error: HeavyError,
    /// THG: calls a minute before the in-band rate limit; 0 = no limit.
    pub thg_per_minute: usize,
    /// THG: a rate limit says `Retry-After`, in seconds; 0 = it does not.
    pub thg_retry_after_s: u32,
    /// THG: an equal reply within so many seconds is answered with the id of the first; 0 = never.
    pub thg_dedupe_equal_reply_s: i64,
    /// THG: agents may begin discussions (`agent_answers` with an id that does not exist).
    pub thg_agents_start: bool,
    /// THG: after how many days without a change a discussion is not listed any more; 0 = never.
    pub thg_retention_days: i64,
    /// THG: what the uploader takes.
    pub thg_upload_types: Vec<String>,
    /// THG: `errorCode` of an upload with a wrong token, one too large, one of a wrong type, one that failed in the house.
    pub thg_upload_error_codes: [i64; 4],
    /// THG: HTTP status of an upload that was not taken.
    pub thg_upload_error_status: u16,
    /// THG: an upload with another form field than `uploadToken` and `attachment` is refused.
    pub thg_upload_strict_fields: bool,
    /// THG: an upload without the session's cookie or header is refused with 401.
    pub thg_upload_needs_login: bool,

    /// Dsco: a fresh conversation is `in_progress` (the seed) rather than `new`.
    pub dsco_created_in_progress: bool,
    /// Dsco: unknown attributes are refused.
    pub dsco_strict_attributes: bool,
    /// Dsco: the seed's malformed dates are read.
    pub dsco_lenient_dates: bool,
    /// Dsco: longest title in characters (the seed's own sample has 51).
    pub dsco_max_title: usize,
    /// Dsco: results per page.
    pub dsco_page_size: usize,
    /// Dsco: how long a scroll lives after its last page, in milliseconds.
    pub dsco_scroll_ttl_ms: i64,
    /// Dsco: how long a write stays invisible to searches, in milliseconds.
    pub dsco_visibility_ms: i64,
    /// Dsco: calls per second, credential and endpoint.
    pub dsco_per_second: usize,
    /// Dsco: a new message moves the conversation's `lastUpdate`.
    pub dsco_message_bumps_update: bool,
    /// Dsco: life of a token in seconds.
    pub dsco_token_s: i64,
    /// Dsco: a 429 says `Retry-After: 1`.
    pub dsco_retry_after: bool,
    /// Dsco: each page names another `scrollId`.
    pub dsco_scroll_changes: bool,
    /// Dsco: HTTP status of an expired `scrollId`.
    pub dsco_expired_scroll_status: u16,
    /// Dsco: `until` itself belongs to the window.
    pub dsco_until_inclusive: bool,
    /// Dsco: `createdSince` after `until` is refused (default: finds nothing).
    pub dsco_refuses_backward_window: bool,
    /// Dsco: a search without a criterion is refused.
    pub dsco_refuses_empty_query: bool,
    /// Dsco: `initialMessage` is a message with an id too.
    pub dsco_initial_is_message: bool,
    /// Dsco: message searches return the caller's own messages.
    pub dsco_lists_own: bool,
    /// Dsco: HTTP status of a message to a closed conversation.
    pub dsco_closed_status: u16,
    /// Dsco: the initiator's own second message makes `new` `in_progress`.
    pub dsco_follow_up_progresses: bool,
    /// Dsco: customer care needs an order as its context (the seed).
    pub dsco_care_needs_context: bool,
    /// Dsco: the partner's reference id is shown.
    pub dsco_shows_partner_reference: bool,
    /// Dsco: the rate is counted by token rather than by credential.
    pub dsco_rate_by_token: bool,
    /// Dsco: the longest message, in characters; 0 = no limit.
    pub dsco_max_message: usize,
    /// Dsco: a message takes characters of the basic plane only, and refuses emoji (default: all of Unicode).
    pub dsco_basic_plane: bool,
    /// Dsco: the body of 401, 403, 404, 405, 409, 415 and 429: `empty`, `text`, `json` (v3), `old_json` (V2).
    pub dsco_error_body: ErrorBody,
    /// Dsco: HTTP status of a search that names a conversation or message that is not ours.
    pub dsco_stranger_status: u16,
    /// Dsco: HTTP status of a reference id that is taken.
    pub dsco_duplicate_reference_status: u16,
    /// Dsco: what a reference id that is taken is told.
    pub dsco_duplicate_reference_text: String,
    /// Dsco: an empty reference id takes it away (else it is refused).
    pub dsco_empty_reference_clears: bool,
    /// Dsco: an equal message within so many seconds is answered with the first; 0 = never.
    pub dsco_dedupe_equal_message_s: i64,
    /// Dsco: messages come back with HTML entities.
    pub dsco_html_entities: bool,

    /// SkyHub: tickets per page.
    pub skyhub_page_size: usize,
    /// SkyHub: messages per page of a ticket's chats.
    pub skyhub_chat_page_size: usize,
    /// SkyHub: the end of paging.
    pub skyhub_end: EndOfPages,
    /// SkyHub: one ticket comes wrapped in `{"sac":…}`.
    pub skyhub_wrap_sac: bool,
    /// SkyHub: the 2019 shape of chats: one bare object.
    pub skyhub_bare_chat: bool,
    /// SkyHub: a reply marks its chat READ.
    pub skyhub_reply_marks_read: bool,
    /// SkyHub: reading chats marks them READ.
    pub skyhub_read_has_side_effect: bool,
    /// SkyHub: a PATCH moves `updated_at`.
    pub skyhub_patch_moves_updated: bool,
    /// SkyHub: an equal reply within so many seconds is dropped; 0 = never.
    pub skyhub_dedupe_equal_reply_s: i64,
    /// SkyHub: how long a reply stays invisible, in milliseconds.
    pub skyhub_visibility_ms: i64,
    /// SkyHub: calls per second, store and method.
    pub skyhub_per_second: usize,
    /// SkyHub: a CNPJ with punctuation is accepted.
    pub skyhub_punctuated_cnpj: bool,
    /// SkyHub: PATCH works on a PAUSED chat.
    pub skyhub_patch_paused: bool,
    /// SkyHub: the server trims a reply.
    pub skyhub_trims: bool,
    /// SkyHub: a new message moves `updated_at`.
    pub skyhub_message_moves_updated: bool,
    /// SkyHub: chats and messages come newest first.
    pub skyhub_reverse: bool,
    /// SkyHub: the longest reply, in characters; 0 = no limit.
    pub skyhub_max_message: usize,
    /// SkyHub: times without an offset are UTC (default: São Paulo).
    pub skyhub_naive_utc: bool,
    /// SkyHub: a 429 says `Retry-After`, in seconds; 0 = it does not.
    pub skyhub_retry_after_s: u32,
    /// SkyHub: all paths share the bucket of their method.
    pub skyhub_shared_bucket: bool,
    /// SkyHub: PATCH works on `CUSTOMER_B2W`.
    pub skyhub_patch_customer_b2w: bool,
    /// SkyHub: HTTP status of a reply with a wrong field.
    pub skyhub_wrong_field_status: u16,
    /// SkyHub: the full list of a ticket's `status`. Of another one a filter is refused, and the action `set_status`
    /// (with a code alone as the conversation) gives a ticket none.
    pub skyhub_ticket_statuses: Vec<String>,
    /// SkyHub: what the list calls a ticket that was read.
    pub skyhub_read_status: String,
    /// SkyHub: what a chat is called that takes no replies.
    pub skyhub_paused_status: String,
    /// SkyHub: `mediation` is true while a chat is paused.
    pub skyhub_mediation_shown: bool,
    /// SkyHub: a message of somebody else marks its chat UNREAD.
    pub skyhub_message_marks_unread: bool,
    /// SkyHub: a message of somebody else takes its chat out of ARCHIVED.
    pub skyhub_archived_reopens: bool,
    /// SkyHub: a PATCH sets the state of all chats of the ticket.
    pub skyhub_patch_sets_ticket: bool,
    /// SkyHub: a chat without messages is listed, with an empty list.
    pub skyhub_silent_chats: bool,
    /// SkyHub: the body of the 201 to a reply: `empty`, `null`, `json`, `text`.
    pub skyhub_reply_body: ReplyBody,
    /// SkyHub: the body of a 429.
    pub skyhub_limit_body: String,
    /// SkyHub: an empty reply is refused.
    pub skyhub_refuses_empty: bool,

    /// WhatsApp: what an unknown quote does.
    pub whatsapp_context_unknown: UnknownContext,
    /// WhatsApp: how a shut window answers.
    pub whatsapp_window_error: WindowError,
    /// WhatsApp: HTTP status of throttling.
    pub whatsapp_throttle_status: u16,
    /// WhatsApp: from the send's answer to `sent`, in milliseconds.
    pub whatsapp_sent_ms: i64,
    /// WhatsApp: from the send's answer to `delivered`.
    pub whatsapp_delivered_ms: i64,
    /// WhatsApp: from the send's answer to `read`.
    pub whatsapp_read_ms: i64,
    /// WhatsApp: a `failed` status carries `biz_opaque_callback_data`.
    pub whatsapp_failed_carries_callback: bool,
    /// WhatsApp: the first delay before a webhook is delivered again, doubled each time.
    pub whatsapp_retry_ms: i64,
    /// WhatsApp: how long a media URL lives.
    pub whatsapp_media_url_ms: i64,
    /// WhatsApp, both APIs: a part of a file may be asked for.
    pub whatsapp_media_ranges: bool,
    /// WhatsApp: quick messages to one person before 131056.
    pub whatsapp_pair_burst: u32,
    /// WhatsApp: messages per second and number.
    pub whatsapp_per_second: usize,
    /// WhatsApp: after `delivered` comes `failed` (131026).
    pub whatsapp_fails_after_delivered: bool,
    /// WhatsApp: `read` comes before `delivered`.
    pub whatsapp_read_before_delivered: bool,
    /// WhatsApp: each webhook is delivered once more after so long; 0 = it is not.
    pub whatsapp_duplicate_ms: i64,
    /// WhatsApp: for how long a webhook is delivered again (the other statement: 36 h).
    pub whatsapp_give_up_ms: i64,
    /// WhatsApp: a send to a user id is taken (else 131062).
    pub whatsapp_user_id_sends: bool,
    /// WhatsApp: a message's history is found by the message's own id (default), or by an id of its own only.
    pub whatsapp_history_by_message: bool,
    /// WhatsApp: `message_history` of the number finds histories without their id (default: nothing does).
    pub whatsapp_history_lookup: bool,
    /// WhatsApp: an edit comes as `unsupported`, as to numbers without the phone's app.
    pub whatsapp_edits_unsupported: bool,
    /// On-Premises: quoting in sends is refused (default: ignored).
    pub onprem_refuse_context: bool,
    /// On-Premises: a contact must have been checked before a send.
    pub onprem_contact_check: bool,
    /// On-Premises: `sent` is reported without asking for it.
    pub onprem_sent_status: bool,
    /// On-Premises: the first login needs a new password.
    pub onprem_first_login: bool,
    /// On-Premises: errors come with HTTP 200.
    pub onprem_errors_with_200: bool,
    /// On-Premises: `recipient_id` of statuses stands in `message` only (since 2.45).
    pub onprem_recipient_in_message: bool,
    /// On-Premises: webhooks carry basic auth.
    pub onprem_webhook_basic: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            rate_limits: true,
            vendor_clock_ms: 0,
            thg_create_returns_discussion: false,
            thg_shuffle: false,
            thg_auth_token_field: false,
            thg_max_limit: 100,
            thg_max_message: 10_000,
            thg_max_upload: 10 * 1024 * 1024,
            thg_attachment_ttl_ms: 3_600_000,
            thg_attachment_once: true,
            thg_session_ttl_ms: 0,
            thg_html_entities: false,
            thg_max_weight: 1000,
            thg_query_marks_read: false,
            thg_response_marks_unread: true,
            thg_list_marks_read: false,
            thg_query_reopens: true,
            thg_completed_takes_replies: true,
            thg_error_status: 200,
            thg_default_limit: 10,
            thg_null_fields: false,
            thg_unauthenticated_text: "Not authenticated".into(),
            thg_config_refuses: false,
            thg_heavy_error: HeavyError::Words,
            thg_per_minute: 0,
            thg_retry_after_s: 0,
            thg_dedupe_equal_reply_s: 0,
            thg_agents_start: false,
            thg_retention_days: 0,
            thg_upload_types: thg::UPLOAD_TYPES.map(str::to_owned).to_vec(),
            thg_upload_error_codes: [1, 2, 3, 4],
            thg_upload_error_status: 200,
            thg_upload_strict_fields: false,
            thg_upload_needs_login: false,
            dsco_created_in_progress: false,
            dsco_strict_attributes: false,
            dsco_lenient_dates: false,
            dsco_max_title: 50,
            dsco_page_size: 100,
            dsco_scroll_ttl_ms: 300_000,
            dsco_visibility_ms: 2_000,
            dsco_per_second: 5,
            dsco_message_bumps_update: true,
            dsco_token_s: 3_600,
            dsco_retry_after: true,
            dsco_scroll_changes: false,
            dsco_expired_scroll_status: 404,
            dsco_until_inclusive: true,
            dsco_refuses_backward_window: false,
            dsco_refuses_empty_query: true,
            dsco_initial_is_message: true,
            dsco_lists_own: true,
            dsco_closed_status: 400,
            dsco_follow_up_progresses: false,
            dsco_care_needs_context: true,
            dsco_shows_partner_reference: true,
            dsco_rate_by_token: false,
            dsco_max_message: 0,
            dsco_basic_plane: false,
            dsco_error_body: ErrorBody::Empty,
            dsco_stranger_status: 400,
            dsco_duplicate_reference_status: 400,
            dsco_duplicate_reference_text: "The reference id is already in use".into(),
            dsco_empty_reference_clears: true,
            dsco_dedupe_equal_message_s: 0,
            dsco_html_entities: false,
            skyhub_page_size: 20,
            skyhub_chat_page_size: 50,
            skyhub_end: EndOfPages::Null,
            skyhub_wrap_sac: false,
            skyhub_bare_chat: false,
            skyhub_reply_marks_read: false,
            skyhub_read_has_side_effect: false,
            skyhub_patch_moves_updated: false,
            skyhub_dedupe_equal_reply_s: 0,
            skyhub_visibility_ms: 0,
            skyhub_per_second: 9,
            skyhub_punctuated_cnpj: false,
            skyhub_patch_paused: true,
            skyhub_trims: false,
            skyhub_message_moves_updated: true,
            skyhub_reverse: false,
            skyhub_max_message: 0,
            skyhub_naive_utc: false,
            skyhub_retry_after_s: 0,
            skyhub_shared_bucket: true,
            skyhub_patch_customer_b2w: false,
            skyhub_wrong_field_status: 422,
            skyhub_ticket_statuses: ["UNREAD", "READ", "ARCHIVED"].map(str::to_owned).to_vec(),
            skyhub_read_status: "READ".into(),
            skyhub_paused_status: "PAUSED".into(),
            skyhub_mediation_shown: true,
            skyhub_message_marks_unread: true,
            skyhub_archived_reopens: true,
            skyhub_patch_sets_ticket: false,
            skyhub_silent_chats: true,
            skyhub_reply_body: ReplyBody::Empty,
            skyhub_limit_body: "{\"error\":\"Limite de requisições excedido\"}".into(),
            skyhub_refuses_empty: true,
            whatsapp_context_unknown: UnknownContext::DropBubble,
            whatsapp_window_error: WindowError::Async,
            whatsapp_throttle_status: 400,
            whatsapp_sent_ms: 300,
            whatsapp_delivered_ms: 900,
            whatsapp_read_ms: 4_000,
            whatsapp_failed_carries_callback: true,
            whatsapp_retry_ms: 1_000,
            whatsapp_media_url_ms: 300_000,
            whatsapp_media_ranges: true,
            whatsapp_pair_burst: 45,
            whatsapp_per_second: 80,
            whatsapp_fails_after_delivered: false,
            whatsapp_read_before_delivered: false,
            whatsapp_duplicate_ms: 0,
            whatsapp_give_up_ms: 604_800_000,
            whatsapp_user_id_sends: true,
            whatsapp_history_by_message: true,
            whatsapp_history_lookup: false,
            whatsapp_edits_unsupported: false,
            onprem_refuse_context: false,
            onprem_contact_check: false,
            onprem_sent_status: false,
            onprem_first_login: false,
            onprem_errors_with_200: false,
            onprem_recipient_in_message: false,
            onprem_webhook_basic: false,
        }
    }
}

impl Switches {
    /// Sets the switch called `name`.
    ///
    /// # Errors
    /// Says which switch is unknown or what its value should have been.
    pub fn set(&mut self, name: &str, value: serde_json::Value) -> Result<(), String> {
        let mut all = serde_json::to_value(&*self).map_err(|error| error.to_string())?;
        match all.get_mut(name) {
            Some(place) => *place = value,
            None => return Err(format!("unknown switch {name}")),
        }
        *self = serde_json::from_value(all).map_err(|error| format!("switch {name}: {error}"))?;
        Ok(())
    }
}
