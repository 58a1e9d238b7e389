//! The hub: what the program knows, and who gets which message. It only routes; what is done stands in the features.

use std::collections::{BTreeMap, HashMap};

use chrono::{Duration, Timelike};

use super::{
    actions::{Act, place},
    composer::Composer,
    form::Form,
    handle::Handling,
    keymap::{Key, Keymap},
    layout::Layout,
    list::List,
    lock::Locked,
    msg::{Effect, EngineState, Input, Msg, Request, Signal, Stroke, Ticket, Wish},
    once::Once,
    options::AppOptions,
    outbox::OutboxScreen,
    popup::{Ask, Picker},
    preview::Preview,
    report::ReportScreen,
    review::Review,
    thread::Thread,
    tutor::Tutor,
    undo::{Intent, Undo},
};
use crate::domain::{
    Capabilities, ChannelHealth, ChannelName, Conversation, ConversationId, Descriptor, Lang, MessageId,
    Time,
    channel::{self, Manner},
    lang::tr,
};

/// Which screen has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// The list.
    List,
    /// An opened conversation.
    Thread,
    /// The outbox.
    Outbox,
    /// The figures.
    Report,
    /// The form of a new conversation.
    Form,
    /// One text for many conversations.
    Once,
}

/// A question to the store of which only the newest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Load {
    Session,
    Counts,
    Health,
    Members,
    List,
    More,
    Row(ConversationId),
    Open,
    Messages,
    History,
    Rows,
    Siblings,
    Chats,
    Draft,
    Versions,
    Present,
    Outbox,
    Path,
    Preview,
    Report,
    Canned,
    Owners,
    OnceRow(ConversationId),
    OnceThread(ConversationId),
    OnceOwners,
    MarkQuery,
    HandOver,
    HandOverDrafts,
    Hits,
}

/// A timer of which only the newest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Timer {
    Prefix,
    Preview,
    ReadCursor,
    SaveDraft,
    /// A letter alone takes over a draft of another window: whether more come is waited for.
    TakeDraft,
    /// Somebody types at a draft of another window.
    TypedElsewhere,
    Once,
    Presence,
    Second,
    Minute,
    Gate,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not a state of one machine")]
/// Everything that the program knows. `ui` reads it; only [`Model::update`] changes it.
pub struct Model {
    /// What it was started with.
    pub options: AppOptions,
    /// The screen's language.
    pub lang: Lang,
    /// Which keys do what.
    pub keymap: Keymap,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Each byte is felt: what is only a convenience waits longer.
    pub slow_line: bool,
    /// Which screen has the focus.
    pub screen: Screen,
    /// The list and its views.
    pub list: List,
    /// The conversation that is open, or previewed beside the list.
    pub thread: Option<Thread>,
    /// What is being written.
    pub composer: Option<Composer>,
    /// The review bar, while it is open.
    pub review: Option<Review>,
    /// The form of a new conversation; its text is the composer's.
    pub form: Option<Form>,
    /// The conversations that one text is for; the text is the composer's.
    pub once: Option<Once>,
    /// A pop-up with a text field.
    pub picker: Option<Picker>,
    /// Canned replies, while their pop-up is open or what came of it is.
    pub(super) shelf: Option<super::canned::Shelf>,
    /// How often replies had been used when they were first read, by channel.
    pub(super) canned_uses: HashMap<ChannelName, HashMap<(String, String), u64>>,
    /// Keys that wait for what the store is asked: they are taken in their order once it is on the screen.
    pub(super) ahead: Vec<Stroke>,
    /// A reply or note that was begun before its conversation was read: the keys after it are its text.
    pub(super) begun: Option<(ConversationId, Act)>,
    /// A question.
    pub ask: Option<Ask>,
    /// The details, and how far they are scrolled.
    pub details: Option<usize>,
    /// A file that is looked at.
    pub preview: Option<Preview>,
    /// The outbox.
    pub outbox: OutboxScreen,
    /// The figures.
    pub report: ReportScreen,
    /// What can be undone.
    pub undo: Undo,
    /// Keys of a sequence that is not over.
    pub prefix: Vec<Key>,
    /// Whether its pop-up is shown (after 400 ms).
    pub prefix_shown: bool,
    /// A count before a motion, in a conversation.
    pub count: Option<usize>,
    /// What is said in the footer until the next key.
    pub notice: Option<String>,
    /// How the channels are.
    pub health: Vec<ChannelHealth>,
    /// When that was read.
    pub health_at: Time,
    /// Since when this window could see at all, where it once could not (the laptop was suspended, the clock was set).
    pub awake: Option<Time>,
    /// Who runs the engine.
    pub engine: EngineState,
    /// How many panes stand side by side.
    pub layout: Layout,
    /// One pane over the whole screen.
    pub zoomed: bool,
    /// It is the details that were zoomed: they take the zoom with them.
    pub(super) zoomed_details: bool,
    /// The screen is locked.
    pub locked: Option<Locked>,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Where the agent is in the tutor's lessons.
    pub tutor: Option<Tutor>,
    /// Whether the terminal's window has the focus.
    pub focused: bool,
    /// Accounts that can be assigned.
    pub members: Vec<String>,
    /// When the newest message came in.
    pub now: Time,
    /// Whether everything has been said for a quit.
    pub leaving: bool,
    pub(super) cancelled: bool,
    /// What is on its way to the clipboard, by its first words.
    pub(super) copying: Option<(Ticket, String)>,
    /// Whether a key was ever pressed: before that no order is anybody's to lose.
    pub(super) touched: bool,
    pub(super) parked: super::parked::Parked,
    pub(super) session: super::session::Wanted,
    /// The newest message of each conversation that has been drawn on this screen.
    pub(super) shown: HashMap<ConversationId, MessageId>,
    /// What is mine and not done, while it is handed over.
    pub(super) held: Option<Vec<Conversation>>,
    /// Where drafts of mine are, handed over or not.
    pub(super) drafted: Vec<ConversationId>,
    pub(super) presence: super::presence::Presence,
    pub(super) handling: Option<Handling>,
    pub(super) dirty: bool,
    pub(super) fx: Vec<Effect>,
    pub(super) loads: HashMap<Load, Ticket>,
    pub(super) timers: HashMap<Timer, (Ticket, Time)>,
    pub(super) wishes: BTreeMap<Ticket, Intent>,
    /// Changes that look at their conversation once more.
    pub(super) again: HashMap<ConversationId, super::undo::Again>,
    next: u64,
}

impl Model {
    /// A program that has not looked at anything yet. Its first picture can be drawn at once.
    pub fn new(options: AppOptions, now: Time) -> Self {
        let keymap = Keymap::told(options.lang, &options.preset, &options.bindings);
        let notice = keymap.complaints.first().map(|first| match keymap.complaints.len() {
            1 => first.clone(),
            n => {
                tr!(options.lang, "{first}   ({n} more: deskline config check)", first, n = n - 1)
            }
        });
        Self {
            lang: options.lang,
            keymap,
            size: options.size,
            slow_line: false,
            screen: Screen::List,
            list: List::new(&options),
            thread: None,
            composer: None,
            review: None,
            form: None,
            once: None,
            picker: None,
            shelf: None,
            canned_uses: HashMap::new(),
            ahead: Vec::new(),
            begun: None,
            ask: None,
            details: None,
            preview: None,
            held: None,
            drafted: Vec::new(),
            presence: super::presence::Presence::default(),
            handling: None,
            outbox: OutboxScreen::default(),
            report: ReportScreen::default(),
            undo: Undo::default(),
            prefix: Vec::new(),
            prefix_shown: false,
            count: None,
            notice,
            health: Vec::new(),
            health_at: now,
            awake: None,
            engine: EngineState::Unknown,
            layout: Layout::Auto,
            zoomed: false,
            zoomed_details: false,
            locked: None,
            mouse: options.mouse,
            tutor: options.tutor.then(Tutor::default),
            focused: true,
            members: options.members.clone(),
            now,
            leaving: false,
            cancelled: false,
            copying: None,
            touched: false,
            parked: super::parked::Parked::default(),
            session: super::session::Wanted::default(),
            shown: HashMap::new(),
            dirty: true,
            fx: Vec::new(),
            loads: HashMap::new(),
            timers: HashMap::new(),
            wishes: BTreeMap::new(),
            again: HashMap::new(),
            next: 0,
            options,
        }
    }

    /// The first effects.
    pub fn start(&mut self, now: Time) -> Vec<Effect> {
        self.now = now;
        self.size = self.without_tutor(self.size);
        self.load(Load::Session, Request::Session);
        self.refresh_counts();
        self.load(Load::Health, Request::Health);
        self.load(Load::Outbox, Request::Outbox(None));
        self.start_minute();
        std::mem::take(&mut self.fx)
    }

    /// Something happened.
    pub fn update(&mut self, now: Time, msg: Msg) -> Vec<Effect> {
        self.now = now;
        if self.timers.get(&Timer::Minute).is_some_and(|(_, at)| now - *at > Duration::minutes(1)) {
            self.awake = Some(now);
        }
        let key = matches!(msg, Msg::Input(Input::Key(_) | Input::Burst(_) | Input::Paste(_)));
        match msg {
            Msg::Input(input) => self.input(input),
            Msg::Loaded(ticket, loaded) => self.loaded(ticket, loaded),
            Msg::Done(ticket, outcome) => self.done(ticket, outcome),
            Msg::TimerFired(ticket) => self.timer(ticket),
            Msg::StoreChanged => self.refresh(),
            Msg::Edited(_, Ok(text)) => self.edited(&text),
            Msg::Edited(_, Err(trouble)) => self.say(trouble),
            Msg::PathCompletions(ticket, paths) => {
                if self.loads.get(&Load::Path) == Some(&ticket) {
                    self.loads.remove(&Load::Path);
                    self.paths(&paths);
                }
            }
            Msg::Said(ticket, sentence) => match self.copying.take_if(|(of, _)| *of == ticket) {
                Some((_, what)) => self.say(format!("\"{what}\": {sentence}")),
                None => self.say(sentence),
            },
            Msg::Signal(Signal::Terminate | Signal::Hangup) => self.leave(),
            Msg::Signal(Signal::Continue) => {
                self.fx.push(Effect::Repaint);
                self.refresh();
            }
            Msg::SlowLine(slow) => self.slow_line = slow,
            Msg::Engine(engine) => {
                self.dirty |= self.engine != engine;
                self.engine = engine;
            }
        }
        self.attend(key);
        self.measure(key);
        self.teach();
        std::mem::take(&mut self.fx)
    }

    /// Whether the picture has to be drawn again; asking takes the answer back to no.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Whether an answer of the store is still to come.
    pub fn owed(&self) -> bool {
        !self.loads.is_empty() || !self.wishes.is_empty()
    }

    /// The picture has been drawn: what stands on it now counts as seen.
    pub fn drawn(&mut self, now: Time) -> Vec<Effect> {
        self.now = now;
        // Behind a lock nothing is seen.
        if self.locked.is_none() {
            self.thread_drawn();
            self.once_drawn();
        }
        if !self.ahead.is_empty() || self.begun.is_some() {
            // They were typed before this picture: what it shows is not taken by them.
            if !self.waits() {
                self.take_ahead();
                self.dirty = true;
            }
            return std::mem::take(&mut self.fx);
        }
        let (bar, question) = (self.bar_whole(), self.question_whole());
        if let Some(review) = self.review.as_mut().filter(|_| bar) {
            review.drawn();
        }
        if let Some(ask) = self.ask.as_mut().filter(|_| question) {
            ask.drawn = true;
        }
        std::mem::take(&mut self.fx)
    }

    /// Where a key would go now.
    pub fn place(&self) -> u16 {
        if self.locked.is_some() {
            place::LOCKED
        } else if self.ask.is_some() {
            place::ASK
        } else if self.picker.is_some() {
            place::PICKER
        } else if self.preview.is_some() || self.details.is_some() {
            place::PANEL
        } else if self.review.is_some() {
            place::REVIEW
        } else if self.screen == Screen::Form && !self.form.as_ref().is_some_and(Form::in_text) {
            place::FORM
        } else if self.composer.is_some()
            && matches!(self.screen, Screen::Thread | Screen::Form | Screen::Once)
        {
            place::COMPOSER
        } else {
            match self.screen {
                Screen::List => self.place_of_list(),
                Screen::Thread => place::THREAD,
                Screen::Outbox => place::OUTBOX,
                Screen::Report => place::REPORT,
                Screen::Form => place::FORM,
                Screen::Once => place::COMPOSER,
            }
        }
    }

    /// Whether letters are text now.
    pub fn in_text(&self) -> bool {
        match self.place() {
            place::COMPOSER | place::PICKER | place::FORM => true,
            place::LOCKED => self.options.has_pin(),
            _ => false,
        }
    }

    /// The key of an action in a place, for sentences that name it; its name in the palette where it has none.
    pub fn key(&self, place: u16, act: Act) -> String {
        self.keymap.key_of(place, act).unwrap_or_else(|| format!(":{}", act.row().name))
    }

    /// What a channel is and can do.
    pub fn descriptor(&self, channel: &ChannelName) -> Option<&Descriptor> {
        self.options.descriptors.iter().find(|descriptor| descriptor.name == *channel)
    }

    /// How a channel is spoken of.
    pub fn manner(&self, channel: &ChannelName) -> &Manner {
        self.descriptor(channel).map_or(&channel::UNKNOWN, |it| &it.manner)
    }

    /// What can be done with a conversation; imported ones may only be read.
    pub fn capabilities(&self, channel: &ChannelName) -> Capabilities {
        self.descriptor(channel).map_or_else(Capabilities::read_only, |it| it.capabilities.clone())
    }

    /// The letters of a channel in the list.
    pub fn short<'a>(&'a self, channel: &'a ChannelName) -> &'a str {
        self.descriptor(channel).map_or("IMP", |it| it.short.as_str())
    }

    /// The conversation that an action is for: the open one, else the selected row.
    pub fn target(&self) -> Option<&Conversation> {
        match self.screen {
            Screen::Thread => self.thread.as_ref().and_then(|thread| thread.conversation.as_ref()),
            _ => self.list.selected_row(),
        }
    }

    /// What the details are of: the target; in a pane beside the list the conversation that stands next to them, which
    /// comes with a rest like the preview, so that holding `j` costs nothing there.
    pub fn detailed(&self) -> Option<&Conversation> {
        if self.screen == Screen::List && self.details_beside() {
            return self.thread.as_ref().and_then(|it| it.conversation.as_ref());
        }
        self.target()
    }

    /// The newest that is known of a conversation.
    pub fn known(&self, id: ConversationId) -> Option<&Conversation> {
        self.thread
            .as_ref()
            .filter(|thread| thread.id == id)
            .and_then(|thread| thread.conversation.as_ref())
            .or_else(|| self.list.row(id))
    }

    // --- routing ---

    pub(super) fn perform(&mut self, act: Act, keys: &[Key]) {
        match self.place() {
            _ if act == Act::Mouse => self.toggle_mouse(),
            place::LOCKED => self.locked_act(act),
            place::WELCOME => self.welcome_act(act),
            place::ASK => self.ask_act(act),
            place::PICKER => self.picker_act(act),
            place::PANEL => self.panel_act(act),
            place::REVIEW => self.review_act(act),
            place::COMPOSER => self.composer_act(act),
            place::FORM => self.form_act(act),
            place::OUTBOX => self.outbox_act(act),
            place::REPORT => self.report_act(act),
            place::THREAD => self.thread_act(act, keys),
            _ => self.list_act(act, keys),
        }
    }

    /// What works the same on every screen. Features call it for what they do not know.
    pub(super) fn common_act(&mut self, act: Act, keys: &[Key]) {
        match act {
            Act::Help => self.open_help(),
            Act::Palette => self.open_palette(),
            Act::Repaint => self.fx.push(Effect::Repaint),
            Act::Stats => {
                let ticket = self.ticket();
                self.fx.push(Effect::Stats(ticket));
            }
            Act::Suspend => self.fx.push(Effect::Suspend),
            Act::Quit => self.ask_quit(),
            Act::Cancel => self.cancel(),
            Act::GoInbox
            | Act::GoUnread
            | Act::GoDrafts
            | Act::GoFix
            | Act::GoDrift
            | Act::GoCustomer
            | Act::GoTicket => {
                self.go(act);
            }
            Act::GoOutbox => self.open_outbox(),
            Act::GoReport => self.open_report(),
            Act::GoPromised => self.go_promised(),
            Act::HandOver => self.open_handover(),
            Act::Promise => self.open_promise(),
            Act::PromiseKept => self.promise_kept(),
            Act::Details => {
                self.details = Some(0);
                self.load_details();
            }
            Act::NextPane | Act::PreviousPane => self.switch_pane(act),
            Act::ZoomIn => self.zoom(true),
            Act::ZoomOut => self.zoom(false),
            Act::LayoutAuto | Act::LayoutOne | Act::LayoutSide | Act::LayoutWide => self.set_layout(act),
            Act::Lock => self.lock(),
            Act::ShowNew => self.show_new(),
            Act::Canned => self.open_canned(),
            Act::MarkQuery => self.open_picker(super::popup::PickerKind::MarkQuery),
            Act::Reply | Act::ReplyQuoting | Act::Note | Act::NewConversation => self.write(act),
            Act::Undo => self.undo_last(),
            Act::Redo => self.redo_last(),
            Act::Search | Act::Filter | Act::SearchAll => self.open_search(act),
            Act::Copy => self.copy(),
            Act::Labels | Act::AssignAgent | Act::SnoozeUntil | Act::HoldUntil | Act::VendorFields => {
                self.open_choice(act, keys);
            }
            _ => self.triage(act),
        }
    }

    pub(super) fn cancel(&mut self) {
        let key = self.key(self.place(), Act::Cancel);
        self.say(tr!(self.lang, "nothing was cancelled   {key} again quits, drafts are kept", key));
    }

    /// Does an action by name: the palette and the help menu come here.
    pub(super) fn run(&mut self, act: Act) {
        let place = self.place();
        if act.row().places() & place == 0 {
            self.say(tr!(self.lang, "{name} does not work here", name = act.row().name));
            return;
        }
        self.perform(act, &[]);
    }

    // --- tickets ---

    pub(super) fn ticket(&mut self) -> Ticket {
        self.next += 1;
        Ticket(self.next)
    }

    pub(super) fn load(&mut self, load: Load, request: Request) {
        let ticket = self.ticket();
        self.loads.insert(load, ticket);
        self.fx.push(Effect::Load(ticket, request));
    }

    pub(super) fn perform_wish(&mut self, wish: Wish, intent: Intent) {
        let ticket = self.ticket();
        self.wishes.insert(ticket, intent);
        self.fx.push(Effect::Perform(ticket, wish));
    }

    pub(super) fn start_timer(&mut self, timer: Timer, at: Time) {
        let ticket = self.ticket();
        self.timers.insert(timer, (ticket, at));
        self.fx.push(Effect::StartTimer { ticket, at });
    }

    pub(super) fn start_minute(&mut self) {
        let next = self.now + Duration::seconds(60 - i64::from(self.now.second()));
        self.start_timer(Timer::Minute, next.with_nanosecond(0).unwrap_or(next));
    }

    /// Says something in the footer.
    pub(super) fn say(&mut self, sentence: impl Into<String>) {
        self.notice = Some(sentence.into());
        self.dirty = true;
    }
}
