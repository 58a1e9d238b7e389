//! Files to and from WhatsApp (contract B.8).

use std::path::Path;

use reqwest::{Method, RequestBuilder, StatusCode, header::CONTENT_TYPE};

use super::{
    answers::{Answered, MediaPlace, Named},
    client::{Load, WhatsApp, read},
    error, map,
    request::{self, Api},
};
use crate::{
    channels::{
        ChannelError, Downloaded, ErrorKind, Retry,
        download::{Part, Poured},
        files::{self, Told, too_large},
        http::Answer,
        lenient,
    },
    domain::attachment::StoredFile,
};

impl WhatsApp {
    pub(super) async fn upload_file(
        &self,
        file: &StoredFile,
        path: &Path,
        told: Told,
    ) -> Result<String, ChannelError> {
        files::taken(&self.settings.descriptor, file)?;
        let base = &self.settings.url;
        let (url, load) = match self.api() {
            Api::Cloud => {
                let number = self.settings.hook.phone_number_id.as_deref().unwrap_or_default();
                (format!("{}/media", request::cloud_thing(base, number)), Load::Form(file, path, told))
            }
            Api::OnPremises => (request::on_premises(base, &["media"]), Load::Bytes(file, path, told)),
        };
        let answer = self.succeed(Method::POST, &url, load).await?;
        let answered = read::<Answered>(&answer).unwrap_or_default();
        let first = answered.media.first().and_then(|raw| lenient::decode::<Named>(raw).ok());
        answered
            .id
            .or_else(|| first.and_then(|(named, _)| named.id))
            .ok_or_else(|| error::unreadable(&answer, "media id"))
    }

    /// Deletes a file of ours (contract B1.7, B2.8). One that is not there any more is as good.
    pub(super) async fn delete_file(&self, id: &str) -> Result<(), ChannelError> {
        let base = &self.settings.url;
        let url = match self.api() {
            Api::Cloud => request::cloud_thing(base, id),
            Api::OnPremises => request::on_premises(base, &["media", id]),
        };
        let answer = self.ask(Method::DELETE, &url, Load::Nothing).await?;
        let told = error::trouble(&answer);
        let gone = match told.as_ref().map(error::Told::code) {
            None => answer.status.is_success() || answer.status == StatusCode::NOT_FOUND,
            Some(code) => answer.status == StatusCode::NOT_FOUND || matches!(code, Some(33 | 100 | 1006)),
        };
        if gone { Ok(()) } else { Err(error::refusal(&answer, self.now())) }
    }

    pub(super) async fn download_file(
        &self,
        remote_ref: &str,
        part: &mut Part<'_>,
    ) -> Result<Downloaded, ChannelError> {
        match self.fetch(remote_ref, part).await {
            // The address lives five minutes: a new one, once.
            Err(error) if self.api() == Api::Cloud && error.status == Some(404) => {
                self.fetch(remote_ref, part).await
            }
            other => other,
        }
    }

    async fn fetch(&self, id: &str, part: &mut Part<'_>) -> Result<Downloaded, ChannelError> {
        // It is written into an address: what would be more than a name there is none.
        if id.contains(['/', '\\', '?', '#', '%']) || id.contains("..") || id.chars().any(char::is_control) {
            return Err(ChannelError::ours("WhatsApp's name of this file is none that can be asked for"));
        }
        let base = &self.settings.url;
        let place = match self.api() {
            Api::OnPremises => {
                MediaPlace { url: Some(request::on_premises(base, &["media", id])), ..MediaPlace::default() }
            }
            Api::Cloud => {
                let mut url = request::cloud_thing(base, id);
                if let Some(number) = &self.settings.hook.phone_number_id {
                    url = format!("{url}?phone_number_id={number}");
                }
                let answer = self.succeed(Method::GET, &url, Load::Nothing).await?;
                read::<MediaPlace>(&answer)
                    .filter(|place| place.url.is_some())
                    .ok_or_else(|| error::unreadable(&answer, "address of the file"))?
            }
        };
        let size = place.file_size.as_deref().and_then(|it| it.parse::<u64>().ok());
        if let Some(size) = size.filter(|size| *size > part.max_bytes()) {
            return Err(too_large("the file", size, part.max_bytes()));
        }
        let url = place.url.unwrap_or_default();
        if !request::may_have_token(base, &self.settings.media_hosts, &url) {
            let host = reqwest::Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned));
            return Err(ChannelError::ours(format!(
                "the file is at {}, which media_hosts does not name: the token was not sent there",
                host.unwrap_or_default()
            )));
        }
        let announced = place.sha256.as_deref().and_then(map::sha256_hex);
        let announced = announced.or_else(|| part.announced().map(str::to_owned));
        let begun = part.is_begun();
        let mut got = self.pour(&url, part, announced.is_some()).await?;
        if let Some(announced) = announced {
            let mut fits = part.sha256().await? == announced;
            if !fits && begun {
                // What an earlier try left may be of another version: the whole once more.
                part.empty().await?;
                got = self.pour(&url, part, true).await?;
                fits = part.sha256().await? == announced;
            }
            if !fits {
                part.empty().await?;
                return Err(ChannelError::new(
                    ErrorKind::Outage,
                    Retry::Safe(None),
                    "the file is not the one that was announced (its SHA-256 differs); it was not kept",
                ));
            }
        }
        Ok(Downloaded { mime: place.mime_type.or(got.mime), ..got })
    }

    /// The rest of a file, or all of it where the vendor does not go on from what is here.
    async fn pour(&self, url: &str, part: &mut Part<'_>, hashed: bool) -> Result<Downloaded, ChannelError> {
        loop {
            let mut response = self.head(url, part, hashed).await?;
            let status = response.status();
            if !status.is_success() && status != StatusCode::RANGE_NOT_SATISFIABLE {
                let headers = response.headers().clone();
                let body = response.chunk().await.ok().flatten().unwrap_or_default();
                let error = error::refusal(&Answer { status, headers, body }, self.now());
                // A network that asks for a login first sends everybody elsewhere for a while: the file stays wanted.
                let retry = if status.is_redirection() { Retry::Safe(None) } else { error.retry };
                return Err(ChannelError { retry, ..error });
            }
            // Asked for without a range the second time: it ends.
            if let Poured::Whole(got) = part.pour(response).await? {
                return Ok(got);
            }
        }
    }
}

/// A request with a file as its body.
pub(super) async fn bytes(
    request: RequestBuilder,
    file: &StoredFile,
    path: &Path,
    told: Told,
) -> Result<RequestBuilder, ChannelError> {
    Ok(request
        .header(CONTENT_TYPE, &file.mime)
        .header(reqwest::header::CONTENT_LENGTH, file.size)
        .body(files::body(path, told).await?))
}

/// A request with a form that holds a file.
pub(super) async fn form(
    request: RequestBuilder,
    file: &StoredFile,
    path: &Path,
    told: Told,
) -> Result<RequestBuilder, ChannelError> {
    let part = reqwest::multipart::Part::stream_with_length(files::body(path, told).await?, file.size)
        .file_name(file.name.clone())
        .mime_str(&file.mime)
        .map_err(|_| ChannelError::ours(format!("{} is no MIME type", file.mime)))?;
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", file.mime.clone())
        .part("file", part);
    Ok(request.multipart(form))
}
