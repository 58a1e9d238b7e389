//! Lists of few conversations. A list is read in its order until a page is full; where hardly anything matches, that way
//! leads through the whole mailbox. So a list begins with the conversations that one of its terms names by an index,
//! wherever they are few.

use rusqlite::{Connection, Result, ToSql};

use super::query::{Binds, Condition, is_tallied, total_statement};
use crate::domain::{
    Gate, Status, Time,
    query::{Cmp, Has, Is, Query, Term, What},
    time::to_millis,
};

/// More than so many are met soon enough on the way through the list.
const FEW: i64 = 2000;

/// What is known of a list before its mailbox is looked at.
pub(super) enum Narrow {
    /// Nothing matches.
    Nothing,
    /// A `SELECT … AS id` of few conversations, all that match among them.
    Few(Condition),
    /// Nobody knows.
    Wide,
}

/// Looks for a term that matches few.
pub(super) fn narrow(db: &Connection, query: &Query, me: &str, now: Time) -> Result<Narrow> {
    let alone = |term: &&Term| {
        !term.negated
            && query.terms.iter().filter(|it| !it.negated && it.what.key() == term.what.key()).count() == 1
    };
    for term in query.terms.iter().filter(alone) {
        let Some(few) = source_of(&term.what, me, now) else { continue };
        let counted = format!("SELECT count(*) FROM (SELECT id FROM ({}) LIMIT {})", few.sql, FEW + 1);
        match figure(db, &counted, &few.binds)? {
            0 => return Ok(Narrow::Nothing),
            ..=FEW => return Ok(Narrow::Few(few)),
            _ => {}
        }
    }
    // The tally knows of no numbers, and of combinations that nothing matches.
    let tallied = tallied_part(query);
    if !tallied.terms.iter().all(|term| matches!(term.what, What::Turn(_))) {
        let Condition { sql, binds } = total_statement(&tallied, me, now);
        if figure(db, &sql, &binds)? == 0 {
            return Ok(Narrow::Nothing);
        }
    }
    Ok(Narrow::Wide)
}

/// The conversations of a term by an index, with what that binds.
pub(super) fn source_of(what: &What, me: &str, now: Time) -> Option<Condition> {
    let mut binds = Binds::beside_those_of_a_list(now);
    let sql = source(what, &mut binds)?;
    let mut binds = binds.values;
    for (name, value) in [(":me", me.to_owned().into()), (":now", to_millis(now).into())] {
        if sql.contains(name) {
            binds.push((name.to_owned(), value));
        }
    }
    Some(Condition { sql, binds })
}

/// A statement that answers one number.
pub(super) fn figure(db: &Connection, sql: &str, binds: &[(String, rusqlite::types::Value)]) -> Result<i64> {
    let bound: Vec<(&str, &dyn ToSql)> =
        binds.iter().map(|(name, value)| (name.as_str(), value as &dyn ToSql)).collect();
    db.prepare_cached(sql)?.query_row(bound.as_slice(), |row| row.get(0))
}

/// The terms that the tally can answer and that must hold whatever the others say.
fn tallied_part(query: &Query) -> Query {
    let whole = |term: &&Term| {
        let group = query.terms.iter().filter(|it| !it.negated && it.what.key() == term.what.key());
        is_tallied(&term.what) && (term.negated || group.into_iter().all(|it| is_tallied(&it.what)))
    };
    Query { terms: query.terms.iter().filter(whole).cloned().collect() }
}

/// The conversations of a term by an index; `None` where there is none, or where its condition uses one by itself.
fn source(what: &What, binds: &mut Binds) -> Option<String> {
    Some(match what {
        What::Label(label) => {
            format!("SELECT conversation AS id FROM label WHERE label = {}", binds.bind(label.clone()))
        }
        What::Is(Is::Unread) => "SELECT conversation AS id FROM cursor WHERE agent = :me AND unread > 0 \
            UNION ALL SELECT id FROM conversation w WHERE waiting_key < 9223372036854775807 AND NOT EXISTS \
            (SELECT 1 FROM cursor u WHERE u.conversation = w.id AND u.agent = :me)"
            .to_owned(),
        What::Is(Is::Thanked) => "SELECT id FROM conversation WHERE thanked".to_owned(),
        What::Waiting(cmp, age) => {
            let since = binds.moment(-*age);
            let which = match cmp {
                Cmp::More => format!("waiting_key <= {since}"),
                Cmp::Less => format!("waiting_key > {since} AND waiting_key < 9223372036854775807"),
            };
            format!("SELECT id FROM conversation WHERE {which}")
        }
        What::Due(cmp, age) => {
            let at = binds.moment(*age);
            let which = match cmp {
                Cmp::Less => format!("due_key <= {at}"),
                Cmp::More => format!("due_key > {at} AND due_key < 9223372036854775807"),
            };
            format!("SELECT id FROM conversation WHERE blocked IN (0, 1) AND {which}")
        }
        What::Window(cmp, age) => {
            let until = binds.moment(*age);
            let within = if *cmp == Cmp::Less { "<=" } else { ">" };
            // One that is open is not blocked.
            format!(
                "SELECT id FROM conversation WHERE gate = 'window' AND blocked = 0 AND gate_until > :now \
                 AND gate_until {within} {until}"
            )
        }
        What::Gate(Gate::ReadOnly | Gate::Unknown) => return None,
        What::Gate(gate @ (Gate::Open | Gate::TemplateOnly)) => format!(
            "SELECT id FROM conversation WHERE gate IN ({}, 'window') AND gate NOT IN ('read_only', 'unknown')",
            binds.bind(gate.as_str().to_owned())
        ),
        What::Gate(gate) => format!(
            "SELECT id FROM conversation WHERE gate = {} AND gate NOT IN ('read_only', 'unknown')",
            binds.bind(gate.as_str().to_owned())
        ),
        What::Priority(priority) => format!(
            "SELECT id FROM conversation WHERE priority = {}",
            binds.bind(priority.as_str().to_owned())
        ),
        What::Assignee(who) => {
            format!("SELECT id FROM conversation WHERE assignee = {}", binds.bind(who.clone()))
        }
        What::Status(status) if !matches!(status, Status::Resolved | Status::Closed) => format!(
            "SELECT id FROM conversation WHERE status = {} AND status NOT IN ('resolved', 'closed')",
            binds.bind(status.as_str().to_owned())
        ),
        What::Channel(name) => {
            format!("SELECT id FROM conversation WHERE channel = {}", binds.bind(name.clone()))
        }
        What::Kind(kind) => format!(
            "SELECT id FROM channel ch CROSS JOIN conversation c ON c.channel = ch.name WHERE ch.kind = {}",
            binds.bind(kind.clone())
        ),
        What::Has(Has::Attachment) => {
            "SELECT DISTINCT m.conversation AS id FROM attachment a CROSS JOIN message m ON m.id = a.message"
                .to_owned()
        }
        What::Has(Has::Draft) => "SELECT DISTINCT conversation AS id FROM draft WHERE agent = :me".to_owned(),
        _ => return None,
    })
}
