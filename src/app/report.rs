//! The report on the screen: the main figures, and behind each the conversations that it is made of.

use std::{collections::HashMap, sync::Arc};

use super::{
    actions::Act,
    keymap::Key,
    model::{Load, Model, Screen},
    msg::Request,
};
use crate::domain::{
    Conversation, ConversationId,
    report::{By, Figure, Item, Report, Table, Value},
};

/// Days that a report may look back.
const PERIODS: [i64; 4] = [1, 7, 30, 90];
/// Conversations behind a figure whose names are read.
const NAMED: usize = 100;

/// The report's screen.
#[derive(Clone, Debug)]
pub struct ReportScreen {
    /// The figures; `None` until they have been read.
    pub figures: Option<Arc<Report>>,
    /// Days back from now.
    pub days: i64,
    /// What the lines are by.
    pub by: By,
    /// The selected figure, among the lines that have one.
    pub selected: usize,
    /// The items of that figure, and which is selected.
    pub opened: Option<usize>,
    names: HashMap<ConversationId, String>,
}

impl Default for ReportScreen {
    fn default() -> Self {
        Self { figures: None, days: 7, by: By::All, selected: 0, opened: None, names: HashMap::new() }
    }
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportLine {
    /// A table begins.
    Title {
        /// Its name.
        title: &'static str,
        /// Whether it has lengths of time.
        lengths: bool,
    },
    /// A figure.
    Figure {
        /// Of whom or what.
        group: String,
        /// Which.
        figure: Figure,
        /// How much.
        value: Value,
    },
}

impl ReportScreen {
    /// All lines, table by table.
    pub fn lines(&self) -> Vec<ReportLine> {
        let Some(report) = &self.figures else { return Vec::new() };
        let mut lines = Vec::new();
        for table in Table::ALL {
            let lengths = table.figures.iter().any(|it| it.is_length());
            lines.push(ReportLine::Title { title: table.title, lengths });
            for figure in table.figures {
                lines.extend(report.groups().into_iter().map(|group| ReportLine::Figure {
                    group: group.to_owned(),
                    figure: *figure,
                    value: report.value(group, *figure),
                }));
            }
        }
        lines
    }

    /// The selected figure and whose it is.
    pub fn figure(&self) -> Option<(String, Figure)> {
        self.lines()
            .into_iter()
            .filter_map(|line| match line {
                ReportLine::Figure { group, figure, .. } => Some((group, figure)),
                ReportLine::Title { .. } => None,
            })
            .nth(self.selected)
    }

    /// What the selected figure is made of.
    pub fn items(&self) -> &[Item] {
        match (&self.figures, self.figure()) {
            (Some(report), Some((group, figure))) => report.items(&group, figure),
            _ => &[],
        }
    }

    /// Who a conversation is with, once that has been read.
    pub fn name(&self, id: ConversationId) -> &str {
        self.names.get(&id).map_or("", String::as_str)
    }
}

impl Model {
    pub(super) fn open_report(&mut self) {
        self.park_composer();
        self.details = None;
        self.screen = Screen::Report;
        self.report.opened = None;
        self.ask_report();
    }

    fn ask_report(&mut self) {
        let (days, by) = (self.report.days, self.report.by);
        self.load(Load::Report, Request::Report { days, by });
    }

    pub(super) fn report_loaded(&mut self, report: Arc<Report>) {
        self.report.figures = Some(report);
        let figures = self.report.lines().iter().filter(|it| matches!(it, ReportLine::Figure { .. })).count();
        self.report.selected = self.report.selected.min(figures.saturating_sub(1));
        self.report.opened = None;
    }

    /// The name of a conversation behind a figure.
    pub(super) fn report_named(&mut self, row: &Conversation) {
        if self.screen == Screen::Report {
            let subject = row.subject.as_deref().or(row.last_line.as_deref()).unwrap_or_default();
            self.report.names.insert(row.id, format!("{}  {subject}", row.counterpart.name));
        }
    }

    pub(super) fn report_act(&mut self, act: Act) {
        let last = match self.report.opened {
            Some(_) => self.report.items().len(),
            None => self.report.lines().iter().filter(|it| matches!(it, ReportLine::Figure { .. })).count(),
        }
        .saturating_sub(1);
        let page = usize::from(self.size.1).saturating_sub(8).max(1);
        let at = self.report.opened.unwrap_or(self.report.selected);
        let to = match act {
            Act::Next => (at + 1).min(last),
            Act::Previous => at.saturating_sub(1),
            Act::Top => 0,
            Act::Bottom => last,
            Act::PageDown => (at + page).min(last),
            Act::PageUp => at.saturating_sub(page),
            Act::Open => return self.open_figure(),
            Act::Back | Act::Escape if self.report.opened.take().is_some() => return,
            Act::Back | Act::Escape => {
                self.screen = Screen::List;
                return;
            }
            Act::ReportShorter | Act::ReportLonger => return self.report_period(act == Act::ReportLonger),
            Act::ReportBy => {
                self.report.by = match self.report.by {
                    By::All => By::Channel,
                    By::Channel => By::Agent,
                    By::Agent => By::Label,
                    By::Label => By::All,
                };
                self.report.selected = 0;
                return self.ask_report();
            }
            Act::ShowNew => return self.ask_report(),
            other => return self.common_act(other, &[] as &[Key]),
        };
        match &mut self.report.opened {
            Some(item) => *item = to,
            None => self.report.selected = to,
        }
    }

    fn report_period(&mut self, longer: bool) {
        let at = PERIODS.iter().position(|days| *days == self.report.days).unwrap_or(1);
        let to = if longer { (at + 1).min(PERIODS.len() - 1) } else { at.saturating_sub(1) };
        self.report.days = PERIODS[to];
        self.ask_report();
    }

    /// The items of a figure, and then the conversation of an item.
    fn open_figure(&mut self) {
        let items = self.report.items();
        if let Some(at) = self.report.opened {
            if let Some(id) = items.get(at).map(|item| item.conversation) {
                self.open_conversation(id);
            }
            return;
        }
        if items.is_empty() {
            self.say(self.lang.tr("nothing is behind this figure"));
            return;
        }
        let unknown: Vec<ConversationId> = items
            .iter()
            .map(|item| item.conversation)
            .filter(|id| !self.report.names.contains_key(id))
            .take(NAMED)
            .collect();
        self.report.opened = Some(0);
        for id in unknown {
            self.load(Load::Row(id), Request::Conversation(id));
        }
    }
}
