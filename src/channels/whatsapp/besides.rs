//! What comes beside messages: the past of an account that has just been joined, calls, customers' wishes, troubles of
//! the account. Pure.

use super::{
    error,
    map::{By, WINDOW, Walk, known_by, moment, window},
    wire::{Call, Events, Past, PastThread, Preference, Renamed, Trouble},
};
use crate::{
    channels::lenient::{self, Raw},
    domain::{
        Direction, GateEvidence, MessageKind, Role, Time,
        change::{Change, MessageSeen},
        message::Author,
    },
};

impl Walk {
    /// Walks through all of it; what cannot be read is said in a sentence.
    pub(super) fn besides(&mut self, events: &Events, unread: &mut Vec<String>) {
        for raw in &events.history {
            match lenient::split::<Past>(raw) {
                Ok(past) => self.past(&past, unread),
                Err(_) => {
                    unread.push(format!("a part of the past is {}, not an object", lenient::shape(raw)));
                }
            }
        }
        for raw in &events.calls {
            unread.extend(self.call(raw).err());
        }
        for raw in &events.user_preferences {
            unread.extend(self.preference(raw).err());
        }
        for raw in &events.user_id_update {
            unread.extend(self.renamed(raw).err());
        }
    }

    /// Troubles of the account as a whole.
    pub(super) fn errors(&mut self, raws: &[Raw], unread: &mut Vec<String>) {
        for raw in raws {
            let trouble = lenient::decode::<Trouble>(raw).map(|(trouble, _)| error::words(&trouble));
            match trouble.ok().filter(|it| !it.is_empty()) {
                Some(text) => {
                    let key = Some(known_by(raw));
                    self.after.push(Change::Account { text, at: self.received_at, key });
                }
                None => unread.push("an error without words".into()),
            }
        }
    }

    fn past(&mut self, past: &Past, unread: &mut Vec<String>) {
        for raw in &past.threads {
            let Ok(thread) = lenient::split::<PastThread>(raw) else {
                unread.push(format!("a thread is {}, not an object", lenient::shape(raw)));
                continue;
            };
            let Some(with) = thread.id.filter(|it| !it.is_empty()) else {
                unread.push("a thread of the past names nobody".into());
                continue;
            };
            for raw in &thread.messages {
                unread.extend(self.message(raw, By::Past(&with)).err());
            }
        }
        self.errors(&past.errors, unread);
    }

    /// A call: a note in the person's conversation. One of theirs opens the window as a message does (contract B.7).
    fn call(&mut self, raw: &Raw) -> Result<(), String> {
        let (call, _) = lenient::decode::<Call>(raw)
            .map_err(|_| format!("a call is {}, not an object", lenient::shape(raw)))?;
        let id = call.id.ok_or("a call without an id")?;
        let ours = call.direction.as_deref() == Some("BUSINESS_INITIATED");
        let wa_id = if ours { call.to.as_deref() } else { call.from.as_deref() };
        let person = self.person(wa_id, call.from_user_id.as_deref().filter(|_| !ours), None);
        let conversation = person.conversation().ok_or_else(|| format!("call {id} names nobody"))?.to_owned();
        let at = call.timestamp.as_deref().and_then(moment);
        let began = call.start_time.as_deref().and_then(moment).or(at).unwrap_or(self.received_at);
        let over = call.event.as_deref() == Some("terminate");
        let body = if over {
            let parts = [call.status, call.duration.map(|seconds| format!("{seconds} s"))];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            format!("[call] over{}{}", if parts.is_empty() { "" } else { ": " }, parts.join(", "))
        } else if ours {
            "[call] from us".to_owned()
        } else {
            "[call] from the customer: it rings in WhatsApp, not here".to_owned()
        };
        if let Some(seen) = self.conversation(&person).filter(|_| !ours) {
            window(seen, GateEvidence::Window { until: began + WINDOW });
        }
        let event = call.event.unwrap_or_default();
        self.note(conversation, format!("call:{id}:{event}"), body, at);
        Ok(())
    }

    /// A wish: a note in the person's conversation.
    fn preference(&mut self, raw: &Raw) -> Result<(), String> {
        let (wish, _) = lenient::decode::<Preference>(raw)
            .map_err(|_| format!("a wish is {}, not an object", lenient::shape(raw)))?;
        let person = self.person(wish.wa_id.as_deref(), wish.user_id.as_deref(), None);
        let conversation = person.conversation().ok_or("a wish names nobody")?.to_owned();
        let about = [wish.category, wish.value].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let body = format!("[{about}] {}", wish.detail.unwrap_or_default()).trim_end().to_owned();
        let at = wish.timestamp.as_deref().and_then(moment);
        self.conversation(&person);
        let when = at.map(|at| at.timestamp().to_string()).unwrap_or_default();
        self.note(conversation, format!("wish:{about}:{when}"), body, at);
        Ok(())
    }

    /// A new user id: the person answers under either, and whoever is not known here begins nothing by it.
    fn renamed(&mut self, raw: &Raw) -> Result<(), String> {
        let (renamed, _) = lenient::decode::<Renamed>(raw)
            .map_err(|_| format!("a new user id is {}, not an object", lenient::shape(raw)))?;
        let ids = renamed.user_id.unwrap_or_default();
        let given = |name: Option<String>| name.filter(|it| !it.is_empty());
        let alias = given(ids.current).ok_or("a new user id is not said")?;
        let names: Vec<_> = [ids.previous, renamed.wa_id]
            .into_iter()
            .filter_map(given)
            .filter(|name| *name != alias && !self.is_own(name))
            .collect();
        if names.is_empty() {
            return Err(format!("user id {alias} is new, and nobody's"));
        }
        let aliases =
            names.into_iter().map(|conversation| Change::Alias { conversation, alias: alias.clone() });
        self.after.extend(aliases);
        Ok(())
    }

    /// A word of the machine's: it moves nothing.
    fn note(&mut self, conversation: String, key: String, body: String, sent_at: Option<Time>) {
        // Two people may wish the same in the same second.
        let key = if key.starts_with("wish:") { format!("{key}:{conversation}") } else { key };
        self.after.push(Change::Message(Box::new(MessageSeen {
            conversation,
            key,
            remote_id: None,
            direction: Direction::Note,
            author: Author { role: Role::System, name: None },
            author_id: None,
            body,
            raw: None,
            kind: MessageKind::System,
            attachments: Vec::new(),
            context: None,
            sent_at,
            send_id: None,
            provisional: false,
        })));
    }
}
