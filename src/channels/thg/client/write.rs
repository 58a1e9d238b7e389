//! What is written: new discussions, read marks, files.

use std::{path::Path, time::Duration};

use chrono::TimeDelta;
use reqwest::{Method, header::ACCEPT};

use super::{Thg, Uncounted, gone, page_of};
use crate::{
    channels::{
        ChannelError, ErrorKind, Retry, Sending, Sent, Target,
        files::{self, Told},
        json,
        thg::{error, request},
    },
    domain::{
        attachment::StoredFile,
        change::Page,
        outbox::NewConversation,
        time::{from_millis, to_millis},
    },
};

const UPLOAD_TIMEOUT: Duration = Duration::from_mins(5);
/// How long an attachment token is relied on: its life is not documented, and a file may be brought twice.
const UPLOAD_SERVES: TimeDelta = TimeDelta::minutes(30);

impl Thg {
    pub(super) async fn create(
        &self,
        new: &NewConversation,
        send: &Sending<'_>,
    ) -> Result<Sent, ChannelError> {
        let request = request::create(new, attachment_token(send))?;
        let _alone = self.creating.lock().await;
        let data = self.ask(&request, true, &mut Uncounted).await?;
        let id = json::name(data.create_discussion).ok_or_else(|| no_id("discussion"))?;
        // It is created, come what may of the look for it.
        match self.locate(&id, new, send).await {
            Ok(Some(seen)) => Ok(self.created(&seen)),
            Ok(None) => Ok(Sent { key: Some(id.clone()), remote_id: Some(id), ..Sent::default() }),
            Err(error) => {
                tracing::warn!(%error, "a new discussion could not be read back yet");
                Ok(Sent { key: Some(id.clone()), remote_id: Some(id), ..Sent::default() })
            }
        }
    }

    pub(super) async fn mark_read(&self, target: &Target) -> Result<Page, ChannelError> {
        // Oldest first; of equal times the last one counts. Keys of our own making are no ids.
        let stored = target.known.iter().filter(|it| !it.key.starts_with('~')).max_by_key(|it| it.at);
        let mut up_to = if let Some(message) = stored {
            message.key.clone()
        } else {
            let seen = self.whole(&target.remote_id, &mut Uncounted).await?.ok_or_else(|| gone(target))?;
            seen.newest()
                .map(|it| it.key.clone())
                .ok_or_else(|| ChannelError::ours("there is no message to mark as read in this discussion"))?
        };
        let mut tries = 0;
        loop {
            // Success and failure both say `null`; only `errors` tells them apart, and those `ask` has looked at.
            self.ask(&request::mark_read(&target.remote_id, &up_to), true, &mut Uncounted).await?;
            let seen = self.whole(&target.remote_id, &mut Uncounted).await?.ok_or_else(|| gone(target))?;
            tries += 1;
            // A newer message than the one named keeps the whole discussion unread (contract 1.5).
            let newer = seen.newest().map(|it| it.key.clone()).filter(|it| *it != up_to);
            match newer {
                Some(newer) if seen.unread() && tries < 3 => up_to = newer,
                _ => return Ok(page_of(&seen)),
            }
        }
    }

    pub(super) async fn bring(
        &self,
        file: &StoredFile,
        path: &Path,
        told: Told,
    ) -> Result<String, ChannelError> {
        let site = self.settings.site_url.as_deref().ok_or_else(|| {
            ChannelError::ours("this channel has no `site_url`, so files cannot be attached")
        })?;
        files::taken(&self.descriptor, file)?;
        let data = self.ask(&request::uploader_config(), false, &mut Uncounted).await?;
        let down = || {
            ChannelError::new(
                ErrorKind::Outage,
                Retry::Safe(None),
                "the vendor names no place for uploads now",
            )
        };
        let config = data.attachment_uploader_config.ok_or_else(down)?;
        let token = config.auth_token.filter(|it| !it.is_empty()).ok_or_else(down)?;
        let url =
            request::upload_url(site, &config.upload_url.filter(|it| !it.is_empty()).ok_or_else(down)?)?;

        let bytes = files::body(path, told).await?;
        let part = reqwest::multipart::Part::stream_with_length(bytes, file.size)
            .file_name(file.name.clone())
            .mime_str("application/octet-stream")
            .map_err(|_| ChannelError::ours("the file's type cannot be written"))?;
        // The curl and the schema say `uploadToken`, the prose says `authToken` (contract T1).
        let mut form = reqwest::multipart::Form::new().text("uploadToken", token.clone());
        if self.settings.upload_auth_token {
            form = form.text("authToken", token);
        }
        self.http.free("upload")?;
        self.http.place("upload", self.max_rate).await;
        // No Authorization and no cookie: neither document shows any.
        let request = self
            .http
            .request(Method::POST, &url)
            .header(ACCEPT, "application/json")
            .multipart(form.part("attachment", part));
        let answer = self.http.send(request.timeout(UPLOAD_TIMEOUT)).await.map_err(harmless)?;
        self.http.obey("upload", &answer, self.clock.now());
        let token = error::uploaded(&answer, self.clock.now()).map_err(harmless).map_err(|error| {
            // Whether a form field that it does not know is refused is not documented either (contract T1).
            let ours =
                error.kind == ErrorKind::Refused && error.status.is_none() && self.settings.upload_auth_token;
            let hint = "; if it never takes one, try `send_auth_token = false`";
            let words = format!("{}{}", error.words, if ours { hint } else { "" });
            ChannelError { words, ..error }
        })?;
        Ok(format!("{}:{token}", to_millis(self.clock.now())))
    }

    pub(super) fn still_serves(&self, upload: &str) -> bool {
        let brought = upload.split_once(':').and_then(|(at, _)| at.parse().ok()).map(from_millis);
        brought.is_some_and(|at| (self.clock.now() - at).abs() < UPLOAD_SERVES)
    }
}

/// What the vendor called the file, without the time at which it was brought. The token itself is opaque.
pub(super) fn attachment_token<'a>(send: &'a Sending<'_>) -> Option<&'a str> {
    send.upload.as_deref().map(|it| it.split_once(':').map_or(it, |(_, token)| token))
}

/// Repeating an upload does no harm: an orphan file at most (contract 1.8).
fn harmless(error: ChannelError) -> ChannelError {
    match error.retry {
        Retry::Unclear => ChannelError { retry: Retry::Safe(None), ..error },
        _ => error,
    }
}

pub(super) fn no_id(what: &str) -> ChannelError {
    ChannelError::new(
        ErrorKind::Outage,
        Retry::Unclear,
        format!("the vendor answered without the id of the new {what}: whether it exists is not known"),
    )
}
