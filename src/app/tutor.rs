//! The tutor: teaches in the demo, step by step, and goes on when the model shows that it was done.

use super::{
    actions::{Act, place},
    keymap::PLACES,
    model::{Model, Screen},
    popup::PickerKind,
    undo::Step as Done,
};
use crate::domain::{Conversation, ConversationId, Direction, DraftKind, Priority, Status, lang::tr};

/// A lesson: what is to be done, with `{place.action}` where its key stands, and how it shows that it was.
struct Lesson {
    say: &'static str,
    done: fn(&Model, &Tutor) -> bool,
}

/// Where the agent is in the lessons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tutor {
    at: usize,
    /// The conversation that was selected when the lesson began.
    selected: Option<ConversationId>,
}

/// Rows that the tutor takes from the screen.
pub const ROWS: u16 = 4;

const LESSONS: &[Lesson] = &[
    Lesson {
        say: "This is the list: who waits, the most urgent first. {list.next} goes down, {list.previous} up. Go down.",
        done: |model, tutor| model.list.selected.is_some() && model.list.selected != tutor.selected,
    },
    Lesson {
        say: "The tabs above are views; a digit shows one. Show All with {list.view-3}.",
        done: |model, _| model.list.views[model.list.view].name == "All",
    },
    Lesson {
        say: "{list.top} goes to the top. João dos Santos waits there: open him with {list.open}.",
        done: |model, _| model.screen == Screen::Thread && open(model).is_some(),
    },
    Lesson {
        say: "{conversation.details} shows all that is known: order, the vendor's status, both clocks. Show it.",
        done: |model, _| model.details.is_some(),
    },
    Lesson {
        say: "{details.close-details} closes it again.",
        done: |model, _| model.details.is_none() && model.screen == Screen::Thread,
    },
    Lesson {
        say: "{conversation.reply} writes to the customer; the border says who reads it. Reply with three words or more.",
        done: |model, _| writing(model, DraftKind::Reply).is_some_and(|words| words >= 3),
    },
    Lesson {
        say: "Enter is only a new line: nothing is sent by it. {composer.review-bar} opens the review bar.",
        done: |model, _| model.review.is_some(),
    },
    Lesson {
        say: "It says who gets it and what was found. {review.send} sends ({review.send-anyway} where something was found).",
        done: |model, _| sent(model),
    },
    Lesson {
        say: "It is held for ten seconds, the line below counts. {conversation.undo} takes it back: do it.",
        done: |model, _| !sent(model) && writing(model, DraftKind::Reply).is_some_and(|words| words > 0),
    },
    Lesson {
        say: "It is your draft again. {composer.review-bar}, then {review.send}: send it for good.",
        done: |model, _| sent(model),
    },
    Lesson {
        say: "{conversation.note} writes a note that only the team reads: write one, {composer.review-bar}, {review.save-note}.",
        done: |model, _| {
            let notes = |thread: &super::thread::Thread| {
                thread.messages.iter().any(|message| message.direction == Direction::Note)
            };
            model.thread.as_ref().is_some_and(notes)
        },
    },
    Lesson {
        say: "Keys in two steps: after the first, wait, and a pop-up shows the second. {conversation.priority-high}: priority high.",
        done: |model, _| open(model).is_some_and(|row| row.priority == Some(Priority::High)),
    },
    Lesson {
        say: "{conversation.snooze-tomorrow} lets it sleep until tomorrow, or until the customer writes.",
        done: |model, _| open(model).is_some_and(|row| row.snoozed_until.is_some()),
    },
    Lesson {
        say: "{conversation.undo} undoes, strictly the last action first; the line below names it. Wake it again.",
        done: |model, _| open(model).is_some_and(|row| row.snoozed_until.is_none()),
    },
    Lesson {
        say: "{conversation.resolve} resolves; it asks where something new came in meanwhile. Resolve it.",
        done: |model, _| open(model).is_some_and(|row| row.status == Status::Resolved),
    },
    Lesson {
        say: "{conversation.back} goes back to the list.",
        done: |model, _| model.screen == Screen::List,
    },
    Lesson {
        say: "{list.mark} marks a row and goes down; what you then do is for all of them. Mark two.",
        done: |model, _| model.list.marks.len() >= 2,
    },
    Lesson { say: "{list.unmark} unmarks all.", done: |model, _| model.list.marks.is_empty() },
    Lesson {
        say: "{list.search} searches as you type: names, words, order numbers. Search for: pedido",
        done: |model, _| model.list.narrowed.search.is_some(),
    },
    Lesson {
        say: "Enter keeps it; {list.escape} ends one thing at a time: end the search.",
        done: |model, _| model.list.narrowed.search.is_none() && model.picker.is_none(),
    },
    Lesson {
        say: "{list.go-outbox} shows what is on its way, what failed, what nobody knows.",
        done: |model, _| model.screen == Screen::Outbox,
    },
    Lesson { say: "{outbox.back} goes back.", done: |model, _| model.screen == Screen::List },
    Lesson {
        say: "{list.palette} runs any action by its name and shows its key. Open it.",
        done: |model, _| model.picker.as_ref().is_some_and(|picker| picker.kind == PickerKind::Palette),
    },
    Lesson { say: "{picker.close} closes a pop-up.", done: |model, _| model.picker.is_none() },
    Lesson {
        say: "That was all. {list.help} shows what works wherever you are. Go on as long as you like; {list.quit} leaves.",
        done: |_, _| false,
    },
];

fn open(model: &Model) -> Option<&Conversation> {
    model.thread.as_ref().filter(|_| model.screen == Screen::Thread)?.conversation.as_ref()
}

fn writing(model: &Model, kind: DraftKind) -> Option<usize> {
    let composer = model.composer.as_ref().filter(|composer| composer.kind == kind)?;
    Some(composer.body().split_whitespace().count())
}

fn sent(model: &Model) -> bool {
    model.undo.done.iter().any(|step| matches!(step, Done::Sent { .. }))
}

impl Model {
    /// The tutor looks at what was done and goes on.
    pub(super) fn teach(&mut self) {
        let Some(mut tutor) = self.tutor.take() else { return };
        if tutor.at == 0 && tutor.selected.is_none() {
            tutor.selected = self.list.selected;
        }
        let lesson = &LESSONS[tutor.at.min(LESSONS.len() - 1)];
        if (lesson.done)(self, &tutor) {
            tutor.at += 1;
            self.dirty = true;
        }
        self.tutor = Some(tutor);
    }

    /// The lesson: which of how many, and what is to be done.
    pub fn lesson(&self) -> Option<(String, String)> {
        let tutor = self.tutor.as_ref()?;
        let lesson = &LESSONS[tutor.at.min(LESSONS.len() - 1)];
        let praise = if tutor.at == 0 { "" } else { self.lang.tr("Good. ") };
        let title = tr!(self.lang, "lesson {at} of {n}", at = tutor.at + 1, n = LESSONS.len());
        Some((title, format!("{praise}{}", self.with_keys(self.lang.tr(lesson.say)))))
    }

    /// A sentence with `{place.action}` as the keys that they have now.
    fn with_keys(&self, text: &str) -> String {
        let mut out = String::new();
        for (at, part) in text.split(['{', '}']).enumerate() {
            let found = part.split_once('.').filter(|_| at % 2 == 1).and_then(|(wanted, action)| {
                let place = PLACES.iter().find(|(_, name)| *name == wanted).map(|(place, _)| *place)?;
                Some(self.key(place, Act::named(action)?))
            });
            out.push_str(&found.unwrap_or_else(|| part.to_owned()));
        }
        out
    }

    /// The screen without the tutor's rows.
    pub(super) fn without_tutor(&self, (columns, rows): (u16, u16)) -> (u16, u16) {
        let taken = if self.options.tutor && rows >= 16 + ROWS { ROWS } else { 0 };
        (columns, rows - taken)
    }

    /// What the page for an empty desk works on.
    pub(super) fn place_of_list(&self) -> u16 {
        if self.is_first_start() { place::WELCOME } else { place::LIST }
    }
}
