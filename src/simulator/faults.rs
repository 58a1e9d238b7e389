//! Faults by script: which call of which vendor goes wrong, and how.
//!
//! The operations, by vendor; a fault on further pages only says so with `contains`: `scrollId`, `cursor=`.
//!
//! ```text
//! thg       login impersonate logout list customer create reply mark_read upload_config upload graphql
//! dsco      token hello create update list message messages
//! skyhub    sacs sac chats reply patch instances
//! whatsapp  send mark_read media_upload media_url media_get media_delete history number webhook
//! onprem    login send contacts mark_read media_upload media_get media_delete settings health webhook
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// This status instead of an answer; the vendor has done nothing.
    Status {
        /// The status.
        code: u16,
        /// The body.
        #[serde(default)]
        body: String,
        /// Its media type; empty = `application/json`.
        #[serde(default)]
        content_type: String,
        /// A `Retry-After` header: seconds or an HTTP date.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// This status instead of the answer, after the vendor has done what was asked.
    StatusAfter {
        /// The status.
        code: u16,
        /// The body.
        #[serde(default)]
        body: String,
    },
    /// A page of HTML with status 200.
    Html,
    /// The JSON stops in the middle; the length agrees with it.
    TruncatedJson,
    /// The connection ends before the announced length.
    CutBody,
    /// So many bytes of JSON.
    Huge {
        /// How many.
        bytes: usize,
    },
    /// A gzip body that unpacks to so many bytes.
    GzipBomb {
        /// How many.
        bytes: usize,
    },
    /// The body in pieces of `bytes`, one every `every_ms`.
    Drip {
        /// Size of a piece.
        bytes: usize,
        /// Pause between two.
        every_ms: i64,
    },
    /// Everything happens so much later.
    Delay {
        /// Milliseconds.
        ms: i64,
    },
    /// The line is reset before the vendor does anything.
    ResetBefore,
    /// The line is reset after the vendor did what was asked.
    ResetAfter,
    /// No answer, ever; the vendor has done nothing.
    Hang,
    /// No answer, ever, though the vendor did what was asked.
    HangAfter,
    /// 302 to this address.
    Redirect {
        /// Where to.
        to: String,
    },
    /// 307 to this address, which keeps method and body.
    RedirectKeeping {
        /// Where to.
        to: String,
    },
    /// This content type.
    ContentType {
        /// The type.
        value: String,
    },
    /// The answer is right but its body is unreadable.
    Garbage,
    /// The page before is served once more.
    DuplicatePage,
    /// The page starts so many rows too late (or, negative, too early).
    ShiftedPage {
        /// Rows.
        by: i64,
    },
    /// The last page names a further page, which is empty.
    EmptyLastPage,
    /// The scroll or cursor is not known any more.
    ExpiredScroll,
    /// A value of an enumeration that nobody has heard of.
    UnknownEnum {
        /// The field, e.g. `status`; all of that name.
        field: String,
    },
    /// A field is missing.
    MissingField {
        /// The field; all of that name.
        field: String,
    },
    /// Fields that nobody has heard of.
    ExtraFields,
    /// Half of an emoji in the first text.
    LoneSurrogate,
    /// NUL in the first text.
    Nul,
    /// Bytes that are no UTF-8 in the first text.
    InvalidUtf8,
    /// The `Date` header is off by so many seconds.
    ClockSkew {
        /// Seconds.
        seconds: i64,
    },
    /// What is written becomes visible so much later.
    Late {
        /// Milliseconds.
        ms: i64,
    },
    /// THG: `discussions` is null.
    DiscussionsNull,
    /// The session or token is not valid any more, from now on.
    SessionExpired,
    /// THG: rate limited, in band. Others: 429.
    RateLimited,
    /// THG: too heavy.
    TooHeavy,
    /// WhatsApp: the vendor's error code, in its own shape.
    VendorError {
        /// The code.
        code: i64,
    },
    /// WhatsApp: the status comes before the answer of the send.
    EarlyStatus,
    /// WhatsApp: `delivered` never comes.
    SkipDelivered,
    /// WhatsApp: the message fails later with this code.
    FailLater {
        /// The code.
        code: i64,
    },
    /// An action of `/_control` happens just before the vendor looks at the call.
    Before {
        /// The action.
        action: serde_json::Value,
    },
    /// An action of `/_control` happens just after the vendor has answered.
    After {
        /// The action.
        action: serde_json::Value,
    },
    /// Webhook: delivered twice.
    DuplicateWebhook,
    /// Webhook: it waits and goes after the next one.
    ReorderWebhook,
    /// Webhook: it waits until so many updates are together in one body.
    BatchWebhook {
        /// How many.
        size: usize,
    },
    /// Webhook: the signature is wrong.
    ForgedSignature,
    /// Webhook: there is no signature.
    NoSignature,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// `thg`, `dsco`, `skyhub`, `whatsapp`, `onprem`, or `*`.
    pub vendor: String,
    /// The operation, or `*`.
    #[serde(default = "any")]
    pub operation: String,
    /// Only from the nth matching call on, from 1; 0 = from the first.
    #[serde(default)]
    pub nth: u32,
    /// So many matching calls pass first (the same as `nth` - 1).
    #[serde(default)]
    pub after: u32,
    /// How many times; 0 = for ever.
    #[serde(default = "once")]
    pub times: u32,
    /// Only calls whose path or body holds this.
    #[serde(default)]
    pub contains: Option<String>,
    /// What goes wrong.
    pub what: What,
}

fn any() -> String {
    "*".into()
}

fn once() -> u32 {
    1
}

impl Fault {
    /// The next call of this operation goes wrong once.
    pub fn next(vendor: &str, operation: &str, what: What) -> Self {
        Self {
            vendor: vendor.into(),
            operation: operation.into(),
            nth: 0,
            after: 0,
            times: 1,
            contains: None,
            what,
        }
    }

    /// Every call of this operation goes wrong.
    pub fn always(vendor: &str, operation: &str, what: What) -> Self {
        Self { times: 0, ..Self::next(vendor, operation, what) }
    }

    /// The same, from the nth matching call on.
    #[must_use]
    pub fn on_call(mut self, nth: u32) -> Self {
        self.nth = nth;
        self
    }

    /// The same, so many times.
    #[must_use]
    pub fn repeated(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The same, only where path or body holds `text`.
    #[must_use]
    pub fn where_it_says(mut self, text: &str) -> Self {
        self.contains = Some(text.into());
        self
    }

    fn matches(&self, vendor: &str, operation: &str, path: &str, body: &[u8]) -> bool {
        (self.vendor == "*" || self.vendor == vendor)
            && (self.operation == "*" || self.operation == operation)
            && self
                .contains
                .as_deref()
                .is_none_or(|needle| path.contains(needle) || String::from_utf8_lossy(body).contains(needle))
    }
}

struct Armed {
    fault: Fault,
    seen: u32,
    used: u32,
}

/// The script. All clones are one.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Armed>>>);

impl Faults {
    /// Reads a script: a JSON array of faults, or an object with `faults`.
    ///
    /// # Errors
    /// Says what could not be read.
    pub fn from_json(text: &str) -> Result<Vec<Fault>, String> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let list = value.get("faults").cloned().unwrap_or(value);
        serde_json::from_value(list).map_err(|error| format!("faults: {error}"))
    }

    fn armed(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.armed().push(Armed { fault, seen: 0, used: 0 });
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.armed().clear();
    }

    /// How often faults struck so far, in the order in which they were added.
    pub fn used(&self) -> Vec<(Fault, u32)> {
        self.armed().iter().map(|armed| (armed.fault.clone(), armed.used)).collect()
    }

    /// What strikes this call.
    pub(super) fn strike(&self, vendor: &str, operation: &str, path: &str, body: &[u8]) -> Vec<What> {
        let mut strikes = Vec::new();
        for armed in self.armed().iter_mut() {
            if !armed.fault.matches(vendor, operation, path, body) {
                continue;
            }
            armed.seen += 1;
            let first = armed.fault.nth.max(armed.fault.after + 1);
            if armed.seen >= first && (armed.fault.times == 0 || armed.used < armed.fault.times) {
                armed.used += 1;
                strikes.push(armed.fault.what.clone());
            }
        }
        strikes
    }
}
