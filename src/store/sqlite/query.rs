//! The query language as SQL. Values are bound, never written into the text.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Result, ToSql, types::Value};

use super::{
    excerpt::Sought,
    lexicon::Lexicon,
    narrow::{self, Narrow},
    rows, words,
};
use crate::{
    domain::{
        Conversation, ConversationId, Gate, Time,
        query::{Cmp, Has, Is, Query, Term, What},
        time::to_millis,
    },
    store::{Count, ListRequest, Sort, Way},
};

/// A condition over `conversation c`, with what it binds.
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) binds: Vec<(String, Value)>,
}

/// While it is typed a commoner word is answered from its newest hits; what is taken with Enter looks at all.
const HITS: i64 = 1000;

/// The gate at `:now`.
const GATE: &str = "iif(c.gate = 'window', iif(c.gate_until > :now, 'open', 'template_only'), c.gate)";
/// What this agent has not seen.
const UNREAD: &str = "iif(c.mute, 0, ifnull((SELECT u.unread FROM cursor u WHERE u.conversation = c.id AND u.agent = :me), \
    c.unanswered)) > 0";
/// A deadline, or what we promised where that is earlier.
const NEXT_DUE: &str = "ifnull(min(c.due_at, c.promised_at), ifnull(c.due_at, c.promised_at))";
const NEEDS_A_PERSON: &str = "c.outbox IN ('failed', 'uncertain', 'parked')";

/// Makes the condition of a query. `:me` and `:now` are bound by name when they occur. `newest`: the newest hits of a
/// word are enough.
fn condition(query: &Query, me: &str, now: Time, newest: bool, lexicon: &Lexicon) -> Condition {
    let mut binds = Binds { values: Vec::new(), prefix: 'p', now: to_millis(now), newest };
    let mut all: Vec<String> = Vec::new();
    let mut either: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut turns = Vec::new();
    for term in &query.terms {
        if let (What::Turn(turn), false) = (&term.what, term.negated) {
            turns.push(format!("'{}'", turn.as_str()));
            continue;
        }
        binds.newest = newest && !term.negated;
        let sql = term_sql(&term.what, now, lexicon, &mut binds);
        match (term.negated, term.what.key()) {
            (true, _) => all.push(format!("NOT ifnull(({sql}), 0)")),
            (false, None) => all.push(format!("({sql})")),
            (false, Some(key)) => either.entry(key).or_default().push(sql),
        }
    }
    if !turns.is_empty() {
        // Written so that SQLite sees that only the index of what has a turn is needed.
        all.push("c.turn IS NOT NULL".into());
        if turns.len() < 3 {
            all.push(format!("c.turn IN ({})", turns.join(", ")));
        }
    }
    all.extend(either.into_values().map(|alternatives| format!("({})", alternatives.join(" OR "))));
    let sql = if all.is_empty() { "1".to_owned() } else { all.join(" AND ") };
    let mut binds = binds.values;
    for (name, value) in [(":me", Value::from(me.to_owned())), (":now", Value::from(to_millis(now)))] {
        if sql.contains(name) {
            binds.push((name.to_owned(), value));
        }
    }
    Condition { sql, binds }
}

/// Values by their names, as they are written into a statement.
pub(super) struct Binds {
    pub(super) values: Vec<(String, Value)>,
    prefix: char,
    now: i64,
    newest: bool,
}

impl Binds {
    /// Names that do not occur in the condition of a list.
    pub(super) fn beside_those_of_a_list(now: Time) -> Self {
        Self { values: Vec::new(), prefix: 'n', now: to_millis(now), newest: false }
    }

    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        let name = format!(":{}{}", self.prefix, self.values.len());
        self.values.push((name.clone(), value.into()));
        name
    }

    /// The moment that lies so far from now.
    pub(super) fn moment(&mut self, from_now: chrono::TimeDelta) -> String {
        let at = self.now.saturating_add(from_now.num_milliseconds());
        self.bind(at)
    }
}

fn term_sql(what: &What, now: Time, lexicon: &Lexicon, binds: &mut Binds) -> String {
    match what {
        What::Status(status) => format!("c.status = {}", binds.bind(status.as_str().to_owned())),
        What::Channel(name) => format!("c.channel = {}", binds.bind(name.clone())),
        What::Kind(kind) => format!("c.kind = {}", binds.bind(kind.clone())),
        What::Is(is) => is_sql(*is).to_owned(),
        What::Turn(turn) => format!("c.turn = {}", binds.bind(turn.as_str().to_owned())),
        What::Lang(lang) => {
            let lang = binds.bind(lang.clone());
            format!("(lower(c.lang) = {lang} OR lower(c.lang) LIKE {lang} || '-%')")
        }
        What::Priority(priority) => format!("c.priority = {}", binds.bind(priority.as_str().to_owned())),
        What::Waiting(cmp, age) => {
            let since = binds.moment(-*age);
            format!("c.waiting_since {} {since}", if *cmp == Cmp::More { "<=" } else { ">" })
        }
        What::Window(cmp, age) => {
            let until = binds.moment(*age);
            let within = if *cmp == Cmp::Less { "<=" } else { ">" };
            format!("(c.gate = 'window' AND c.gate_until > :now AND c.gate_until {within} {until})")
        }
        What::Due(cmp, age) => {
            let at = binds.moment(*age);
            format!("{NEXT_DUE} {} {at}", if *cmp == Cmp::Less { "<=" } else { ">" })
        }
        What::Assignee(who) => format!("c.assignee = {}", binds.bind(who.clone())),
        What::Label(label) => format!(
            "EXISTS (SELECT 1 FROM label l WHERE l.label = {} AND l.conversation = c.id)",
            binds.bind(label.clone())
        ),
        What::Order(text) => number_sql(text, "'order', 'number'", binds),
        What::Sku(text) => number_sql(text, "'sku', 'number'", binds),
        What::Remote(text) => {
            let (whole, from) = (binds.bind(text.clone()), binds.bind(format!("{text}/")));
            // The character after the slash: every chat of the ticket, by the index.
            let to = binds.bind(format!("{text}0"));
            format!("(c.remote_id = {whole} OR (c.remote_id >= {from} AND c.remote_id < {to}))")
        }
        What::Customer(text) => {
            customer_sql(text, lexicon.matching(text).map(|[_, conversations]| conversations), binds)
        }
        What::WholeCustomer(text) => customer_sql(text, matching(text, false), binds),
        What::Before(moment) => format!("c.updated_at < {}", binds.bind(to_millis(moment.from(now)))),
        What::After(moment) => format!("c.updated_at >= {}", binds.bind(to_millis(moment.from(now)))),
        What::Gate(gate) => match gate {
            Gate::Open | Gate::TemplateOnly => format!("{GATE} = {}", binds.bind(gate.as_str().to_owned())),
            _ => format!("c.gate = {}", binds.bind(gate.as_str().to_owned())),
        },
        What::Has(Has::Draft) => {
            "EXISTS (SELECT 1 FROM draft d WHERE d.conversation = c.id AND d.agent = :me)".to_owned()
        }
        What::Has(Has::Attachment) => {
            "EXISTS (SELECT 1 FROM message am JOIN attachment a ON a.message = am.id \
            WHERE am.conversation = c.id)"
                .to_owned()
        }
        What::Word(word) => text_sql(word, lexicon.matching(word), binds),
        What::Phrase(phrase) => text_sql(phrase, matching(phrase, false).map(twice), binds),
    }
}

fn is_sql(is: Is) -> &'static str {
    match is {
        Is::Unread => UNREAD,
        Is::Mine => "c.assignee = :me",
        Is::Unassigned => "c.assignee IS NULL",
        Is::Snoozed => "c.snoozed_until IS NOT NULL",
        Is::Drift => "c.drift IS NOT NULL",
        Is::Uncertain => outbox_sql("uncertain"),
        Is::Failed => outbox_sql("failed"),
        Is::Parked => outbox_sql("parked"),
        Is::Held => outbox_sql("held"),
        Is::Breaching => "(c.warn_at IS NOT NULL AND c.warn_at <= :now)",
        Is::Fix => NEEDS_A_PERSON,
        Is::Thanked => "c.thanked",
        Is::Promised => "c.promised_at IS NOT NULL",
    }
}

fn outbox_sql(state: &str) -> &'static str {
    // The worst state alone would hide the others.
    match state {
        "uncertain" => {
            "(c.outbox IS NOT NULL AND EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = c.id AND o.state = 'uncertain'))"
        }
        "failed" => {
            "(c.outbox IS NOT NULL AND EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = c.id AND o.state = 'failed'))"
        }
        "parked" => {
            "(c.outbox IS NOT NULL AND EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = c.id AND o.state = 'parked'))"
        }
        _ => {
            "(c.outbox IS NOT NULL AND EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = c.id AND o.state IN ('held', 'later')))"
        }
    }
}

fn customer_sql(text: &str, matching: Option<String>, binds: &mut Binds) -> String {
    let mut any = Vec::new();
    if let Some(matching) = matching {
        let columns = format!("{{customer_name customer_email counterpart}} : ({matching})");
        let bound = binds.bind(columns);
        any.push(format!(
            "c.id IN (SELECT rowid FROM conversation_text WHERE conversation_text MATCH {bound})"
        ));
    }
    any.push(number_sql(text, "'person'", binds));
    format!("({})", any.join(" OR "))
}

/// Numbers by head and by tail.
fn number_sql(text: &str, kinds: &str, binds: &mut Binds) -> String {
    numbers(text, kinds, binds).map_or_else(|| "0".into(), |sql| format!("c.id IN ({sql})"))
}

/// The conversations of a number.
fn numbers(text: &str, kinds: &str, binds: &mut Binds) -> Option<String> {
    let head = words::number(text);
    if head.is_empty() {
        return None;
    }
    let tail = words::backward(&head);
    let (from, to) = (binds.bind(head.clone()), binds.bind(format!("{head}\u{10FFFF}")));
    let (back, back_to) = (binds.bind(tail.clone()), binds.bind(format!("{tail}\u{10FFFF}")));
    Some(format!(
        "SELECT conversation FROM number WHERE forward >= {from} AND forward < {to} AND what IN ({kinds}) \
         UNION ALL SELECT conversation FROM number WHERE backward >= {back} AND backward < {back_to} AND what IN ({kinds})"
    ))
}

/// A text as FTS5 matches it: quoted, the last word by its beginning. `None` where it has no letter or digit.
pub(super) fn matching(text: &str, prefix: bool) -> Option<String> {
    text.chars().any(char::is_alphanumeric).then(|| {
        let quoted = format!("\"{}\"", text.replace('"', "\"\"").replace('\0', " "));
        if prefix { format!("{quoted}*") } else { quoted }
    })
}

fn twice(text: String) -> [String; 2] {
    [text.clone(), text]
}

fn text_sql(text: &str, matching: Option<[String; 2]>, binds: &mut Binds) -> String {
    let Some(matching) = matching else { return "1".into() };
    let [messages, conversations] = matching.map(|it| binds.bind(it));
    let newest = if binds.newest { format!("ORDER BY rowid DESC LIMIT {HITS}") } else { String::new() };
    // One set for all of them: an OR of three keeps each conversation once more.
    let mut any = vec![
        format!(
            "SELECT wm.conversation FROM (SELECT rowid AS hit FROM message_text \
             WHERE message_text MATCH {messages} {newest}) JOIN message wm ON wm.id = hit"
        ),
        format!(
            "SELECT hit FROM (SELECT rowid AS hit FROM conversation_text WHERE conversation_text MATCH {conversations} {newest})"
        ),
    ];
    if words::number(text).chars().count() >= 3 {
        if text.chars().any(|c| c.is_ascii_digit()) {
            any.extend(numbers(text, "'order', 'sku', 'number', 'person'", binds));
        } else if !text.contains(char::is_whitespace) {
            // As it is typed, an SKU may begin with letters alone.
            any.extend(numbers(text, "'sku'", binds));
        }
    }
    format!("c.id IN ({})", any.join(" UNION ALL "))
}

/// The statement of a page of a list, with what it binds: on its way through the order, or from a few conversations.
pub(super) fn list_statement(
    db: &Connection,
    request: &ListRequest,
    few: Option<Condition>,
    lexicon: &Lexicon,
) -> Result<Condition> {
    let newest = request.way == Way::Typed;
    let Condition { sql: condition, mut binds } =
        condition(&request.query, &request.me, request.now, newest, lexicon);
    if !binds.iter().any(|(name, _)| name == ":me") {
        binds.push((":me".into(), request.me.clone().into()));
    }
    let keys = match request.sort {
        Sort::Updated => "updated_at, id",
        Sort::Due => "blocked, due_key, waiting_key, id",
        Sort::Waiting => "waiting_key, id",
    };
    let up = request.way == Way::Up;
    let falling = (request.sort == Sort::Updated) != up;
    let columns: Vec<String> = keys.split(", ").map(|key| format!("c.{key}")).collect();
    let order = columns.join(if falling { " DESC, " } else { ", " }) + if falling { " DESC" } else { "" };
    let mut after = String::new();
    if let Some(id) = request.after {
        let compare = if falling { "<" } else { ">" };
        let values = db
            .query_row(&format!("SELECT {keys} FROM conversation WHERE id = ?1"), [id.0], |r| {
                (0..columns.len()).map(|i| r.get::<_, i64>(i)).collect::<Result<Vec<_>>>()
            })
            .optional()?;
        let Some(values) = values else {
            return Ok(Condition { sql: String::new(), binds: Vec::new() });
        };
        let mut names = Vec::new();
        for (i, value) in values.into_iter().enumerate() {
            let name = format!(":after{i}");
            binds.push((name.clone(), value.into()));
            names.push(name);
        }
        after = format!(" AND ({}) {compare} ({})", columns.join(", "), names.join(", "));
    }
    binds.push((":limit".into(), i64::try_from(request.limit).unwrap_or(i64::MAX).into()));
    let (shown, cursor) = (rows::CONVERSATION, rows::CURSOR);
    // What a search finds is sorted, and only its numbers are: the rows themselves are read for one page of them.
    let from = few.as_ref().map_or_else(String::new, |few| format!("({}) f CROSS JOIN ", few.sql));
    let on = if few.is_some() { "c.id = f.id AND " } else { "" };
    let customer = |term: &Term| matches!(term.what, What::Customer(_) | What::WholeCustomer(_));
    let sql = if request.query.has_words() || few.is_some() || request.query.terms.iter().any(customer) {
        format!(
            "SELECT {shown} FROM (SELECT c.id AS found FROM {from}conversation c WHERE {on}{condition}{after} \
             ORDER BY {order} LIMIT :limit) JOIN conversation c ON c.id = found {cursor} ORDER BY {order}"
        )
    } else {
        format!(
            "SELECT {shown} FROM conversation c {cursor} WHERE {condition}{after} ORDER BY {order} LIMIT :limit"
        )
    };
    add(&mut binds, few);
    Ok(Condition { sql, binds })
}

/// Adds what a narrowing binds.
fn add(binds: &mut Vec<(String, Value)>, few: Option<Condition>) {
    for (name, value) in few.map(|few| few.binds).unwrap_or_default() {
        if !binds.iter().any(|(known, _)| *known == name) {
            binds.push((name, value));
        }
    }
}

/// The words of a query, which only a connection for searches can look up.
fn lexicon(db: &Connection, query: &Query) -> Result<Lexicon> {
    if query.has_words() { Lexicon::of(db, query) } else { Ok(Lexicon::default()) }
}

/// A page of a list.
pub(super) fn list(db: &Connection, request: &ListRequest) -> Result<Vec<Conversation>> {
    let few = match narrow::narrow(db, &request.query, &request.me, request.now)? {
        Narrow::Nothing => return Ok(Vec::new()),
        Narrow::Few(few) if !request.query.has_words() => Some(few),
        Narrow::Few(_) | Narrow::Wide => None,
    };
    let Condition { sql, binds } = list_statement(db, request, few, &lexicon(db, &request.query)?)?;
    if sql.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = db.prepare_cached(&sql)?;
    let bound: Vec<(&str, &dyn ToSql)> =
        binds.iter().map(|(name, value)| (name.as_str(), value as &dyn ToSql)).collect();
    let mut page = statement.query_map(bound.as_slice(), rows::conversation)?.collect::<Result<Vec<_>>>()?;
    if request.way == Way::Up {
        page.reverse();
    }
    Ok(page)
}

/// The words around the newest hit in each conversation. A word of the query is enough: the others may stand elsewhere.
pub(super) fn hits(
    db: &Connection,
    query: &Query,
    of: &[ConversationId],
) -> Result<Vec<(ConversationId, String)>> {
    let words = query.terms.iter().filter(|term| !term.negated).filter_map(|term| match &term.what {
        What::Word(word) => Some((word.as_str(), true)),
        What::Phrase(phrase) => Some((phrase.as_str(), false)),
        _ => None,
    });
    let sought = Sought::new(words);
    if sought.is_empty() {
        return Ok(Vec::new());
    }
    let mut hits = Vec::new();
    for id in of {
        hits.extend(sought.newest(db, id.0)?.map(|hit| (*id, hit)));
    }
    Ok(hits)
}

/// More at risk are not counted: nobody reads the figure any more, and a neglected inbox must not be slow too.
const MOST_AT_RISK: i64 = 10_000;

/// Beyond this nobody counts: a figure beside a saved view that no tally knows ends here, with a `+`.
const MOST: i64 = 999;

/// How many conversations match, of terms that the tally knows.
pub(super) fn total_statement(query: &Query, me: &str, now: Time) -> Condition {
    let Condition { sql, binds } = condition(query, me, now, false, &Lexicon::default());
    let sql = format!(
        "SELECT ifnull(sum(c.n), 0) FROM (SELECT nullif(turn, '') AS turn, nullif(assignee, '') AS assignee, \
         nullif(snoozed, 0) AS snoozed_until, iif(fix, 'failed', NULL) AS outbox, channel, status, \
         nullif(priority, '') AS priority, nullif(lang, '') AS lang, n FROM tally) c WHERE {sql}"
    );
    Condition { sql, binds }
}

/// The statements that say how many conversations match (up to one more than are counted, where no tally knows it), and
/// how many of them are at risk.
pub(super) fn count_statements(
    query: &Query,
    me: &str,
    now: Time,
    few: Option<Condition>,
    lexicon: &Lexicon,
) -> [Condition; 2] {
    // Of a word its newest hits are counted: many more than are counted here are not looked for.
    let Condition { sql, binds } = condition(query, me, now, true, lexicon);
    let total = if is_known_by_the_tally(query) {
        total_statement(query, me, now)
    } else {
        let from = few.as_ref().map_or_else(String::new, |few| format!("({}) f CROSS JOIN ", few.sql));
        let on = if few.is_some() { "c.id = f.id AND " } else { "" };
        let counted = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {from}conversation c WHERE {on}{sql} LIMIT {})",
            MOST + 1
        );
        let mut binds = binds.clone();
        add(&mut binds, few);
        Condition { sql: counted, binds }
    };
    let at_risk = format!(
        "SELECT count(*) FROM (SELECT 1 FROM conversation c WHERE c.warn_at IS NOT NULL AND c.warn_at <= :now \
         AND {sql} LIMIT {MOST_AT_RISK})"
    );
    let mut binds = binds;
    if !binds.iter().any(|(name, _)| name == ":now") {
        binds.push((":now".into(), to_millis(now).into()));
    }
    [total, Condition { sql: at_risk, binds }]
}

/// How many conversations match, and how many of them are at risk.
pub(super) fn count(db: &Connection, query: &Query, me: &str, now: Time) -> Result<Count> {
    let exact = is_known_by_the_tally(query);
    let few = match if exact { Narrow::Wide } else { narrow::narrow(db, query, me, now)? } {
        Narrow::Nothing => return Ok(Count::default()),
        Narrow::Few(few) => Some(few),
        Narrow::Wide => None,
    };
    let lexicon = lexicon(db, query)?;
    let [total, at_risk] = count_statements(query, me, now, few, &lexicon);
    let figure = |Condition { sql, binds }| narrow::figure(db, &sql, &binds);
    let found = figure(total)?;
    let more = !exact && (found > MOST || has_more_hits(db, query, &lexicon)?);
    let total = if exact { found } else { found.min(MOST) };
    let counted = |n| usize::try_from(n).unwrap_or(0);
    Ok(Count { total: counted(total), at_risk: counted(figure(at_risk)?), more })
}

/// Whether any word of it has more hits than were looked at.
fn has_more_hits(db: &Connection, query: &Query, lexicon: &Lexicon) -> Result<bool> {
    for term in query.terms.iter().filter(|term| !term.negated) {
        let matching = match &term.what {
            What::Word(word) => lexicon.matching(word),
            What::Phrase(phrase) => matching(phrase, false).map(twice),
            _ => None,
        };
        let Some(matching) = matching else { continue };
        for (table, matching) in ["message_text", "conversation_text"].into_iter().zip(matching) {
            let more: bool = db
                .prepare_cached(&format!(
                    "SELECT EXISTS (SELECT 1 FROM {table} WHERE {table} MATCH ?1 LIMIT 1 OFFSET {HITS})"
                ))?
                .query_row([matching], |row| row.get(0))?;
            if more {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn is_known_by_the_tally(query: &Query) -> bool {
    query.terms.iter().all(|term| is_tallied(&term.what))
}

/// Whether the tally, which is kept as conversations are written, knows of this.
pub(super) fn is_tallied(what: &What) -> bool {
    match what {
        What::Turn(_)
        | What::Status(_)
        | What::Channel(_)
        | What::Priority(_)
        | What::Lang(_)
        | What::Assignee(_) => true,
        What::Is(is) => matches!(is, Is::Mine | Is::Unassigned | Is::Snoozed | Is::Fix),
        _ => false,
    }
}
