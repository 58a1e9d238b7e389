//! The reading side of Dsco: searches by window, and scrolling through their pages.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Note, Platform, Side, Thread, bad, date, strict, string};
use crate::{
    domain::time::Time,
    simulator::{
        faults::What,
        wire::{Reply, Turn, put, text_of},
    },
};

/// What is searched for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Conversations.
    Threads,
    /// Messages.
    Notes,
}

/// A search whose pages are being read.
pub(super) struct Scroll {
    side: Side,
    kind: Kind,
    ids: Vec<String>,
    from: usize,
    read_at: Time,
}

const BOTH: [&str; 15] = [
    "type",
    "dscoConversationId",
    "retailerReferenceId",
    "supplierReferenceId",
    "dscoAccountIds",
    "dscoTradingPartnerIds",
    "dscoRetailerId",
    "dscoRetailerTradingPartnerId",
    "dscoSupplierId",
    "dscoSupplierTradingPartnerId",
    "createdSince",
    "until",
    "test",
    "sort",
    "scrollId",
];

impl Platform {
    /// `POST /conversation/list` and `POST /conversation/message/list`.
    pub(super) fn search(&mut self, side: Side, body: &Value, kind: Kind, turn: &mut Turn<'_>) -> Reply {
        let result = match string(body, "scrollId", turn) {
            Err(refusal) => Err(refusal),
            Ok(Some(id)) => self.scroll(side, id, kind, turn),
            Ok(None) => self.first(side, body, kind, turn),
        };
        result.map_or_else(|refusal| refusal, |body| Reply::json(200, &body))
    }

    fn scroll(&mut self, side: Side, id: &str, kind: Kind, turn: &mut Turn<'_>) -> Result<Value, Reply> {
        if turn.quirk(&What::ExpiredScroll) {
            self.scrolls.remove(id);
        }
        let life = TimeDelta::milliseconds(turn.switches.dsco_scroll_ttl_ms);
        let known = self.scrolls.get(id).filter(|scroll| turn.now - scroll.read_at <= life);
        let Some(scroll) = known else {
            self.scrolls.remove(id);
            return Err(Reply::empty(turn.switches.dsco_expired_scroll_status));
        };
        if scroll.side != side || scroll.kind != kind {
            turn.book.breach("dsco: a scrollId of another search");
            return Err(bad("The scrollId belongs to another search"));
        }
        self.page(id.to_owned(), turn)
    }

    fn first(&mut self, side: Side, body: &Value, kind: Kind, turn: &mut Turn<'_>) -> Result<Value, Reply> {
        let more: &[&str] = match kind {
            Kind::Threads => &["updatedSince", "statuses", "contextTypes", "initiatedBy", "pastDue"],
            Kind::Notes => &["dscoMessageId"],
        };
        strict(body, &[&BOTH[..], more].concat(), turn)?;
        let refuse = |text: &str| {
            turn.book.breach(format!("dsco search: {text}"));
            bad(text.to_owned())
        };
        let criteria = body.as_object().map_or(0, |map| {
            map.keys()
                .filter(|key| !matches!(key.as_str(), "sort" | "test" | "scrollId"))
                .filter(|key| BOTH.contains(&key.as_str()) || more.contains(&key.as_str()))
                .count()
        });
        if criteria == 0 && turn.switches.dsco_refuses_empty_query {
            return Err(refuse("at least one criterion is required"));
        }
        if kind == Kind::Notes && body.get("updatedSince").is_some() {
            return Err(refuse("a message search knows no updatedSince"));
        }
        for (one, other, of) in [
            ("dscoRetailerId", "dscoRetailerTradingPartnerId", Side::Supplier),
            ("dscoSupplierId", "dscoSupplierTradingPartnerId", Side::Retailer),
        ] {
            if body.get(one).is_some() && body.get(other).is_some() {
                return Err(refuse("give one id of the partner, not two"));
            }
            if body.get(other).is_some() && side != of {
                return Err(refuse("that partner id is for the other role"));
            }
        }
        let until = date(body, "until", turn)?;
        if until.is_some_and(|until| until > turn.now - TimeDelta::seconds(5)) {
            return Err(refuse("until must be at least 5 seconds in the past"));
        }
        let since = date(body, "createdSince", turn)?;
        let updated = date(body, "updatedSince", turn)?;
        let first = since.into_iter().chain(updated).max();
        if turn.switches.dsco_refuses_backward_window
            && first.zip(until).is_some_and(|(since, until)| since > until)
        {
            return Err(refuse("createdSince is after until"));
        }
        let test = string(body, "test", turn)?.unwrap_or("legit");
        if !matches!(test, "legit" | "test" | "all") {
            return Err(refuse("test is legit, test or all"));
        }
        let care = check_type(body, kind, turn)?;
        self.check_named(body, turn)?;
        let window = |at: Time| since.is_none_or(|since| at >= since);
        let inclusive = turn.switches.dsco_until_inclusive;
        let before = |at: Time| until.is_none_or(|until| at < until || (inclusive && at == until));
        let names = |thread: &Thread, field: &str, value: Option<&str>| {
            text_of(body, field).is_none_or(|wanted| value == Some(wanted)) && !thread.id.is_empty()
        };
        let fits = |thread: &Thread| {
            (test == "all" || thread.is_test == (test == "test"))
                && care.is_none_or(|care| thread.consumer.is_some() == care)
                && body
                    .pointer("/type/consumerId")
                    .and_then(Value::as_str)
                    .is_none_or(|consumer| thread.consumer.as_deref() == Some(consumer))
                && names(thread, "dscoConversationId", Some(&thread.id))
                && names(thread, "retailerReferenceId", thread.references[0].as_deref())
                && names(thread, "supplierReferenceId", thread.references[1].as_deref())
                && partners(body, side)
        };
        let mut found: Vec<(Time, String)> = match kind {
            Kind::Threads => self
                .threads
                .iter()
                .filter(|thread| fits(thread) && thread.visible_at <= turn.now && window(thread.created_at))
                .filter(|thread| updated.is_none_or(|since| thread.updated_at >= since))
                .filter(|thread| {
                    before(if updated.is_some() { thread.updated_at } else { thread.created_at })
                })
                .filter(|thread| listed(body, "statuses", thread.status))
                .filter(|thread| {
                    listed(body, "contextTypes", text_of(&thread.context, "type").unwrap_or_default())
                })
                .filter(|thread| {
                    text_of(body, "initiatedBy").is_none_or(|side| side == thread.begun_by.word())
                })
                .filter(|thread| {
                    body.get("pastDue")
                        .and_then(Value::as_bool)
                        .is_none_or(|past| past == thread.due.is_some_and(|due| due < turn.now))
                })
                .map(|thread| (thread.created_at, thread.id.clone()))
                .collect(),
            Kind::Notes => self
                .notes
                .iter()
                .filter(|note| turn.switches.dsco_lists_own || note.from != side)
                .filter(|note| note.visible_at <= turn.now && window(note.at) && before(note.at))
                .filter(|note| text_of(body, "dscoMessageId").is_none_or(|id| id == note.id))
                .filter(|note| care_type(body, note))
                .filter(|note| self.threads.named(&note.thread).is_some_and(fits))
                .map(|note| (note.at, note.id.clone()))
                .collect(),
        };
        found.sort();
        match body.pointer("/sort/direction").and_then(Value::as_str) {
            Some("desc") => found.reverse(),
            Some("asc") | None => {}
            Some(_) => return Err(refuse("sort.direction is asc or desc")),
        }
        let life = TimeDelta::milliseconds(turn.switches.dsco_scroll_ttl_ms);
        self.scrolls.retain(|_, scroll| turn.now - scroll.read_at <= life);
        let id = format!("scroll{:016x}{:016x}", turn.rng.u64(..), turn.rng.u64(..));
        let ids = found.into_iter().map(|(_, id)| id).collect();
        self.scrolls.insert(id.clone(), Scroll { side, kind, ids, from: 0, read_at: turn.now });
        self.page(id, turn)
    }

    /// Reads the next page of a search. Its id stays while there may be more.
    fn page(&mut self, id: String, turn: &mut Turn<'_>) -> Result<Value, Reply> {
        let size = turn.switches.dsco_page_size.max(1);
        let Some(scroll) = self.scrolls.get_mut(&id) else { return Err(Reply::empty(404)) };
        let mut from = scroll.from;
        for quirk in turn.quirks {
            match quirk {
                What::DuplicatePage => from = from.saturating_sub(size),
                What::ShiftedPage { by } => {
                    from = from.saturating_add_signed(isize::try_from(*by).unwrap_or(0));
                }
                _ => {}
            }
        }
        let to = (scroll.from + size).min(scroll.ids.len());
        let ids = scroll.ids[from.min(to)..to].to_vec();
        let more = to < scroll.ids.len() || (turn.quirk(&What::EmptyLastPage) && !ids.is_empty());
        scroll.from = to;
        scroll.read_at = turn.now;
        let (viewer, kind) = (scroll.side, scroll.kind);
        let mut body = json!({});
        let mut id = id;
        if more && turn.switches.dsco_scroll_changes {
            let next = format!("scroll{:016x}{:016x}", turn.rng.u64(..), turn.rng.u64(..));
            if let Some(scroll) = self.scrolls.remove(&id) {
                self.scrolls.insert(next.clone(), scroll);
            }
            id = next;
        }
        if more {
            put(&mut body, "scrollId", Some(id));
        } else {
            self.scrolls.remove(&id);
        }
        let thread_of = |id: &str| self.threads.named(id);
        match kind {
            Kind::Threads => {
                let rows: Vec<Value> = ids
                    .iter()
                    .filter_map(|id| thread_of(id))
                    .map(|one| one.json(viewer, turn.switches))
                    .collect();
                put(&mut body, "conversations", Some(rows));
            }
            Kind::Notes => {
                let notes = ids.iter().filter_map(|id| self.notes.named(id));
                let rows: Vec<Value> = notes
                    .filter_map(|note| {
                        thread_of(&note.thread).map(|thread| note.json(thread, viewer, turn.switches))
                    })
                    .collect();
                put(&mut body, "messages", Some(rows));
            }
        }
        Ok(body)
    }

    /// A conversation or message that is named must be one of the caller's.
    fn check_named(&self, body: &Value, turn: &Turn<'_>) -> Result<(), Reply> {
        let known = text_of(body, "dscoConversationId").is_none_or(|id| self.threads.named(id).is_some())
            && text_of(body, "dscoMessageId").is_none_or(|id| self.notes.named(id).is_some());
        if known {
            return Ok(());
        }
        match turn.switches.dsco_stranger_status {
            400 => Err(bad("You are not a participant of that conversation")),
            status => Err(Reply::empty(status)),
        }
    }
}

/// Whether customer care is wanted; `None` = either.
fn check_type(body: &Value, kind: Kind, turn: &Turn<'_>) -> Result<Option<bool>, Reply> {
    let Some(wanted) = body.get("type") else { return Ok(None) };
    let care_type = text_of(wanted, "customerCareType");
    match text_of(wanted, "type") {
        Some("customer_care")
            if care_type
                .is_none_or(|kind| matches!(kind, "message_from_consumer" | "response_to_consumer")) =>
        {
            Ok(Some(true))
        }
        Some("standard") if kind == Kind::Threads => Ok(Some(false)),
        _ => {
            turn.book.breach(format!("dsco search: type {wanted}"));
            Err(bad("type is unknown"))
        }
    }
}

fn care_type(body: &Value, note: &Note) -> bool {
    match body.pointer("/type/customerCareType").and_then(Value::as_str) {
        None => true,
        Some("message_from_consumer") => note.from == Side::Retailer,
        Some(_) => note.from == Side::Supplier,
    }
}

fn listed(body: &Value, field: &str, value: &str) -> bool {
    body.get(field).and_then(Value::as_array).is_none_or(|list| list.iter().any(|one| one == value))
}

fn partners(body: &Value, side: Side) -> bool {
    let other = side.other();
    listed(body, "dscoAccountIds", other.account())
        && listed(body, "dscoTradingPartnerIds", other.partner_id())
        && text_of(body, "dscoRetailerId").is_none_or(|id| id == Side::Retailer.account())
        && text_of(body, "dscoSupplierId").is_none_or(|id| id == Side::Supplier.account())
        && text_of(body, "dscoRetailerTradingPartnerId").is_none_or(|id| id == Side::Retailer.partner_id())
        && text_of(body, "dscoSupplierTradingPartnerId").is_none_or(|id| id == Side::Supplier.partner_id())
}
