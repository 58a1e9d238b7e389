mod beside;
mod caught_up;
mod sends;
mod webhooks;

use chrono::{TimeZone, Utc};

use super::*;
use crate::{
    channels::{stand_in::HandClock, tokens::Tokens},
    domain::Time,
};

const NUMBER: &str = "106540352242922";

fn now() -> Time {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

fn hook(api: Api) -> Hook {
    Hook {
        path: "/webhook/whatsapp".into(),
        trust: match api {
            Api::Cloud => Trust::Signed {
                app_secret: "app-secret".into(),
                verify_token: "verify".into(),
                rewritten: false,
            },
            Api::OnPremises => Trust::SecretPath,
        },
        phone_number_id: (api == Api::Cloud).then(|| NUMBER.to_owned()),
        public_url: None,
    }
}

fn account(url: &str, api: Api) -> WhatsApp {
    WhatsApp::new(settings(url, api)).expect("an account")
}

fn settings(url: &str, api: Api) -> Settings {
    Settings {
        descriptor: descriptor("whatsapp", api),
        url: url.into(),
        login: match api {
            Api::Cloud => Login::Cloud { phone_number_id: NUMBER.into(), access_token: "token".into() },
            Api::OnPremises => {
                Login::OnPremises { username: "admin".into(), password: "secret".into(), namespace: None }
            }
        },
        hook: hook(api),
        media_hosts: vec!["*.fbsbx.com".into()],
        typing: false,
        max_rate: 0,
        tokens: Tokens::in_memory(),
        clock: HandClock::at(&now().to_rfc3339()),
    }
}
