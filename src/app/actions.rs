//! The action table: everything that a key can do, once. Dispatch, footer hints, the `?` menu, the palette and the manual
//! read it; nothing else knows a key.

use crate::domain::Lang;

/// Where a key is pressed. A set of places is the sum of their bits.
pub mod place {
    /// The list of conversations.
    pub const LIST: u16 = 1;
    /// An opened conversation.
    pub const THREAD: u16 = 2;
    /// The composer: letters are text.
    pub const COMPOSER: u16 = 4;
    /// The review bar.
    pub const REVIEW: u16 = 8;
    /// The outbox.
    pub const OUTBOX: u16 = 16;
    /// A pop-up with a text field and choices.
    pub const PICKER: u16 = 32;
    /// The form of a new conversation.
    pub const FORM: u16 = 64;
    /// A question that is answered with a key of its own.
    pub const ASK: u16 = 128;
    /// The details, where they lie over the rest.
    pub const PANEL: u16 = 256;
    /// The locked screen.
    pub const LOCKED: u16 = 512;
    /// The report.
    pub const REPORT: u16 = 1024;
    /// The first start: nothing is configured and nothing is stored.
    pub const WELCOME: u16 = 2048;
    /// List and conversation.
    pub const BOTH: u16 = LIST | THREAD;
    /// Wherever letters are keys, pop-ups and the review bar apart.
    pub const SCREENS: u16 = LIST | THREAD | OUTBOX | REPORT;
    /// Everywhere.
    pub const ALL: u16 =
        LIST | THREAD | COMPOSER | REVIEW | OUTBOX | PICKER | FORM | ASK | PANEL | REPORT | WELCOME;
}

use place::{
    ALL, ASK, BOTH, COMPOSER, FORM, LIST, LOCKED, OUTBOX, PANEL, PICKER, REPORT, REVIEW, SCREENS, THREAD,
    WELCOME,
};

/// What an action is about, in the order of the manual; the `?` menu has its own ([`Category::rank`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Moving about.
    Move,
    /// Views, panes, screens.
    View,
    /// Writing.
    Write,
    /// What a conversation is.
    Triage,
    /// Rows that are marked.
    Marks,
    /// Searching.
    Find,
    /// The text in the composer.
    Text,
    /// What may be done with a text.
    Send,
    /// Rows of the outbox.
    Outbox,
    /// The program.
    Program,
}

impl Category {
    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::View => "Views and panes",
            Self::Write => "Write",
            Self::Triage => "Decide",
            Self::Marks => "Marks",
            Self::Find => "Find",
            Self::Text => "Text",
            Self::Send => "Send",
            Self::Outbox => "Outbox",
            Self::Program => "Program",
        }
    }

    /// Its place in the `?` menu: what is done for a customer stands before moving about, which is learned first.
    pub fn rank(self) -> usize {
        const ORDER: [Category; 10] = [
            Category::Send,
            Category::Outbox,
            Category::Write,
            Category::Triage,
            Category::Find,
            Category::Text,
            Category::Move,
            Category::Marks,
            Category::View,
            Category::Program,
        ];
        ORDER.iter().position(|it| *it == self).unwrap_or(ORDER.len())
    }
}

macro_rules! actions {
    ($($act:ident $category:ident $name:literal $title:literal $help:literal [$($places:expr => $keys:literal),*];)*) => {
        /// An action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Act {
            $(#[doc = $help] $act,)*
        }

        /// All actions, in the order of the menu.
        pub const ACTIONS: &[Action] = &[
            $(Action {
                act: Act::$act,
                name: $name,
                title: $title,
                help: $help,
                category: Category::$category,
                keys: &[$(($places, $keys)),*],
            },)*
        ];
    };
}

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// What is done.
    pub act: Act,
    /// Its name in the palette, the configuration and the manual: kebab-case.
    pub name: &'static str,
    /// What a menu calls it.
    pub title: &'static str,
    /// In a sentence.
    pub help: &'static str,
    /// What it is about.
    pub category: Category,
    /// Default keys by place: alternatives are separated by commas, the keys of a sequence by spaces; none for an action
    /// that is only called by name.
    pub keys: &'static [(u16, &'static str)],
}

/// What the titles of a family of actions leave to its heading.
pub const FAMILIES: [(&str, &str); 6] = [
    ("status-", "status "),
    ("assign-", "assign "),
    ("snooze-", "snooze "),
    ("priority-", "priority "),
    ("go-", "go to "),
    ("report-by", "figures "),
];

impl Action {
    /// What a menu calls it, in the screen's language.
    pub fn title_in(&self, lang: Lang) -> &'static str {
        lang.word(self.name, self.title)
    }

    /// What it is called where no heading and no prefix says the rest: `status on hold`, `go to outbox`.
    pub fn plain_title(&self, lang: Lang) -> String {
        let family = FAMILIES.iter().find(|(start, _)| self.name.starts_with(start));
        let family = family.map_or("", |(_, word)| lang.word("family", word));
        format!("{family}{}", self.title_in(lang))
    }

    /// The places in which it works.
    pub fn places(&self) -> u16 {
        self.keys.iter().fold(0, |all, (places, _)| all | places)
    }
}

impl Act {
    /// Its row of the table.
    ///
    /// # Panics
    /// Never: the macro writes a row for every variant.
    pub fn row(self) -> &'static Action {
        ACTIONS.iter().find(|row| row.act == self).expect("the macro writes a row for every variant")
    }

    /// The action of a name.
    pub fn named(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|row| row.name == name).map(|row| row.act)
    }

    /// Whether a customer, a vendor or a colleague could notice it. Such an action is never taken by a key that came
    /// with an Esc in one read, nor before the conversation was drawn.
    pub fn acts(self) -> bool {
        matches!(self.row().category, Category::Triage | Category::Send | Category::Outbox)
            || matches!(self, Self::Undo | Self::Redo)
    }
}

actions! {
    Next Move "next" "next" "The next row, message or choice." [BOTH | OUTBOX | REPORT => "j, Down"];
    Previous Move "previous" "previous" "The previous row, message or choice." [BOTH | OUTBOX | REPORT => "k, Up"];
    Top Move "top" "top" "The first row or message." [BOTH | OUTBOX | REPORT => "g g, Home"];
    Bottom Move "bottom" "bottom" "The last row or message." [BOTH | OUTBOX | REPORT => "G, End"];
    HalfDown Move "half-page-down" "half a page down" "Half a page towards the end." [BOTH => "Ctrl-d"];
    HalfUp Move "half-page-up" "half a page up" "Half a page towards the top." [BOTH => "Ctrl-u"];
    PageDown Move "page-down" "page down" "A page towards the end." [BOTH | OUTBOX | REPORT => "Space, PgDn"];
    PageUp Move "page-up" "page up" "A page towards the top." [BOTH | OUTBOX | REPORT => "PgUp"];
    Open Move "open" "open" "Open the conversation; in it, my draft." [LIST => "Enter, l, Right", THREAD => "Enter, l", OUTBOX | REPORT => "Enter"];
    Back Move "back" "back" "Back to where I came from." [THREAD => "q, h, Left", OUTBOX | REPORT => "q, h"];
    Escape Move "escape" "end one thing" "End one thing: prefix, pop-up, marks, search, filter; in a conversation then back." [SCREENS => "Esc"];
    NextConversation Move "next-conversation" "next conversation" "The next conversation of the view." [THREAD => "J"];
    PreviousConversation Move "previous-conversation" "previous conversation" "The previous conversation of the view." [THREAD => "K"];
    NextUnread Move "next-unread" "next unread" "The next hit while there is a search, else the next unread." [BOTH => "n"];
    PreviousUnread Move "previous-unread" "previous unread" "The previous hit while there is a search, else the previous unread." [BOTH => "N"];

    View1 View "view-1" "view 1" "The view with this number in its tab." [LIST => "1"];
    View2 View "view-2" "view 2" "The view with this number in its tab." [LIST => "2"];
    View3 View "view-3" "view 3" "The view with this number in its tab." [LIST => "3"];
    View4 View "view-4" "view 4" "The view with this number in its tab." [LIST => "4"];
    View5 View "view-5" "view 5" "The view with this number in its tab." [LIST => "5"];
    View6 View "view-6" "view 6" "The view with this number in its tab." [LIST => "6"];
    View7 View "view-7" "view 7" "The view with this number in its tab." [LIST => "7"];
    View8 View "view-8" "view 8" "The view with this number in its tab." [LIST => "8"];
    View9 View "view-9" "view 9" "The view with this number in its tab." [LIST => "9"];
    NextView View "next-view" "next view" "The view to the right." [LIST => "J, ]"];
    PreviousView View "previous-view" "previous view" "The view to the left." [LIST => "K, ["];
    ShowNew View "show-new" "show new" "Show what arrived while the order was held; in the report, count again." [BOTH | REPORT => "."];
    ReportShorter View "report-shorter" "fewer days" "Figures of fewer days." [REPORT => "["];
    ReportLonger View "report-longer" "more days" "Figures of more days." [REPORT => "]"];
    ReportBy View "report-by" "by" "Figures of all, by channel, by agent, by label." [REPORT => "b"];
    NextPane View "next-pane" "next pane" "The focus to the next pane." [BOTH | PANEL => "Tab"];
    PreviousPane View "previous-pane" "previous pane" "The focus to the previous pane." [BOTH | PANEL => "BackTab"];
    ZoomIn View "zoom-in" "zoom in" "The focused pane over the whole screen." [BOTH | PANEL => "+"];
    ZoomOut View "zoom-out" "zoom out" "All panes again." [BOTH | PANEL => "_"];
    LayoutAuto View "layout-auto" "layout by width" "Panes by the width of the screen." [BOTH => ""];
    LayoutOne View "layout-one" "one pane" "One pane at every width." [BOTH => ""];
    LayoutSide View "layout-side" "side by side" "List and conversation side by side." [BOTH => ""];
    LayoutWide View "layout-wide" "four panes" "Views, list, conversation and details." [BOTH => ""];
    Details View "details" "details" "The customer, the order, the vendor's status, both clocks, what happened." [BOTH => "d", COMPOSER => "Ctrl-x d"];
    FoldQuotes View "fold-quotes" "fold quotes" "Hide or show quoted lines." [THREAD => "f q"];
    FoldEvents View "fold-events" "fold events" "Hide or show notes of machines." [THREAD => "f e"];
    FoldOld View "fold-old" "fold old" "Hide or show what was read before." [THREAD => "f o"];
    GoInbox View "go-inbox" "inbox" "The list." [SCREENS => "g i"];
    GoUnread View "go-unread" "unread" "Everything unread." [SCREENS => "g u"];
    GoDrafts View "go-drafts" "drafts" "Everything with a draft of mine." [SCREENS => "g d"];
    GoOutbox View "go-outbox" "outbox" "What has not been sent." [SCREENS => "g o"];
    GoReport View "go-report" "report" "Figures of the last days, with their rows." [SCREENS => "g r"];
    GoFix View "go-fix" "fix" "What a person has to settle." [SCREENS => "g f"];
    GoPromised View "go-promised" "promised" "What is promised to a customer and not kept yet." [SCREENS => "g p"];
    GoDrift View "go-drift" "drift" "Where ours and the vendor's status differ." [SCREENS => "g D"];
    GoCustomer View "go-customer" "customer's others" "The customer's other conversations." [BOTH => "g c"];
    GoTicket View "go-ticket" "ticket's others" "The ticket's other chats." [BOTH => "g s"];

    Reply Write "reply" "reply" "Write to the other side; to marked rows one text, one by one." [BOTH => "r"];
    ReplyQuoting Write "reply-quoting" "reply quoting" "Reply, quoting the selected message." [BOTH => "R"];
    Note Write "note" "internal note" "For the team only." [BOTH => "i"];
    Canned Write "canned" "canned reply" "Ready texts and macros: a digit takes one." [BOTH => "m", COMPOSER | FORM => "Ctrl-x m"];
    NewConversation Write "new-conversation" "new conversation" "Start a conversation." [BOTH => "c"];

    Resolve Triage "resolve" "resolve" "Done; the vendor is told where it can be." [BOTH => "e"];
    ResolveNext Triage "resolve-next" "resolve, next" "Done, and open the next one." [BOTH => "E"];
    Undo Triage "undo" "undo" "Undo, strictly the last action first." [BOTH => "u", COMPOSER => "Ctrl-x u"];
    Redo Triage "redo" "redo" "Do again what was undone." [BOTH => "Ctrl-r"];
    AssignMe Triage "assign-me" "to me" "Assign to me." [BOTH => "a m"];
    StatusNew Triage "status-new" "new" "Status new." [BOTH => "s n"];
    StatusOpen Triage "status-open" "open" "Status open: our move." [BOTH => "s o"];
    StatusPending Triage "status-pending" "pending" "Status pending: their move." [BOTH => "s p"];
    StatusOnHold Triage "status-on-hold" "on hold" "Status on hold: a third party's move." [BOTH => "s h"];
    HoldUntil Triage "status-on-hold-until" "on hold until" "On hold until a time that I type; without one it is two business days." [BOTH => "s H"];
    StatusResolved Triage "status-resolved" "resolved" "Status resolved." [BOTH => "s r"];
    Settle Triage "settle" "no reply needed" "No answer is due; tells the vendor nothing." [BOTH => "s a"];
    VendorFields Triage "vendor-fields" "reference, title, due" "Our reference id, the title or the due date at the vendor (Dsco)." [BOTH => "s f"];
    VendorUnread Triage "vendor-unread" "unread at the vendor" "Unread again at the vendor, where it can be." [BOTH => "s u"];
    PromiseKept Triage "promise-kept" "promise kept" "What was promised is done; tells the vendor nothing." [BOTH => "s k"];
    VendorRead Triage "vendor-read" "read at the vendor" "The customer may see it; held five seconds." [BOTH => "M"];
    Unread Triage "unread" "unread here" "Unread again for me alone." [BOTH => "U"];
    AssignTeam Triage "assign-team" "to a team" "To a team of the configuration: it stands among what is theirs." [BOTH => "a t"];
    AssignAgent Triage "assign-agent" "to an agent" "Assign to an agent." [BOTH => "a a"];
    AssignNobody Triage "assign-nobody" "to nobody" "Assign to nobody." [BOTH => "a u"];
    SnoozeTomorrow Triage "snooze-tomorrow" "tomorrow 9:00" "Asleep until then, or until they write." [BOTH => "z t"];
    SnoozeWeek Triage "snooze-week" "Monday 9:00" "Asleep until then, or until they write." [BOTH => "z w"];
    SnoozeReply Triage "snooze-reply" "until the customer writes" "Or until a deadline is near." [BOTH => "z c"];
    SnoozeUntil Triage "snooze-until" "until a time" "Asleep until a time that I type." [BOTH => "z Enter, z 0, z 1, z 2, z 3, z 4, z 5, z 6, z 7, z 8, z 9"];
    HandOver Triage "handover" "hand over" "My shift ends: all that is mine and open goes to a colleague or the team, drafts with it (asks)." [BOTH => "g h"];
    Promise Triage "promise" "promised by" "What is promised to the customer, and by when; an empty time drops it." [BOTH => "z p"];
    Labels Triage "labels" "labels" "Add and remove labels." [BOTH => "t"];
    PriorityLow Triage "priority-low" "low" "Priority low." [BOTH => "p l"];
    PriorityNormal Triage "priority-normal" "normal" "Priority normal." [BOTH => "p n"];
    PriorityHigh Triage "priority-high" "high" "Priority high." [BOTH => "p h"];
    PriorityUrgent Triage "priority-urgent" "urgent" "Priority urgent." [BOTH => "p u"];
    PriorityNone Triage "priority-none" "none" "No priority." [BOTH => "p 0"];

    Mark Marks "mark" "mark" "Mark and move down." [LIST => "x"];
    MarkRange Marks "mark-range" "mark a range" "Begin or end a range of marks." [LIST => "v"];
    InvertMarks Marks "invert-marks" "invert marks" "Mark what is not marked, unmark what is." [LIST => "V"];
    MarkSimilar Marks "mark-similar" "mark alike" "Mark what asks the same as this row and waits for us." [LIST => "="];
    MarkQuery Marks "mark-by-query" "mark by query" "Mark what a query matches in this view." [LIST => "*"];
    Unmark Marks "unmark" "unmark all" "Unmark all." [LIST => "X"];

    Search Find "search" "search" "Search in the list or in the conversation." [BOTH => "/"];
    Filter Find "filter" "filter" "Filter this view; ! turns it round." [LIST => "\\"];
    SearchAll Find "search-everything" "search all" "Search everything that is stored." [BOTH => "g /"];
    Copy Find "copy" "copy" "The vendor's number; in it, the message." [BOTH => "y"];
    OpenItem Find "open-item" "open file" "Open the selected message's attachment; in the list, the conversation." [BOTH => "o"];
    Preview Find "preview" "look at file" "Look at the selected message's attachment: a text, or a picture where the terminal can show it." [THREAD => "v"];
    Save Find "save" "save file" "Save the selected message's attachment." [THREAD => "S"];

    ReviewBar Text "review-bar" "review and send" "Who reads it, what speaks against it, what may be done." [COMPOSER => "Esc, Ctrl-x y", FORM => "Esc"];
    ThreadUp Text "thread-up" "thread up" "Scroll the conversation up." [COMPOSER => "PgUp"];
    ThreadDown Text "thread-down" "thread down" "Scroll the conversation down." [COMPOSER => "PgDn"];
    Editor Text "editor" "$EDITOR" "Write in $EDITOR." [COMPOSER => "Ctrl-x e"];
    Attach Text "attach" "attach" "Attach a file." [COMPOSER | FORM => "Ctrl-x a"];
    TextFilter Text "filter-text" "through a program" "Send the text through a program of the configuration." [COMPOSER => "Ctrl-x f"];
    DraftVersions Text "draft-versions" "older texts" "Look at older texts of this draft and take one back." [COMPOSER => "Ctrl-x v"];
    Quote Text "quote" "quote" "Insert the selected message as a quote." [COMPOSER => "Ctrl-x q"];
    MakeNote Text "make-note" "make it a note" "For the team only." [COMPOSER => "Ctrl-x n"];
    MakePublic Text "make-public" "make it public" "A note becomes a reply (asks)." [COMPOSER => "Ctrl-x p"];
    RedoText Text "redo-text" "redo text" "Do again what Ctrl-_ undid." [COMPOSER => "Ctrl-x r"];
    Newline Text "newline" "new line" "A new line." [COMPOSER => "Enter, Ctrl-j"];
    LineHead Text "line-head" "line head" "The beginning of the line." [COMPOSER | FORM | PICKER => "Ctrl-a, Home"];
    LineEnd Text "line-end" "line end" "The end of the line." [COMPOSER | FORM | PICKER => "Ctrl-e, End"];
    CharBack Text "char-back" "left" "One character back." [COMPOSER | FORM | PICKER => "Ctrl-b, Left"];
    CharForward Text "char-forward" "right" "One character on." [COMPOSER | FORM | PICKER => "Ctrl-f, Right"];
    LineUp Text "line-up" "up" "One line up." [COMPOSER => "Ctrl-p, Up"];
    LineDown Text "line-down" "down" "One line down." [COMPOSER => "Ctrl-n, Down"];
    DeleteNext Text "delete-next" "delete" "Delete the character under the cursor." [COMPOSER | FORM | PICKER => "Ctrl-d, Delete"];
    DeleteBack Text "delete-back" "backspace" "Delete the character before the cursor." [COMPOSER | FORM | PICKER => "Backspace, Ctrl-h"];
    KillEnd Text "kill-end" "kill to end" "Delete to the end of the line." [COMPOSER | FORM | PICKER => "Ctrl-k"];
    KillHead Text "kill-head" "kill to head" "Delete to the beginning of the line." [COMPOSER | FORM | PICKER => "Ctrl-u"];
    KillWord Text "kill-word" "kill word" "Delete the word before the cursor." [COMPOSER | FORM | PICKER => "Ctrl-w"];
    Yank Text "yank" "yank" "Insert what was deleted last." [COMPOSER | FORM | PICKER => "Ctrl-y"];
    UndoText Text "undo-text" "undo text" "Undo in the text." [COMPOSER => "Ctrl-_"];
    Accept Text "accept" "take it" "Take what is chosen or typed." [PICKER => "Enter, Ctrl-j"];
    Complete Text "complete" "complete" "Complete a path or take the first choice's name." [PICKER => "Tab"];
    CompleteBack Text "complete-back" "previous value" "The value before, in the form of a template." [PICKER => "BackTab"];
    ChoiceDown Text "choice-down" "next choice" "The next choice." [PICKER => "Down, Ctrl-n"];
    ChoiceUp Text "choice-up" "previous choice" "The previous choice." [PICKER => "Up, Ctrl-p"];
    ChoicePageDown Text "choice-page-down" "a page of choices" "A page of choices further down." [PICKER => "PgDn"];
    ChoicePageUp Text "choice-page-up" "a page of choices up" "A page of choices further up." [PICKER => "PgUp"];
    ClosePicker Text "close" "close" "Close without taking anything." [PICKER => "Esc"];
    NextField Text "next-field" "next field" "The next field of a new conversation." [FORM => "Tab, Enter, Down, Ctrl-n", COMPOSER => "Tab"];
    PreviousField Text "previous-field" "previous field" "The previous field of a new conversation." [FORM => "BackTab, Up, Ctrl-p", COMPOSER => "BackTab"];

    Send Send "send" "send" "Send; the conversation is then pending." [REVIEW => "y"];
    SendAnyway Send "send-anyway" "send anyway" "Send in spite of what was found." [REVIEW => "Y"];
    SendResolveNext Send "send-resolve-next" "send, resolve, next" "Send, resolve, and open the next one." [REVIEW => "E"];
    SendNew Send "send-status-new" "send, then new" "Send and set the status new." [REVIEW => "s n"];
    SendOpen Send "send-status-open" "send, then open" "Send and set the status open." [REVIEW => "s o"];
    SendPending Send "send-status-pending" "send, then pending" "Send and set the status pending." [REVIEW => "s p"];
    SendOnHold Send "send-status-on-hold" "send, then on hold" "Send and set the status on hold." [REVIEW => "s h"];
    SendResolved Send "send-status-resolved" "send, then resolved" "Send and set the status resolved." [REVIEW => "s r"];
    SendClean Send "send-clean" "send if clean" "Send where the review bar would be clean." [COMPOSER => "Ctrl-Enter"];
    OnceTick Send "once-tick" "tick" "In a text for many: send it to this one or not; then the next row." [REVIEW => "x"];
    OnceDown Move "once-down" "next row" "In a text for many: the next row, with its words in full." [REVIEW => "Down, Tab, Ctrl-n"];
    OnceUp Move "once-up" "previous row" "In a text for many: the previous row, with its words in full." [REVIEW => "Up, BackTab, Ctrl-p"];
    SaveNote Send "save-note" "save note" "Save the note for the team." [REVIEW => "n"];
    Edit Send "edit" "edit" "Back to the text." [REVIEW | ASK => "e"];
    ViewFinding Send "view-finding" "view" "What was found, in full." [REVIEW => "v"];
    ReviewPromise Send "review-promise" "promised by" "Change the date that the text promises, or drop it with an empty one." [REVIEW => "t"];
    Later Send "later" "later" "Send at a time that I type." [REVIEW => "l"];
    Keep Send "keep" "keep draft" "Keep it as a draft and leave." [REVIEW => "k, p, Esc"];
    DiscardDraft Send "discard-draft" "discard" "Throw the text away (asks)." [REVIEW => "D"];

    TakeBack Outbox "take-back" "take back" "Take the row back: its text becomes my draft." [OUTBOX => "u"];
    Retry Outbox "retry" "try now" "Send the row now." [OUTBOX => "r"];
    DiscardRow Outbox "discard-row" "discard" "Drop the row (asks)." [OUTBOX | ASK => "D"];
    ItIsThere Outbox "it-is-there" "it is there" "I looked: the vendor has it." [OUTBOX => "Y"];
    NotThere Outbox "not-there" "not there, send again" "I looked: the vendor does not have it; send again (asks)." [OUTBOX => "N"];

    Confirm Send "confirm" "yes" "Yes: do what is asked." [ASK => "Y"];
    Decline Send "decline" "no" "No: leave everything as it is." [ASK => "Esc, n, q"];
    PanelDown View "panel-down" "further down" "Further down in the details." [PANEL => "j, Down, Space, PgDn"];
    PanelUp View "panel-up" "further up" "Further up in the details." [PANEL => "k, Up, PgUp"];
    ClosePanel View "close-details" "close" "Close the details." [PANEL => "Esc, q, d, h"];

    Palette Program "palette" "command line" "Any action by name; :17 opens conversation 17." [SCREENS | WELCOME => ":"];
    Help Program "help" "help" "What works here." [SCREENS | PANEL | WELCOME => "?", SCREENS | COMPOSER | REVIEW | FORM | PANEL | WELCOME => "F1"];
    StartDemo Program "start-demo" "demo" "Leave this and start the demo." [WELCOME => "d"];
    StartTutor Program "start-tutor" "tutor" "Leave this and start the tutor." [WELCOME => "t"];
    WriteExample Program "write-example" "example" "Write an example of a configuration, every line a comment." [WELCOME => "w"];
    Lock Program "lock" "lock" "Hide everything until it is opened again." [SCREENS | PANEL => "L"];
    Unlock Program "unlock" "unlock" "Open the locked screen: twice, or after the word of ui.pin." [LOCKED => "Enter"];
    Mouse Program "mouse" "mouse" "The mouse is deskline's, or the terminal's to select text." [ALL => "F2"];
    Repaint Program "repaint" "repaint" "Draw everything again." [ALL | LOCKED => "Ctrl-l"];
    Stats Program "stats" "what drawing costs" "Bytes a key, frames, and the time to the terminal and back." [SCREENS => ""];
    Suspend Program "suspend" "suspend" "Back to the shell; fg returns." [ALL => "Ctrl-z"];
    Cancel Program "cancel" "cancel" "Cancel what runs; twice: quit, drafts kept." [ALL | LOCKED => "Ctrl-c"];
    Quit Program "quit" "quit" "Leave; drafts are kept." [LIST | WELCOME => "q"];
}
