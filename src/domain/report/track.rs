//! One conversation's log in an order in which it can be told.

use serde_json::Value;

use crate::domain::{
    ChannelKind, ChannelName, ConversationId, Direction, Gate, Role, Status, Time, outbox::Event,
    time::from_millis,
};

/// What the log holds of one conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Whose it is.
    pub conversation: ConversationId,
    /// Its channel.
    pub channel: ChannelName,
    /// Its kind.
    pub kind: ChannelKind,
    /// The vendor's name for it.
    pub remote_id: String,
    /// Its labels as they are now.
    pub labels: Vec<String>,
    /// A chat that we may only read: in no figure.
    pub mute: bool,
    /// Messages, in the order in which they came here.
    pub messages: Vec<Said>,
    /// Everything else, in the order in which it was written down.
    pub events: Vec<Event>,
}

/// A message, as far as figures go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its number, which counts the order of arrival.
    pub id: i64,
    /// The vendor's time, or ours.
    pub at: Time,
    /// When it was written here; for others, when it came.
    pub received_at: Time,
    /// Seen from us.
    pub direction: Direction,
    /// By what.
    pub role: Role,
    /// By whom: the account where it was written here, else the vendor's name.
    pub by: Option<String>,
    /// Written here.
    pub here: bool,
    /// Nothing but thanks.
    pub thanks: bool,
}

/// Where an item can be looked up: a message's number or an event's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// As `show` numbers it.
    Message(i64),
    /// As `show --history` numbers it.
    Event(i64),
}

/// One step of the log.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) at: Time,
    pub(super) source: Source,
    pub(super) actor: Option<String>,
    pub(super) what: What,
}

/// What a step is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    In { thanks: bool },
    Out,
    Auto,
    Note,
    State { to: Status, as_it_stands: bool },
    Gate(Gate),
    Episode,
    Settled,
    Assign(Option<String>),
    Snooze(Option<Time>),
    Handled(i64),
}

/// The steps until `t`, in the order in which they happened. A reply that was written here comes after everything that
/// was here when it was written, and before everything that was not, whatever the vendor's clock says.
pub(super) fn steps(track: &Track, t: Time) -> Vec<Step> {
    let mut messages: Vec<&Said> = track.messages.iter().filter(|it| it.at <= t).collect();
    messages.sort_by_key(|it| it.id);
    let mut keyed: Vec<((Time, u8, i64), Step)> = Vec::new();
    let (mut newest, mut floor) = (Time::UNIX_EPOCH, Time::UNIX_EPOCH);
    for it in messages {
        let what = match (it.direction, it.role) {
            (Direction::Note, _) => What::Note,
            (Direction::Inbound, Role::System) => continue,
            (Direction::Inbound, _) => What::In { thanks: it.thanks },
            (Direction::Outbound, Role::System) => What::Auto,
            (Direction::Outbound, _) => What::Out,
        };
        let order = match what {
            What::Out if it.here => {
                floor = newest.max(it.received_at).max(floor);
                floor
            }
            What::In { .. } => it.at.max(floor),
            _ => it.at,
        };
        if matches!(what, What::In { .. }) {
            newest = newest.max(order);
        }
        let step = Step { at: it.at, source: Source::Message(it.id), actor: it.by.clone(), what };
        keyed.push(((order, 1, it.id), step));
    }
    for it in standing(track.events.iter().filter(|it| it.at <= t)) {
        let Some(what) = what(it) else { continue };
        // What time alone did comes before the message that it is told with.
        let before = matches!(what, What::Episode | What::State { to: Status::Closed, .. });
        let step = Step { at: it.at, source: Source::Event(it.seq), actor: it.actor.clone(), what };
        keyed.push(((it.at, if before { 0 } else { 2 }, it.seq), step));
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, step)| step).collect()
}

/// Why a status went back with the reply that had moved it.
const UNMADE: [&str; 3] = ["taken back", "not sent", "undone"];

/// All but the moves of replies that never left, and their ends: in figures they have not been made.
fn standing<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<&'a Event> {
    let mut stand: Vec<&Event> = Vec::new();
    for event in events {
        let word = |event: &'a Event, key: &str| event.details.get(key).and_then(Value::as_str);
        if event.what == "state" && word(event, "why").is_some_and(|why| UNMADE.contains(&why)) {
            let last = stand.iter().rposition(|it| it.what == "state");
            let made = last.filter(|at| {
                let move_ = stand[*at];
                word(move_, "to") == word(event, "from") && word(move_, "from") == word(event, "to")
            });
            if let Some(at) = made {
                stand.remove(at);
                continue;
            }
        }
        stand.push(event);
    }
    stand
}

fn what(event: &Event) -> Option<What> {
    let value = |key: &str| event.details.get(key);
    let word = |key: &str| value(key).and_then(Value::as_str);
    Some(match event.what.as_str() {
        "state" => What::State {
            to: Status::parse(word("to")?)?,
            as_it_stands: value("as_it_stands").and_then(Value::as_bool).unwrap_or(false),
        },
        "gate" => What::Gate(Gate::parse(word("to")?).unwrap_or(Gate::Unknown)),
        "episode" => What::Episode,
        "no reply needed" => What::Settled,
        "assign" => What::Assign(word("to").map(str::to_owned)),
        "snooze" => What::Snooze(value("to").or(value("until")).and_then(Value::as_i64).map(from_millis)),
        "woke" => What::Snooze(None),
        "handled" => What::Handled(value("ms").and_then(Value::as_i64)?),
        _ => return None,
    })
}
