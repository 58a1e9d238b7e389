//! The figures: their words, their tables, their formulas.

use chrono::TimeDelta;

/// A figure of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Messages of the other side.
    MessagesIn,
    /// Replies by people.
    MessagesOut,
    /// Messages by machines of ours.
    Auto,
    /// Notes.
    Notes,
    /// Episodes that began.
    Episodes,
    /// See [`Figure::formula`], here and below.
    FirstResponse,
    /// The same in business hours.
    FirstResponseBusiness,
    /// Each run's wait.
    NextResponse,
    /// The same in business hours.
    NextResponseBusiness,
    /// Runs that needed no reply.
    NoReplyNeeded,
    /// Runs that ended because the conversation was resolved.
    ResolvedUnanswered,
    /// Until it was resolved for the first time.
    FirstResolution,
    /// The same in business hours.
    FirstResolutionBusiness,
    /// Until it was resolved for good.
    FullResolution,
    /// The same in business hours.
    FullResolutionBusiness,
    /// How much of that the customer waited for us.
    OurShare,
    /// The same in business hours.
    OurShareBusiness,
    /// Not done at the end.
    Backlog,
    /// Of these, our turn.
    BacklogActionable,
    /// Asleep at the end.
    BacklogSnoozed,
    /// Deadlines of the marketplace that passed.
    BreachesMarketplace,
    /// Deadlines of the company that passed.
    BreachesCompany,
    /// Of both, those that were answered late.
    BreachesAnswered,
    /// Time at the keyboard.
    HandleTime,
}

/// Figures that are read together, with one formula beneath.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its title.
    pub title: &'static str,
    /// Its lines.
    pub figures: &'static [Figure],
}

impl Table {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 6] = [
        Self {
            title: "Volume",
            figures: &[
                Figure::Episodes,
                Figure::MessagesIn,
                Figure::MessagesOut,
                Figure::Auto,
                Figure::Notes,
            ],
        },
        Self {
            title: "Response",
            figures: &[
                Figure::FirstResponse,
                Figure::FirstResponseBusiness,
                Figure::NextResponse,
                Figure::NextResponseBusiness,
                Figure::NoReplyNeeded,
                Figure::ResolvedUnanswered,
            ],
        },
        Self {
            title: "Resolution",
            figures: &[
                Figure::FirstResolution,
                Figure::FirstResolutionBusiness,
                Figure::FullResolution,
                Figure::FullResolutionBusiness,
                Figure::OurShare,
                Figure::OurShareBusiness,
            ],
        },
        Self {
            title: "Backlog",
            figures: &[Figure::Backlog, Figure::BacklogActionable, Figure::BacklogSnoozed],
        },
        Self {
            title: "Breaches",
            figures: &[Figure::BreachesMarketplace, Figure::BreachesCompany, Figure::BreachesAnswered],
        },
        Self { title: "Handle time", figures: &[Figure::HandleTime] },
    ];
}

impl Figure {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Table::ALL.into_iter().flat_map(|table| table.figures.iter().copied())
    }

    /// The word in JSON, CSV and `--events`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessagesIn => "messages_in",
            Self::MessagesOut => "messages_out",
            Self::Auto => "auto",
            Self::Notes => "notes",
            Self::Episodes => "episodes",
            Self::FirstResponse => "first_response",
            Self::FirstResponseBusiness => "first_response_business",
            Self::NextResponse => "next_response",
            Self::NextResponseBusiness => "next_response_business",
            Self::NoReplyNeeded => "no_reply_needed",
            Self::ResolvedUnanswered => "resolved_unanswered",
            Self::FirstResolution => "first_resolution",
            Self::FirstResolutionBusiness => "first_resolution_business",
            Self::FullResolution => "full_resolution",
            Self::FullResolutionBusiness => "full_resolution_business",
            Self::OurShare => "our_share",
            Self::OurShareBusiness => "our_share_business",
            Self::Backlog => "backlog",
            Self::BacklogActionable => "backlog_actionable",
            Self::BacklogSnoozed => "backlog_snoozed",
            Self::BreachesMarketplace => "breaches_marketplace",
            Self::BreachesCompany => "breaches_company",
            Self::BreachesAnswered => "breaches_answered",
            Self::HandleTime => "handle_time",
        }
    }

    /// The figure of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::all().find(|it| it.as_str() == word)
    }

    /// Whether its items are lengths of time, so that it has a median.
    pub fn is_length(self) -> bool {
        matches!(
            self,
            Self::FirstResponse
                | Self::FirstResponseBusiness
                | Self::NextResponse
                | Self::NextResponseBusiness
                | Self::FirstResolution
                | Self::FirstResolutionBusiness
                | Self::FullResolution
                | Self::FullResolutionBusiness
                | Self::OurShare
                | Self::OurShareBusiness
                | Self::HandleTime
        )
    }

    /// Whether it is what stands at the end, whenever it began.
    pub fn is_state(self) -> bool {
        matches!(self, Self::Backlog | Self::BacklogActionable | Self::BacklogSnoozed)
    }

    /// How it comes about, in a sentence.
    pub fn formula(self) -> &'static str {
        match self {
            Self::MessagesIn => {
                "messages of the other side; without reactions, system lines and chats that we may only read"
            }
            Self::MessagesOut => "replies by people that the vendor has, here or elsewhere, by their sender",
            Self::Auto => "our messages that no person wrote",
            Self::Notes => "internal notes, by their author",
            Self::Episodes => "episodes that began: a new conversation, or a message after it was closed",
            Self::FirstResponse => {
                "first reply after the first message of an episode, minus that message; by the sender; \
                 episodes that we began have none"
            }
            Self::NextResponse => {
                "for each run of unanswered messages: the next reply minus the first message of the run; \
                 by the sender"
            }
            Self::FirstResponseBusiness
            | Self::NextResponseBusiness
            | Self::FirstResolutionBusiness
            | Self::FullResolutionBusiness
            | Self::OurShareBusiness => {
                "the same in the hours of the channel's calendar; n/a where the channel has none"
            }
            Self::NoReplyNeeded => {
                "runs closed by \"no reply needed\", and thanks alone after it was resolved; they have no length"
            }
            Self::ResolvedUnanswered => {
                "runs that ended because the conversation was resolved without a reply"
            }
            Self::FirstResolution => {
                "the first time an episode was resolved minus its first message; by whoever resolved it"
            }
            Self::FullResolution => {
                "the last time an episode was resolved minus its first message, where it stayed so until the end"
            }
            Self::OurShare => "the sum of the episode's runs, for episodes in full_resolution",
            Self::Backlog => "episodes in new, open, pending or on_hold at the end, those asleep apart",
            Self::BacklogActionable => "of the backlog, those whose next move is ours (new, open)",
            Self::BacklogSnoozed => "such episodes that are asleep at the end",
            Self::BreachesMarketplace => {
                "runs unanswered when the marketplace's deadline passed, by the policy in force then; a late \
                 answer stays a breach, another policy frees later ones only"
            }
            Self::BreachesCompany => {
                "the same for the company's deadline, which stands still in pending, on_hold and mediation"
            }
            Self::BreachesAnswered => "of both, those that have been answered since",
            Self::HandleTime => {
                "measured in this terminal: the composer open in front, cut at 120 s without a key; n/a where \
                 nothing was measured"
            }
        }
    }
}

/// A length as tables write it: `45 s`, `12 min`, `3 h 05`, `2 d 4 h`.
pub fn length(it: TimeDelta) -> String {
    let seconds = it.num_seconds();
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h {:02}", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}
