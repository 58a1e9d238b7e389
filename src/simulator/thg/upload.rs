//! The uploader on the shop's host: a token in, a token out.

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use serde_json::json;

use super::{Shop, Token, UPLOAD_PATH};
use crate::simulator::{
    book::BookAttachment,
    wire::{Call, Part, Reply, Turn, sha256_hex, sniff},
};

impl Shop {
    /// Gives the shopper's token for uploads; needed once, at the start.
    pub fn prepare(&mut self, rng: &mut fastrand::Rng) {
        // Not a UUID, as the seed's is not: nobody may parse it.
        self.upload_token = format!("{:08X}-C5E6-617E-BFB2-MUM{:06X}", rng.u32(..), rng.u32(..0x0100_0000));
    }

    pub(super) fn upload(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let wanted = format!("/thg-shop{UPLOAD_PATH}");
        if call.target.split('?').next() != Some(wanted.as_str()) {
            turn.book.breach(format!("thg upload: nothing at {}", call.target));
            return Reply::text(404, "Not Found");
        }
        if call.method != "POST" || call.content_type() != "multipart/form-data" {
            turn.book.breach(format!("thg upload: {} with {:?}", call.method, call.header("content-type")));
            return Reply::text(400, "multipart/form-data expected");
        }
        let identified = call.header("authorization").is_some() || call.header("cookie").is_some();
        if identified && !turn.switches.thg_upload_needs_login {
            turn.book.breach("thg upload: credentials sent to the shop's host");
        } else if !identified && turn.switches.thg_upload_needs_login {
            return Reply::text(401, "Unauthorized");
        }
        let [bad_token, too_large, bad_type, server] = turn.switches.thg_upload_error_codes;
        let failed = |code: i64| {
            Reply::json(
                turn.switches.thg_upload_error_status,
                &json!({"successful": false, "token": null, "mimeType": null, "errorCode": code}),
            )
        };
        let further = |part: &&Part| !matches!(part.name.as_str(), "uploadToken" | "attachment");
        if turn.switches.thg_upload_strict_fields && call.parts.iter().any(|part| further(&part)) {
            return failed(bad_token);
        }
        let field =
            |name: &str| call.part(name).map(|part| String::from_utf8_lossy(&part.bytes).into_owned());
        let (upload, auth) = (field("uploadToken"), field("authToken"));
        let token = match (&upload, &auth) {
            (Some(one), Some(other)) if one != other => {
                turn.book.breach("thg upload: uploadToken and authToken differ");
                return failed(bad_token);
            }
            (Some(one), _) => one,
            (None, Some(other)) if turn.switches.thg_auth_token_field => other,
            _ => {
                turn.book.breach("thg upload: no uploadToken");
                return failed(bad_token);
            }
        };
        if *token != self.upload_token {
            return failed(bad_token);
        }
        let Some(file) = call.part("attachment") else {
            turn.book.breach("thg upload: no attachment");
            return failed(server);
        };
        if file.file.is_none() {
            turn.book.breach("thg upload: the attachment has no file name");
        }
        if file.bytes.len() > turn.switches.thg_max_upload {
            return failed(too_large);
        }
        let mime = sniff(&file.bytes);
        if !turn.switches.thg_upload_types.iter().any(|it| it == mime) {
            return failed(bad_type);
        }
        self.next_upload += 1;
        let text = BASE64_STANDARD_NO_PAD.encode(format!("{}:{:032x}", self.next_upload, turn.rng.u128(..)));
        self.uploads.push(Token { text: text.clone(), used: false, at: turn.now });
        turn.book.attach(BookAttachment {
            vendor: "thg".into(),
            id: text.clone(),
            name: file.file.clone(),
            mime: mime.into(),
            size: file.bytes.len(),
            sha256: sha256_hex(&file.bytes),
            from_us: true,
            message: None,
        });
        Reply::json(200, &json!({"successful": true, "token": text, "mimeType": mime, "errorCode": 0}))
    }
}
