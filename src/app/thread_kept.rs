//! The lines of a conversation, kept from key to key: each asks for them several times, and thousands of messages are
//! wrapped for tens of milliseconds.

#[cfg(test)]
mod tests;

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use chrono::Datelike;
use chrono_tz::Tz;

use super::thread_lines::{Folds, Frame, ThreadLine, lines};
use crate::domain::{Lang, Message, MessageId, Time};

/// The lines that were made last.
#[derive(Debug, Default)]
pub(super) struct Kept(RefCell<Option<(Of, Rc<[ThreadLine]>)>>);

/// What they were made of.
#[derive(Debug)]
struct Of {
    messages: Rc<[Message]>,
    width: usize,
    lang: Lang,
    zone: Tz,
    /// Times of another year are written with it.
    year: i32,
    /// What is held counts down.
    counting: Option<Time>,
    new: BTreeSet<MessageId>,
    folds: Folds,
    name: String,
    held: Vec<(MessageId, Time)>,
    undo: String,
}

impl Kept {
    /// The lines of these messages, made anew where anything has changed that they are made of.
    pub(super) fn lines(&self, messages: &Rc<[Message]>, frame: &Frame<'_>) -> Rc<[ThreadLine]> {
        let mut kept = self.0.borrow_mut();
        if let Some((of, lines)) = &*kept
            && of.is(messages, frame)
        {
            return Rc::clone(lines);
        }
        let made: Rc<[ThreadLine]> = lines(messages, frame).into();
        *kept = Some((Of::new(messages, frame), Rc::clone(&made)));
        made
    }
}

impl Of {
    fn new(messages: &Rc<[Message]>, frame: &Frame<'_>) -> Self {
        Self {
            messages: Rc::clone(messages),
            width: frame.width,
            lang: frame.lang,
            zone: frame.zone,
            year: year(frame),
            counting: counting(frame),
            new: frame.new.clone(),
            folds: frame.folds,
            name: frame.name.to_owned(),
            held: frame.held.to_vec(),
            undo: frame.undo.to_owned(),
        }
    }

    fn is(&self, messages: &Rc<[Message]>, frame: &Frame<'_>) -> bool {
        // All of it by name: what is added to a frame has to be thought of here.
        let Frame { width, lang, zone, now: _, new, folds, name, held, undo } = *frame;
        Rc::ptr_eq(&self.messages, messages)
            && (self.width, self.lang, self.zone) == (width, lang, zone)
            && (self.year, self.counting) == (year(frame), counting(frame))
            && (&self.new, self.folds) == (new, folds)
            && (self.name.as_str(), self.undo.as_str()) == (name, undo)
            && self.held == held
    }
}

fn year(frame: &Frame<'_>) -> i32 {
    frame.now.with_timezone(&frame.zone).year()
}

fn counting(frame: &Frame<'_>) -> Option<Time> {
    (!frame.held.is_empty()).then_some(frame.now)
}
