//! What the log of a conversation tells its clocks.

use serde_json::Value;

use super::Pause;
use crate::domain::{Delivery, Direction, Facts, Message, Role, Time, outbox::Event};

/// Words of the log that matter here.
pub const EVENTS: [&str; 3] = ["state", "gate", "episode"];

/// See [`logged`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// When somebody else had to move.
    pub pauses: Vec<Pause>,
    /// When the episode began, where it is not the first.
    pub episode_since: Option<Time>,
}

/// Reads the log, oldest first.
pub fn logged(events: &[Event]) -> Logged {
    let mut found = Logged::default();
    let (mut status, mut gate) = (None, None);
    for event in events {
        let word = |key| word(&event.details, key);
        match event.what.as_str() {
            "state" => {
                let why = match word("to") {
                    "pending" => Some("pending"),
                    "on_hold" => Some("on hold"),
                    _ => None,
                };
                turn(&mut status, why, event.at, &mut found.pauses);
            }
            "gate" => {
                if gate.is_none() && word("from") == "paused" {
                    // It was so when we first saw it; how long before, nobody said.
                    gate = Some((Time::UNIX_EPOCH, "mediation"));
                }
                let why = (word("to") == "paused").then_some("mediation");
                turn(&mut gate, why, event.at, &mut found.pauses);
            }
            "episode" => found.episode_since = Some(event.at),
            _ => {}
        }
    }
    let open = status.into_iter().chain(gate);
    found.pauses.extend(open.map(|(from, why)| Pause { from, to: None, why }));
    found
}

impl Logged {
    /// Whether a reply of ours exists in this episode.
    pub fn replied(&self, thread: &[Message]) -> bool {
        thread.iter().any(|message| {
            message.direction == Direction::Outbound
                && message.author.role != Role::System
                && !matches!(message.delivery, Some(Delivery::Failed | Delivery::Parked))
                && self.episode_since.is_none_or(|since| message.created_at >= since)
        })
    }
}

type Open = Option<(Time, &'static str)>;

/// Ends the pause that holds, and begins the next.
fn turn(open: &mut Open, why: Option<&'static str>, at: Time, pauses: &mut Vec<Pause>) {
    if let Some((from, why)) = open.take() {
        pauses.push(Pause { from, to: Some(at), why });
    }
    *open = why.map(|why| (at, why));
}

fn word<'a>(details: &'a Facts, key: &str) -> &'a str {
    details.get(key).and_then(Value::as_str).unwrap_or_default()
}
