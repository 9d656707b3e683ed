//! The sessions of people who signed in, in memory: after a restart they sign in again.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;

use super::session::{Secret, Session, cookies};
use crate::store::UserRow;

/// A session that was not used for so long ends.
const IDLE: Duration = Duration::from_secs(12 * 3600);

/// The sessions of the people who are signed in.
#[derive(Default)]
pub struct SignIns(Mutex<Vec<SignIn>>);

/// A person's session.
#[derive(Clone)]
pub struct SignIn {
    /// Identifies it in the database.
    pub id: String,
    cookie: Secret,
    pub csrf: Secret,
    pub name: String,
    /// BLAKE3 (hex) of the token, so that another token ends the session.
    pub token: String,
    used: Instant,
}

impl SignIns {
    /// Begins a session. Returns the value of its cookie.
    pub fn begin(&self, user: UserRow) -> anyhow::Result<String> {
        let cookie = Secret::new()?;
        let session = SignIn {
            id: Secret::new()?.as_str().to_owned(),
            cookie: cookie.clone(),
            csrf: Secret::new()?,
            name: user.name,
            token: user.hash,
            used: Instant::now(),
        };
        let mut sessions = self.0.lock().expect("no panic while held");
        sessions.retain(|session| session.used.elapsed() < IDLE);
        sessions.push(session);
        Ok(cookie.as_str().to_owned())
    }

    pub fn find(&self, session: &Session, headers: &HeaderMap) -> Option<SignIn> {
        let name = session.cookie_name();
        let given: Vec<&str> = cookies(headers, &name).collect();
        let is_given = |known: &SignIn| given.iter().any(|value| known.cookie.is(value));
        let mut sessions = self.0.lock().expect("no panic while held");
        let mut all = sessions.iter_mut();
        let found = all.find(|known| is_given(known) && known.used.elapsed() < IDLE)?;
        found.used = Instant::now();
        Some(found.clone())
    }

    pub fn end(&self, id: &str) {
        let mut sessions = self.0.lock().expect("no panic while held");
        sessions.retain(|session| session.id != id);
    }

    /// Identifiers of all sessions, for their locks.
    pub fn ids(&self) -> Vec<String> {
        let sessions = self.0.lock().expect("no panic while held");
        sessions.iter().map(|session| session.id.clone()).collect()
    }

    /// Whether the browser has a session; its person may have been removed since.
    pub fn is_signed_in(&self, session: &Session, headers: &HeaderMap) -> bool {
        self.find(session, headers).is_some()
    }
}
