//! Applying what a vendor told: one page, one transaction. The same page twice changes nothing.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Result, named_params, params};
use serde_json::Value;

use super::{
    actor::Tx,
    conversations::{self, Touch, log},
    erase::Marks,
    join, messages,
    rows::{details, from_json, to_json},
    words,
};
use crate::{
    domain::{
        ConversationId, Facts, Gate, GateEvidence, Role,
        change::{Change, ConversationSeen, Page},
        time::to_millis,
    },
    store::Applied,
};

/// For how long a webhook may come again (contract B.6: seven days), and a day.
const DELIVERED_AGAIN_MS: i64 = 8 * 86_400_000;

/// New messages and conversations of one page that are more than everyday life brings.
pub(super) const MANY: usize = 40;

/// A page on its way into the store.
pub(super) struct Applying<'a, 'b> {
    pub(super) tx: &'a Tx<'b>,
    pub(super) db: &'a Connection,
    pub(super) channel: &'a str,
    pub(super) kind: String,
    pub(super) now: i64,
    pub(super) touched: BTreeMap<i64, Touch>,
    pub(super) messages_new: usize,
    /// Whether anything waits for a message that is not here yet.
    pub(super) orphans: bool,
    /// What is applied just now is of the past: unread for nobody.
    pub(super) past: bool,
}

/// Applies a page with its notes.
pub(super) fn page(tx: &Tx<'_>, channel: &str, page: &Page, now: i64) -> Result<Applied> {
    let (applied, made) = page_then(tx, channel, page, now, |_| Ok(()))?;
    // A first sync goes on like this page; what brings nothing new is everyday life again.
    match applied.messages_new + made {
        MANY.. => tx.expects(true)?,
        0 if !page.changes.is_empty() => tx.expects(false)?,
        _ => {}
    }
    Ok(applied)
}

/// The same; `then` sees each touched conversation before its row is recomputed. Answers also how many conversations are
/// new.
pub(super) fn page_then(
    tx: &Tx<'_>,
    channel: &str,
    page: &Page,
    now: i64,
    then: impl Fn(i64) -> Result<()>,
) -> Result<(Applied, usize)> {
    let kind = tx
        .db
        .prepare_cached("SELECT kind FROM channel WHERE name = ?1")?
        .query_row([channel], |r| r.get(0))
        .optional()?
        .unwrap_or_default();
    let mut applying = Applying::new(tx, channel, kind, now)?;
    join::adopt_creates(&mut applying, page)?;
    let erased = Marks::of(tx.db, channel)?;
    for change in &page.changes {
        if !erased.cover(change, &page.changes) {
            applying.change(change)?;
        }
    }
    remember(tx.db, channel, &page.memory)?;
    let mut applied = Applied { conversations: Vec::new(), messages_new: applying.messages_new };
    for (id, touch) in &applying.touched {
        then(*id)?;
        conversations::finish(tx, *id, touch, now)?;
        applied.conversations.push(ConversationId(*id));
    }
    let made = applying.touched.values().filter(|touch| touch.fresh).count();
    Ok((applied, made))
}

fn remember(db: &Connection, channel: &str, memory: &[(String, Value)]) -> Result<()> {
    for (key, value) in memory {
        if value.is_null() {
            db.prepare_cached("DELETE FROM memory WHERE channel = ?1 AND key = ?2")?
                .execute(params![channel, key])?;
        } else {
            db.prepare_cached(
                "INSERT INTO memory VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = excluded.value \
                 WHERE value <> excluded.value",
            )?
            .execute(params![channel, key, to_json(value)])?;
        }
    }
    Ok(())
}

impl<'a, 'b> Applying<'a, 'b> {
    pub(super) fn new(tx: &'a Tx<'b>, channel: &'a str, kind: String, now: i64) -> Result<Self> {
        let orphans = tx
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM orphan)")?
            .query_row([], |r| r.get::<_, bool>(0))?;
        Ok(Self {
            tx,
            db: tx.db,
            channel,
            kind,
            now,
            touched: BTreeMap::new(),
            messages_new: 0,
            orphans,
            past: false,
        })
    }

    /// Whether this page has made the conversation.
    pub(super) fn is_fresh(&self, id: i64) -> bool {
        self.touched.get(&id).is_some_and(|touch| touch.fresh)
    }

    pub(super) fn touch(&mut self, id: i64) -> &mut Touch {
        self.touched.entry(id).or_default()
    }

    fn change(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Conversation(seen) => self.conversation(seen),
            Change::Message(seen) => messages::seen(self, seen, change),
            Change::Earlier(seen) => {
                self.past = true;
                let end = messages::seen(self, seen, change);
                self.past = false;
                end
            }
            Change::Delivery(seen) => messages::delivery(self, seen, change),
            Change::Edited { key, body, at, .. } => messages::edited(self, key, body, to_millis(*at), change),
            Change::Removed { key, at, .. } => messages::removed(self, key, to_millis(*at), change),
            Change::Reaction { on, by, emoji, at, .. } => {
                messages::reaction(self, on, by, emoji.as_deref(), to_millis(*at), change)
            }
            Change::Alias { conversation, alias } => self.alias(conversation, alias),
            Change::Account { text, at, key } => self.account(text, to_millis(*at), key.as_deref()),
        }
    }

    /// The conversation of a vendor's name, made where there is none.
    pub(super) fn place(&mut self, remote_id: &str, their_role: Role) -> Result<i64> {
        if let Some(id) = find(self.db, self.channel, remote_id)? {
            return Ok(id);
        }
        let gate = if self.kind == "import" { "read_only" } else { "unknown" };
        self.db
            .prepare_cached(
                "INSERT INTO conversation (channel, kind, remote_id, their_role, gate, created_at, updated_at, rev) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 0)",
            )?
            .execute(params![self.channel, self.kind, remote_id, their_role.as_str(), gate, self.now])?;
        let id = self.db.last_insert_rowid();
        self.touch(id).fresh = true;
        Ok(id)
    }

    fn conversation(&mut self, seen: &ConversationSeen) -> Result<()> {
        let id = self.place(&seen.remote_id, seen.their_role)?;
        let old = self
            .db
            .prepare_cached(
                "SELECT named, gate, gate_until, remote_closed, facts, labels FROM conversation WHERE id = ?1",
            )?
            .query_row([id], |r| {
                Ok((
                    r.get::<_, bool>(0)?,
                    r.get::<_, String>(1)?,
                    r.get::<_, Option<i64>>(2)?,
                    r.get::<_, Option<bool>>(3)?,
                    r.get::<_, String>(4)?,
                    r.get::<_, String>(5)?,
                ))
            })?;
        let (named, old_gate, old_until, was_closed, old_facts, old_labels) = old;
        let (gate, since, until) = match seen.gate {
            None => (None, None, None),
            // A window shuts by its own time, or by a failure that says so and since when; not by a page that did not
            // see it.
            Some(GateEvidence::Said { gate: Gate::TemplateOnly, since }) if old_gate == "window" => {
                if let Some(since) = since {
                    self.shut_window(id, to_millis(since))?;
                }
                (None, None, None)
            }
            Some(GateEvidence::Said { gate, since }) => (Some(gate.as_str()), since.map(to_millis), None),
            Some(GateEvidence::Window { until }) => {
                // An older message never shortens the window.
                let until =
                    to_millis(until).max(old_until.filter(|_| old_gate == "window").unwrap_or(i64::MIN));
                (Some("window"), None, Some(until))
            }
        };
        // A vendor that does not date it: it changed under our eyes, so it is since now.
        let shut = |gate: &str| [Gate::Paused, Gate::RemoteClosed].iter().any(|it| it.as_str() == gate);
        let since = since.or_else(|| {
            let turned = gate.is_some_and(|gate| named && gate != old_gate && shut(gate));
            turned.then_some(self.now)
        });
        let mut facts: Facts = from_json(&old_facts);
        facts.extend(seen.facts.clone());
        let mut labels: Vec<String> = from_json(&old_labels);
        if !named {
            for label in &seen.labels {
                if !labels.contains(label) {
                    labels.push(label.clone());
                    self.db
                        .prepare_cached("INSERT OR IGNORE INTO label VALUES (?1, ?2)")?
                        .execute(params![label, id])?;
                }
            }
        }
        let closed = seen.remote_closed;
        let changed = self.db.prepare_cached(UPDATE_SEEN)?.execute(named_params! {
            ":id": id,
            ":subject": seen.subject,
            ":customer_id": seen.customer.id,
            ":customer_name": seen.customer.name,
            ":customer_email": seen.customer.email,
            ":customer_phone": seen.customer.phone,
            ":counterpart": seen.counterpart.as_ref().map(|it| &it.name),
            ":addressee": seen.counterpart.as_ref().map(|it| &it.addressee),
            ":note": seen.counterpart.as_ref().and_then(|it| it.note.as_ref()),
            ":their_role": seen.their_role.as_str(),
            ":remote_status": seen.remote_status.as_ref().map(to_json),
            ":remote_unread": seen.remote_unread,
            ":remote_closed": closed.map(|it| it.closed),
            ":closed_at": closed.and_then(|it| it.at).map(to_millis),
            ":unanswered": closed.map(|it| it.closed && it.unanswered),
            ":gate": gate,
            ":since": since,
            ":until": until,
            ":order_facts": seen.order.as_ref().map(to_json),
            ":products": seen.products.as_ref().map(to_json),
            ":category": seen.category,
            ":facts": to_json(&facts),
            ":labels": to_json(&labels),
            ":created_at": seen.created_at.map(to_millis),
            ":updated_at": seen.updated_at.map(to_millis),
        })?;
        if changed > 0 {
            let touch = self.touch(id);
            touch.words |= seen.facts.contains_key("lang");
            if let Some(it) = closed.filter(|it| it.closed && was_closed != Some(true)) {
                touch.closed = Some((it.at.map(to_millis), it.unanswered));
            }
        }
        if seen.remote_status.is_some() {
            // When it was read is no change by itself: nobody is told.
            self.db
                .prepare_cached(
                    "UPDATE conversation SET remote_read_at = ?2 WHERE id = ?1 AND remote_read_at IS NOT ?2",
                )?
                .execute(params![id, to_millis(seen.read_at)])?;
        }
        if named && gate.is_some_and(|gate| gate != old_gate) {
            let facts = details([("from", old_gate.into()), ("to", gate.unwrap_or("unknown").into())]);
            log(self.db, since.unwrap_or(self.now), Some(id), None, "gate", &facts)?;
        }
        self.numbers(id, seen)
    }

    fn numbers(&mut self, id: i64, seen: &ConversationSeen) -> Result<()> {
        for order in seen.order.iter().flat_map(Facts::values).filter_map(Value::as_str) {
            number(self.db, id, "order", order)?;
        }
        for product in seen.products.iter().flatten() {
            number(self.db, id, "sku", &product.sku)?;
        }
        for any in &seen.numbers {
            number(self.db, id, "number", any)?;
        }
        for person in [&seen.customer.id, &seen.customer.phone].into_iter().flatten() {
            number(self.db, id, "person", person)?;
        }
        Ok(())
    }

    fn alias(&mut self, conversation: &str, alias: &str) -> Result<()> {
        let named = find(self.db, self.channel, conversation)?;
        let known = find(self.db, self.channel, alias)?;
        let (id, further) = match (named, known) {
            (Some(id), Some(other)) if id == other => return Ok(()),
            // The older one stays: people know it by its number.
            (Some(id), Some(other)) => return join::merge(self, id.min(other), id.max(other)).map(drop),
            (None, Some(id)) => (id, conversation),
            (Some(id), None) => (id, alias),
            // Two names of somebody nobody has written to or heard of here: no conversation.
            (None, None) => return Ok(()),
        };
        self.db.prepare_cached("INSERT OR IGNORE INTO alias VALUES (?1, ?2, ?3)")?.execute(params![
            self.channel,
            further,
            id
        ])?;
        number(self.db, id, "person", further)?;
        self.touch(id);
        Ok(())
    }

    /// What is said of an account is one event by its time, and where the vendor gives none, by its key for as long as
    /// it may be delivered again.
    fn account(&mut self, text: &str, at: i64, key: Option<&str>) -> Result<()> {
        let mut facts = details([("text", text.into())]);
        let mut since = at;
        if let Some(key) = key {
            facts.insert("key".into(), key.into());
            since -= DELIVERED_AGAIN_MS;
        }
        let known: bool = self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM event WHERE conversation IS NULL AND channel = ?1 AND what = 'account' \
                 AND at BETWEEN ?2 AND ?3 AND details = ?4)",
            )?
            .query_row(params![self.channel, since, at, to_json(&facts)], |r| r.get(0))?;
        if !known {
            self.db
                .prepare_cached(
                    "INSERT INTO event (at, channel, what, details) VALUES (?1, ?2, 'account', ?3)",
                )?
                .execute(params![at, self.channel, to_json(&facts)])?;
            self.tx.rings();
        }
        Ok(())
    }

    /// Notes that the window is shut, whatever was computed.
    pub(super) fn shut_window(&mut self, id: i64, at: i64) -> Result<()> {
        let shut = self
            .db
            .prepare_cached(
                "UPDATE conversation SET gate = 'window', gate_until = ?2, gate_since = NULL WHERE id = ?1 \
                 AND (gate <> 'window' OR gate_until > ?2)",
            )?
            .execute(params![id, at])?;
        if shut > 0 {
            let facts =
                details([("to", Gate::TemplateOnly.as_str().into()), ("why", "the vendor said so".into())]);
            log(self.db, at, Some(id), None, "gate", &facts)?;
            self.touch(id);
        }
        Ok(())
    }
}

/// Sets what the vendor said, keeps what it did not say, and touches no row that is so already.
const UPDATE_SEEN: &str = "UPDATE conversation SET named = 1, subject = ifnull(:subject, subject), \
    subject_given = subject_given OR :subject IS NOT NULL, customer_id = ifnull(:customer_id, customer_id), \
    customer_name = ifnull(:customer_name, customer_name), customer_email = ifnull(:customer_email, customer_email), \
    customer_phone = ifnull(:customer_phone, customer_phone), counterpart = ifnull(:counterpart, counterpart), \
    addressee = ifnull(:addressee, addressee), addressee_note = ifnull(:note, addressee_note), \
    their_role = :their_role, remote_status = ifnull(:remote_status, remote_status), \
    remote_unread = ifnull(:remote_unread, remote_unread), remote_closed = ifnull(:remote_closed, remote_closed), \
    remote_closed_at = iif(:remote_closed IS NULL, remote_closed_at, :closed_at), \
    remote_unanswered = ifnull(:unanswered, remote_unanswered), gate = ifnull(:gate, gate), \
    gate_since = iif(:gate IS NULL, gate_since, ifnull(:since, iif(:gate = gate, gate_since, NULL))), \
    gate_until = iif(:gate IS NULL, gate_until, :until), order_facts = ifnull(:order_facts, order_facts), \
    products = ifnull(:products, products), category = ifnull(:category, category), facts = :facts, \
    labels = :labels, vendor_created_at = ifnull(:created_at, vendor_created_at), \
    vendor_updated_at = ifnull(:updated_at, vendor_updated_at) \
    WHERE id = :id AND (named = 0 OR ifnull(:subject, subject) IS NOT subject \
    OR ifnull(:customer_id, customer_id) IS NOT customer_id OR ifnull(:customer_name, customer_name) IS NOT customer_name \
    OR ifnull(:customer_email, customer_email) IS NOT customer_email \
    OR ifnull(:customer_phone, customer_phone) IS NOT customer_phone OR ifnull(:counterpart, counterpart) IS NOT counterpart \
    OR ifnull(:addressee, addressee) IS NOT addressee OR ifnull(:note, addressee_note) IS NOT addressee_note \
    OR :their_role <> their_role OR ifnull(:remote_status, remote_status) IS NOT remote_status \
    OR ifnull(:remote_unread, remote_unread) IS NOT remote_unread \
    OR ifnull(:remote_closed, remote_closed) IS NOT remote_closed \
    OR (:remote_closed IS NOT NULL AND remote_closed_at IS NOT :closed_at) \
    OR ifnull(:unanswered, remote_unanswered) IS NOT remote_unanswered OR ifnull(:gate, gate) IS NOT gate \
    OR (:since IS NOT NULL AND gate_since IS NOT :since) OR (:gate IS NOT NULL AND gate_until IS NOT :until) \
    OR ifnull(:order_facts, order_facts) IS NOT order_facts OR ifnull(:products, products) IS NOT products \
    OR ifnull(:category, category) IS NOT category OR :facts <> facts OR :labels <> labels \
    OR ifnull(:created_at, vendor_created_at) IS NOT vendor_created_at \
    OR ifnull(:updated_at, vendor_updated_at) IS NOT vendor_updated_at)";

/// The conversation of a vendor's name or of a further name.
pub(super) fn find(db: &Connection, channel: &str, remote_id: &str) -> Result<Option<i64>> {
    let found = db
        .prepare_cached("SELECT id FROM conversation WHERE channel = ?1 AND remote_id = ?2")?
        .query_row(params![channel, remote_id], |r| r.get(0))
        .optional()?;
    if found.is_some() {
        return Ok(found);
    }
    db.prepare_cached("SELECT conversation FROM alias WHERE channel = ?1 AND alias = ?2")?
        .query_row(params![channel, remote_id], |r| r.get(0))
        .optional()
}

/// Notes a number to find a conversation by.
pub(super) fn number(db: &Connection, id: i64, what: &str, text: &str) -> Result<()> {
    let forward = words::number(text);
    if !forward.is_empty() {
        db.prepare_cached("INSERT OR IGNORE INTO number VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            forward,
            what,
            id,
            words::backward(&forward)
        ])?;
    }
    Ok(())
}
