//! The keys of the bar over many rows.

use crate::{
    app::{
        actions::{Act, place},
        model::Model,
        review::Verdict,
        words,
    },
    domain::lang::tr,
};

impl Model {
    fn once_counts(&self) -> (usize, usize, usize) {
        let rows = self.once.as_ref().map_or(&[][..], |once| &once.rows);
        let ticked = rows.iter().filter(|row| row.ticked());
        let amber = ticked.clone().filter(|row| row.verdict() == Verdict::Amber).count();
        (ticked.count(), amber, rows.len())
    }

    /// Whether a key of the bar is offered now.
    pub(in crate::app) fn once_offered(&self, act: Act) -> bool {
        let (ticked, amber, _) = self.once_counts();
        match act {
            Act::Edit
            | Act::Keep
            | Act::DiscardDraft
            | Act::OnceTick
            | Act::OnceDown
            | Act::OnceUp
            | Act::ReviewPromise => true,
            Act::Send => ticked > 0 && amber == 0,
            Act::SendAnyway => amber > 0,
            _ => false,
        }
    }

    pub(in crate::app) fn once_not_offered(&self, act: Act) -> String {
        let key = |act| self.key(place::REVIEW, act);
        match (act, self.once_counts()) {
            (Act::Send | Act::SendAnyway, (0, ..)) => {
                tr!(
                    self.lang,
                    "nobody is ticked: nothing was sent   {key} ticks a row",
                    key = key(Act::OnceTick)
                )
            }
            (Act::Send, (_, amber, _)) => {
                let rows =
                    words::count(self.lang, amber, "ticked row has a finding", "ticked rows have findings");
                tr!(self.lang, "{rows}: {key} sends all the same", rows, key = key(Act::SendAnyway))
            }
            (Act::SendAnyway, _) => {
                tr!(self.lang, "nothing speaks against it: {key} sends", key = key(Act::Send))
            }
            _ => self.lang.tr("this is one text for many: that is done in each conversation").into(),
        }
    }

    /// What may be done, in the words of the bar.
    pub(in crate::app) fn once_offers(&self) -> (String, String) {
        let key = |act| self.key(place::REVIEW, act);
        let (ticked, amber, all) = self.once_counts();
        let left =
            if ticked < all { tr!(self.lang, ", {n} stay marked", n = all - ticked) } else { String::new() };
        let first = match (ticked, amber) {
            (0, _) => self.lang.tr("nobody is ticked").to_owned(),
            (_, 0) => tr!(self.lang, "{key} send to {ticked}{left}", key = key(Act::Send), ticked, left),
            _ => tr!(
                self.lang,
                "{key} send to {ticked}, {amber} of them all the same{left}",
                key = key(Act::SendAnyway),
                ticked,
                amber,
                left
            ),
        };
        let others = tr!(
            self.lang,
            "{tick} tick and down   {down} {up} rows   {edit} edit   {keep} keep draft   {discard} discard (asks)",
            tick = key(Act::OnceTick),
            down = key(Act::OnceDown),
            up = key(Act::OnceUp),
            edit = key(Act::Edit),
            keep = key(Act::Keep),
            discard = key(Act::DiscardDraft)
        );
        (first, others)
    }

    pub(in crate::app) fn once_question(&self) -> String {
        let (ticked, _, all) = self.once_counts();
        let customers = words::count(self.lang, all, "customer", "customers");
        tr!(self.lang, "Send to {ticked} of {customers}, one by one?", ticked, customers)
    }

    /// Does what only a text for many does. Answers whether it was that.
    pub(in crate::app) fn once_act(&mut self, act: Act) -> bool {
        match act {
            Act::OnceDown => self.once_step(1),
            Act::OnceUp => self.once_step(-1),
            Act::OnceTick => {
                let lang = self.lang;
                let said = self.once.as_mut().and_then(|once| {
                    let row = once.rows.get_mut(once.chosen)?;
                    if row.verdict() == Verdict::Red {
                        return Some(tr!(lang, "never sent there: {why}", why = row.verdict_words(lang)));
                    }
                    if row.verdict() == Verdict::Amber && !row.drawn {
                        return Some(lang.tr("read first what was found: nothing was ticked").to_owned());
                    }
                    row.tick = Some(!row.ticked());
                    None
                });
                match said {
                    Some(said) => self.say(said),
                    None => self.once_step(1),
                }
            }
            Act::Send | Act::SendAnyway => self.once_send(),
            _ => return false,
        }
        true
    }

    /// Another row is shown in full.
    pub(in crate::app) fn once_step(&mut self, by: isize) {
        if let Some(once) = &mut self.once {
            let last = once.rows.len().saturating_sub(1);
            once.chosen = once.chosen.saturating_add_signed(by).min(last);
            self.dirty = true;
        }
    }
}
