//! A desk to test at: four channels, a few conversations, a store that answers when it is told to.

use std::{collections::HashMap, sync::Arc};

use chrono::{Duration, TimeZone, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;

use crate::{
    app::{
        AppOptions, Effect, Input, Loaded, Model, Msg, Outcome, Request, Stroke, Ticket, Wish,
        preview::PreviewBody,
    },
    domain::{
        Attachment, AttachmentState, Author, Capabilities, ChannelHealth, ChannelKind, Conversation,
        ConversationId, Counterpart, Customer, Delivery, Descriptor, Direction, Gate, GateEvidence, Message,
        MessageId, MessageKind, OutboxRow, Reach, Role, RowNumber, Status, Time,
        capability::{Caption, FileLimit, FileRules},
        desk::{Changed, Committed, Count, Way},
        outbox::Event,
        report::{Policies, Report, Said, Scope, Track},
    },
};

pub(crate) fn at(clock: &str) -> Time {
    let (hours, minutes) = clock.split_once(':').unwrap();
    Utc.with_ymd_and_hms(2023, 6, 7, hours.parse().unwrap(), minutes.parse().unwrap(), 0).unwrap()
}

/// The moment of every test's first key.
pub(crate) fn now() -> Time {
    at("00:52")
}

fn capabilities(kind: &str) -> Capabilities {
    let files = |caption, image: bool| FileRules {
        limits: vec![FileLimit {
            kind: "image".into(),
            mimes: vec!["image/*".into()],
            max_bytes: 5_000_000,
            caption: image,
        }],
        caption,
    };
    let all = Capabilities {
        create: Reach::Remote,
        reply: Reach::Remote,
        mark_read: Reach::Remote,
        mark_unread: Reach::Local,
        resolve: Reach::Local,
        reopen: Reach::Local,
        ..Capabilities::read_only()
    };
    match kind {
        "skyhub" => Capabilities {
            create: Reach::Forbidden,
            mark_unread: Reach::Remote,
            resolve: Reach::Remote,
            reopen: Reach::Remote,
            resolve_word: "ARCHIVED".into(),
            reopen_word: "READ".into(),
            ..all
        },
        "dsco" => Capabilities {
            mark_read: Reach::Local,
            resolve: Reach::Remote,
            reopen: Reach::Remote,
            resolve_word: "closed".into(),
            reopen_word: "in_progress".into(),
            max_title: Some(50),
            ..all
        },
        "whatsapp" => Capabilities {
            files: Some(files(Caption::UpTo(1024), true)),
            quote: true,
            templates: true,
            max_text: Some(4096),
            ..all
        },
        _ => Capabilities { files: Some(files(Caption::Always, true)), ..all },
    }
}

pub(crate) fn descriptor(name: &str, kind: &'static str, short: &str, vendor: Option<&str>) -> Descriptor {
    Descriptor {
        name: name.into(),
        kind: ChannelKind(kind.into()),
        short: short.into(),
        vendor: vendor.map(str::to_owned),
        capabilities: capabilities(kind),
        languages: Vec::new(),
        undo_window_ms: if kind == "whatsapp" { 3_000 } else { 10_000 },
        account: None,
        categories: if kind == "thg" {
            vec!["WEBSITE_ISSUES".into(), "WHERE_IS_MY_ORDER".into()]
        } else {
            Vec::new()
        },
        templates: if kind == "whatsapp" {
            vec![crate::domain::channel::Template {
                name: "order_update".into(),
                language: "en_US".into(),
                parameters: vec!["order".into()],
                text: Some("Your order {1} is on its way".into()),
            }]
        } else {
            Vec::new()
        },
        clocks: crate::domain::clock::Policy {
            vendor: if kind == "skyhub" {
                crate::channels::skyhub::clock()
            } else {
                crate::domain::clock::VendorClock::default()
            },
            ..crate::domain::clock::Policy::default()
        },
        manner: match kind {
            "thg" => crate::channels::thg::manner(),
            "dsco" => crate::channels::dsco::manner(crate::channels::dsco::Role::Supplier),
            "skyhub" => crate::channels::skyhub::manner(),
            _ => crate::channels::whatsapp::manner(),
        },
    }
}

pub(crate) fn options(size: (u16, u16)) -> AppOptions {
    AppOptions {
        me: "ana".into(),
        name: "Ana Souza".into(),
        descriptors: vec![
            descriptor("americanas", "skyhub", "SKYH", Some("SkyHub")),
            descriptor("dsco-supplier", "dsco", "DSCO", None),
            descriptor("wa-br", "whatsapp", "WAPP", None),
            descriptor("myprotein", "thg", "THG", None),
        ],
        views: Vec::new(),
        channel: None,
        keep_status: false,
        lint: HashMap::new(),
        canned: vec!["/etc/deskline/canned".into()],
        filters: Vec::new(),
        preset: "default".into(),
        bindings: Vec::new(),
        pin: None,
        mouse: false,
        members: vec!["jon".into()],
        teams: Vec::new(),
        my_teams: Vec::new(),
        zone: chrono_tz::America::Sao_Paulo,
        lang: crate::domain::Lang::default(),
        demo: false,
        tutor: false,
        config_file: None,
        size,
    }
}

pub(crate) fn conversation(
    id: i64,
    channel: &str,
    kind: &'static str,
    name: &str,
    subject: &str,
) -> Conversation {
    Conversation {
        id: ConversationId(id),
        channel: channel.into(),
        kind: ChannelKind(kind.into()),
        remote_id: format!("remote-{id}"),
        subject: Some(subject.into()),
        customer: Customer { id: Some(id.to_string()), name: Some(name.into()), ..Customer::default() },
        counterpart: Counterpart { name: name.into(), addressee: format!("CUSTOMER {name}"), note: None },
        their_role: Role::Customer,
        status: Status::Open,
        remote_status: None,
        remote_read_at: None,
        gate: GateEvidence::said(Gate::Open),
        turn: Status::Open.turn(),
        unread: 0,
        remote_unread: false,
        assignee: None,
        labels: Vec::new(),
        priority: None,
        snoozed_until: None,
        held_until: None,
        order: None,
        products: Vec::new(),
        category: None,
        messages: 1,
        lang: Some("en".into()),
        rev: 12,
        due_clock: None,
        waiting_since: Some(now() - Duration::minutes(41)),
        due_at: None,
        created_at: at("00:00"),
        updated_at: at("00:41"),
        last_line: None,
        last_direction: Some(Direction::Inbound),
        outbox: None,
        has_draft: false,
        drift: None,
        thanked: false,
        promise: None,
    }
}

/// The rows of tui.md's list.
pub(crate) fn rows() -> Vec<Conversation> {
    let mut joao =
        conversation(17, "americanas", "skyhub", "João dos Santos", "Produto ainda não foi entregue");
    joao.assignee = Some("ana".into());
    joao.unread = 1;
    joao.due_at = Some(now() + Duration::minutes(4));
    joao.due_clock = Some("marketplace".into());
    joao.lang = Some("pt-BR".into());
    joao.waiting_since = Some(now() - Duration::minutes(2));
    joao.remote_id = "Lojas Americanas-200123456789001/CUSTOMER_SELLER".into();
    joao.order = json!({ "number": "02-123456789", "delivery": "200123456789001" }).as_object().cloned();
    joao.remote_status = json!({ "seller_status": "UNREAD", "status": "ACTIVE" }).as_object().cloned();
    joao.remote_read_at = Some(now() - Duration::seconds(40));
    let mut dsco =
        conversation(19, "dsco-supplier", "dsco", "consumer 12345", "Late order complaint on Order 1");
    dsco.counterpart.addressee = "CONSUMER 12345".into();
    dsco.counterpart.note = Some("through Big Retailer".into());
    dsco.due_at = Some(now() - Duration::minutes(12));
    dsco.outbox = Some(Delivery::Failed);
    let mut kerry = conversation(21, "wa-br", "whatsapp", "Kerry Fisher", "Is it waterproof?");
    kerry.gate = GateEvidence::Window { until: now() + Duration::minutes(40) };
    kerry.due_at = Some(now() + Duration::minutes(40));
    kerry.due_clock = Some("window".into());
    kerry.unread = 1;
    let mut thg = conversation(23, "myprotein", "thg", "THG support", "WEBSITE_ISSUES");
    thg.counterpart.addressee = "THG CUSTOMER SERVICES".into();
    thg.counterpart.note = Some("as care@example.com".into());
    thg.last_line = Some("cannot log in".into());
    thg.last_direction = Some(Direction::Outbound);
    thg.outbox = Some(Delivery::Held);
    thg.assignee = Some("ana".into());
    thg.waiting_since = None;
    let mut paused = conversation(24, "americanas", "skyhub", "João dos Santos", "Onde está?");
    paused.gate = GateEvidence::Said { gate: Gate::Paused, since: Some(at("00:02")) };
    paused.status = Status::OnHold;
    paused.assignee = Some("jon".into());
    paused.lang = Some("pt".into());
    paused.waiting_since = Some(now() - Duration::hours(5));
    vec![joao, dsco, kerry, thg, paused]
}

pub(crate) fn message(id: i64, of: i64, direction: Direction, author: &str, body: &str) -> Message {
    Message {
        id: MessageId(id),
        conversation: ConversationId(of),
        remote_id: None,
        direction,
        author: Author {
            role: if direction == Direction::Inbound { Role::Customer } else { Role::Agent },
            name: Some(author.into()),
        },
        body: body.into(),
        kind: MessageKind::Text,
        delivery: (direction == Direction::Outbound).then_some(Delivery::Sent),
        error: None,
        attachments: Vec::new(),
        context: None,
        created_at: at("00:41") + Duration::minutes(id),
        row: None,
        edited_at: None,
        removed_at: None,
        reactions: Vec::new(),
    }
}

/// The thread of a conversation.
pub(crate) fn thread(of: i64) -> Vec<Message> {
    let mut first =
        message(1, of, Direction::Inbound, "João dos Santos", "Olá! Produto ainda não foi entregue.");
    first.attachments.push(Attachment {
        n: 1,
        name: Some("nota.pdf".into()),
        mime: Some("application/pdf".into()),
        size: Some(120_000),
        sha256: None,
        state: AttachmentState::Stored,
        fetched: None,
    });
    vec![first, message(2, of, Direction::Note, "jon", "carrier says lost, offer resend or refund")]
}

/// A desk: the model, the time, and what was asked of the store and not answered yet.
pub(crate) struct Desk {
    pub model: Model,
    pub now: Time,
    pub store: Vec<Conversation>,
    pub threads: HashMap<i64, Vec<Message>>,
    pub asked: Vec<(Ticket, Request)>,
    pub wished: Vec<(Ticket, Wish)>,
    pub timers: Vec<(Time, Ticket)>,
    pub others: Vec<Effect>,
    pub shelf: crate::app::canned::Shelf,
    pub owners: Vec<(String, Conversation)>,
    pub versions: Vec<crate::domain::Draft>,
    pub present: Vec<crate::domain::presence::Present>,
    pub outbox: Vec<OutboxRow>,
    pub history: Vec<Event>,
    pub preview: Option<String>,
}

impl Desk {
    /// Everything read, the list drawn, the view All.
    pub fn open(size: (u16, u16)) -> Self {
        Self::with(options(size))
    }

    pub fn with(options: AppOptions) -> Self {
        let mut desk = Self::unread(options);
        desk.answer();
        desk
    }

    /// Before the store has answered anything.
    pub fn unread(options: AppOptions) -> Self {
        let model = Model::new(options, now());
        let mut desk = Self {
            model,
            now: now(),
            store: rows(),
            threads: HashMap::from([(17, thread(17)), (24, thread(24))]),
            asked: Vec::new(),
            wished: Vec::new(),
            timers: Vec::new(),
            others: Vec::new(),
            shelf: crate::app::canned::Shelf::default(),
            owners: Vec::new(),
            versions: Vec::new(),
            present: Vec::new(),
            outbox: Vec::new(),
            history: Vec::new(),
            preview: None,
        };
        let effects = desk.model.start(desk.now);
        desk.take(effects);
        desk.draw();
        desk
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Load(ticket, request) => self.asked.push((ticket, request)),
                Effect::Perform(ticket, wish) => self.wished.push((ticket, wish)),
                Effect::StartTimer { ticket, at } => self.timers.push((at, ticket)),
                other => self.others.push(other),
            }
        }
    }

    pub fn send(&mut self, msg: Msg) {
        let effects = self.model.update(self.now, msg);
        self.take(effects);
    }

    pub fn draw(&mut self) {
        let effects = self.model.drawn(self.now);
        self.take(effects);
    }

    /// Answers what was asked until nothing is; wishes stay unanswered.
    pub fn answer(&mut self) {
        for _ in 0..20 {
            let asked = std::mem::take(&mut self.asked);
            if asked.is_empty() {
                break;
            }
            for (ticket, request) in asked {
                let loaded = self.reads(request);
                self.send(Msg::Loaded(ticket, loaded));
            }
        }
        self.draw();
    }

    pub fn reads(&self, request: Request) -> Loaded {
        match request {
            Request::List(wish) => {
                let place = wish.after.and_then(|id| self.store.iter().position(|row| row.id == id));
                let rows = if wish.way == Way::Up {
                    let end = place.unwrap_or(self.store.len());
                    &self.store[end.saturating_sub(wish.limit)..end]
                } else {
                    let rest = &self.store[place.map_or(0, |at| at + 1)..];
                    &rest[..rest.len().min(wish.limit)]
                };
                Loaded::List(rows.to_vec())
            }
            // The ticket of every chat has another one.
            Request::Counts(queries) if queries.iter().any(|it| it.contains("remote:")) => {
                Loaded::Counts(vec![Count { total: 2, at_risk: 0, more: false }])
            }
            Request::Counts(queries) => Loaded::Counts(
                [(0, 0), (0, 0), (0, 0), (58, 0), (9, 0), (4, 0)]
                    .iter()
                    .cycle()
                    .take(queries.len())
                    .map(|(total, at_risk)| Count { total: *total, at_risk: *at_risk, more: false })
                    .collect(),
            ),
            Request::Conversation(id) => {
                Loaded::Conversation(self.store.iter().find(|row| row.id == id).cloned().map(Box::new))
            }
            Request::Thread { id, .. } => Loaded::Thread(
                self.threads
                    .get(&id.0)
                    .cloned()
                    .unwrap_or_else(|| vec![message(50, id.0, Direction::Inbound, "Kerry", "Hi")]),
            ),
            Request::History(_) => Loaded::History(self.history.clone()),
            Request::Outbox(_) => Loaded::Outbox(self.outbox.clone()),
            Request::Draft { .. } => Loaded::Draft(None),
            Request::Present(_) => Loaded::Present(self.present.clone()),
            Request::Versions { .. } => Loaded::Versions(self.versions.clone()),
            Request::Drafts => Loaded::Drafts(Vec::new()),
            Request::Preview { n, .. } => Loaded::Preview(PreviewBody::Text(
                self.preview.clone().unwrap_or_else(|| format!("file {n}\nline two")),
            )),
            Request::Report { days, by } => {
                let scope = Scope { from: self.now - Duration::days(days), to: self.now, by };
                let mut report = Report::new(scope);
                for row in &self.store {
                    report.add(&track(row), &Policies::new());
                }
                Loaded::Report(Arc::new(report))
            }
            Request::Health => Loaded::Health(vec![ChannelHealth {
                channel: "americanas".into(),
                short: "SKYH".into(),
                ok_at: None,
                failing_since: Some(at("00:40")),
                trouble: Some("401".into()),
                error: None,
                engine: None,
                last_webhook: None,
                poll_due: None,
                notice: None,
            }]),
            Request::Session => Loaded::Session(None),
            Request::Canned(_) => Loaded::Canned(Box::new(self.shelf.clone())),
            Request::Hits(_, ids) => {
                Loaded::Hits(ids.into_iter().take(1).map(|id| (id, "the words around it".into())).collect())
            }
            Request::Owners(_) => Loaded::Owners(self.owners.clone()),
            Request::Members => Loaded::Members(vec!["ana".into(), "jon".into()]),
        }
    }

    /// Answers the newest wish.
    pub fn done(&mut self, outcome: Outcome) {
        let (ticket, _) = self.wished.pop().expect("a wish was made");
        self.send(Msg::Done(ticket, outcome));
    }

    /// Answers every wish well.
    pub fn all_done(&mut self) {
        for (ticket, wish) in std::mem::take(&mut self.wished) {
            let outcome = match wish {
                Wish::Commit(commit) => Outcome::Committed(Committed {
                    conversation: commit.conversation.unwrap_or(ConversationId(99)),
                    rows: (0..commit.actions.len())
                        .map(|n| RowNumber(31 + i64::try_from(n).unwrap()))
                        .collect(),
                    messages: vec![None; commit.actions.len()],
                }),
                Wish::Change { change, vendor, .. } => Outcome::Changed(Changed {
                    inverse: vec![change],
                    rows: vendor.iter().map(|_| RowNumber(41)).collect(),
                }),
                Wish::TakeBack(_) => Outcome::TakenBack(None),
                _ => Outcome::Done,
            };
            self.send(Msg::Done(ticket, outcome));
        }
    }

    /// Time goes by; timers fire in their order.
    pub fn wait(&mut self, millis: i64) {
        let end = self.now + Duration::milliseconds(millis);
        loop {
            self.timers.sort_by_key(|(at, _)| *at);
            let Some((at, ticket)) = self.timers.first().copied().filter(|(at, _)| *at <= end) else { break };
            self.timers.remove(0);
            self.now = self.now.max(at);
            self.send(Msg::TimerFired(ticket));
        }
        self.now = end;
    }

    pub fn stroke(name: &str) -> Stroke {
        let (control, bare) = name.strip_prefix("Ctrl-").map_or((false, name), |rest| (true, rest));
        let code = match bare {
            "Enter" => KeyCode::Enter,
            "Esc" => KeyCode::Esc,
            "Space" => KeyCode::Char(' '),
            "Tab" => KeyCode::Tab,
            "BackTab" | "Shift-Tab" => KeyCode::BackTab,
            "Up" => KeyCode::Up,
            "Down" => KeyCode::Down,
            "Left" => KeyCode::Left,
            "Right" => KeyCode::Right,
            "Home" => KeyCode::Home,
            "End" => KeyCode::End,
            "PgUp" => KeyCode::PageUp,
            "PgDn" => KeyCode::PageDown,
            "Backspace" => KeyCode::Backspace,
            "Delete" => KeyCode::Delete,
            name if name.len() > 1 && name.starts_with('F') => KeyCode::F(name[1..].parse().unwrap()),
            letter => KeyCode::Char(letter.chars().next().unwrap()),
        };
        let modifiers = if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        Stroke { key: KeyEvent::new(code, modifiers), after_escape: false }
    }

    /// Keys by their names, each drawn before the next.
    pub fn keys(&mut self, names: &str) {
        for name in names.split(' ') {
            self.send(Msg::Input(Input::Key(Self::stroke(name))));
            self.draw();
        }
    }

    /// Letters, one key each.
    pub fn type_in(&mut self, text: &str) {
        for letter in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            self.send(Msg::Input(Input::Key(Stroke { key, after_escape: false })));
            self.draw();
        }
    }

    /// A conversation opened, read and drawn.
    pub fn opened(size: (u16, u16)) -> Self {
        let mut desk = Self::open(size);
        desk.keys("Enter");
        desk.answer();
        desk
    }

    pub fn commits(&self) -> Vec<&crate::domain::desk::Commit> {
        self.wished
            .iter()
            .filter_map(|(_, wish)| match wish {
                Wish::Commit(commit) => Some(commit.as_ref()),
                _ => None,
            })
            .collect()
    }

    pub fn changes(&self) -> Vec<&crate::domain::outbox::LocalChange> {
        self.wished
            .iter()
            .filter_map(|(_, wish)| match wish {
                Wish::Change { change, .. } => Some(change),
                _ => None,
            })
            .collect()
    }

    pub fn notice(&self) -> &str {
        self.model.notice.as_deref().unwrap_or("")
    }

    pub fn body(&self) -> String {
        self.model.composer.as_ref().map(crate::app::composer::Composer::body).unwrap_or_default()
    }
}

/// A conversation in which somebody wrote and was answered.
fn track(row: &Conversation) -> Track {
    let said = |id, direction, time: &str, by: &str| Said {
        id,
        at: at(time),
        received_at: at(time),
        direction,
        role: Role::Customer,
        by: Some(by.into()),
        here: direction == Direction::Outbound,
        thanks: false,
    };
    Track {
        conversation: row.id,
        channel: row.channel.clone(),
        kind: row.kind.clone(),
        remote_id: row.remote_id.clone(),
        labels: row.labels.clone(),
        mute: false,
        messages: vec![
            said(1, Direction::Inbound, "00:10", "João"),
            said(2, Direction::Outbound, "00:22", "ana"),
        ],
        events: Vec::new(),
    }
}
