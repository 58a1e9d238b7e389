//! A vendor beyond the four that the demo is cast with: its own file, and one line in `further!` of the room's `mod.rs`.
//!
//! It lives under a prefix of its own, obeys faults and the book like the others, and does for `/_control` what it can.

use super::{
    Account,
    wire::{Call, Reply, Turn},
};

/// What acting gives back: nothing or an id, and the reason where it was not possible.
pub(super) type Act = Result<String, String>;

/// One vendor with everything that exists there.
pub(super) trait Vendor: Send {
    /// Its word: in faults, in the book, in `/_control`.
    fn name(&self) -> &'static str;

    /// Where it lives: `/toy`.
    fn prefix(&self) -> &'static str;

    /// The account that a channel is configured with; `{origin}` in a value becomes the simulator's address.
    fn account(&self) -> Account;

    /// What is asked for, in the simulator's own words (faults name it).
    fn operation(&self, call: &Call) -> &'static str;

    /// Answers a call.
    fn answer(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply;

    /// A customer writes.
    fn customer_says(&mut self, conversation: &str, _text: &str, _turn: &mut Turn<'_>) -> Act {
        Err(self.cannot(conversation))
    }

    /// The other side's agent writes.
    fn agent_answers(&mut self, conversation: &str, _text: &str, _turn: &mut Turn<'_>) -> Act {
        Err(self.cannot(conversation))
    }

    /// A colleague writes for us elsewhere.
    fn we_write_elsewhere(&mut self, conversation: &str, _text: &str, _turn: &mut Turn<'_>) -> Act {
        Err(self.cannot(conversation))
    }

    /// Sets a status as the vendor or the other side.
    fn set_status(&mut self, _conversation: &str, _status: &str, _turn: &mut Turn<'_>) -> bool {
        false
    }

    /// Ends all sessions and tokens.
    fn expire(&mut self) {}

    /// The ids of all conversations.
    fn conversations(&self) -> Vec<String>;

    /// Its own view of a conversation's state.
    fn status(&self, _conversation: &str) -> Option<String> {
        None
    }

    /// The refusal of an action that it knows nothing of.
    fn cannot(&self, conversation: &str) -> String {
        format!("{} cannot do that in {conversation}", self.name())
    }
}
