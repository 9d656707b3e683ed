//! Access to the page for one browser, whose session begins with a link that works once.
//! Other programs and web pages on the same machine have no access.

use std::net::IpAddr;
use std::sync::Mutex;

use anyhow::Context;
use axum::http::{HeaderMap, Method, header};

/// Header of every request that changes something.
pub const CSRF_HEADER: &str = "x-docmill-csrf";
/// Path of the link that begins the session, without its token.
pub const ENTRY: &str = "/enter/";

/// 256 random bits as 64 hex digits.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new() -> anyhow::Result<Secret> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).context("the system gives no random numbers")?;
        Ok(Secret(blake3::Hash::from_bytes(bytes).to_hex().to_string()))
    }

    /// Compares in constant time by hashes, so that the duration reveals nothing.
    pub fn is(&self, given: &str) -> bool {
        blake3::hash(self.0.as_bytes()) == blake3::hash(given.as_bytes())
    }

    /// Whether the header of the request against CSRF has this value.
    pub fn is_csrf_of(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(CSRF_HEADER);
        let given = given.and_then(|given| given.to_str().ok());
        given.is_some_and(|given| self.is(given))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub struct Session {
    /// Identifies the session in the database.
    pub id: String,
    /// `None`: the link was used.
    token: Mutex<Option<Secret>>,
    cookie: Secret,
    pub csrf: Secret,
    port: u16,
    /// Whether browsers reach it over TLS.
    has_tls: bool,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The name in the address is not the server's (DNS rebinding).
    Host,
    /// It comes from another site.
    Origin,
    NoSession,
    /// A change without the session's own header.
    Csrf,
    /// The link was used, or is not the session's.
    Link,
}

impl Denied {
    pub fn message(self) -> &'static str {
        match self {
            Denied::Host => {
                "This is the address of another server. Open the link that `docmill review` printed."
            }
            Denied::Origin => "This request comes from another site.",
            Denied::NoSession => {
                "This browser has no session. Open the link that `docmill review` printed, or start it again for a new one."
            }
            Denied::Csrf => "This request does not come from the review page. Load the page again.",
            Denied::Link => {
                "This link was used already: it works once. Start `docmill review` again for a new one."
            }
        }
    }
}

impl Session {
    pub fn new(port: u16, has_tls: bool) -> anyhow::Result<Session> {
        Ok(Session {
            id: Secret::new()?.0,
            token: Mutex::new(Some(Secret::new()?)),
            cookie: Secret::new()?,
            csrf: Secret::new()?,
            port,
            has_tls,
        })
    }

    /// Of the page's address.
    pub fn scheme(&self) -> &'static str {
        match self.has_tls {
            true => "https",
            false => "http",
        }
    }

    /// The path that begins the session.
    pub fn entry(&self) -> String {
        let token = self.token.lock().expect("no panic while held");
        let token = token.as_ref().map(Secret::as_str).unwrap_or_default();
        format!("{ENTRY}{token}")
    }

    /// The cookie for the right token. `Err` for another token, and after the first use.
    pub fn enter(&self, token: &str) -> Result<String, Denied> {
        let mut stored = self.token.lock().expect("no panic while held");
        if !stored.as_ref().is_some_and(|secret| secret.is(token)) {
            return Err(Denied::Link);
        }
        *stored = None;
        Ok(self.cookie(self.cookie.as_str()))
    }

    /// The cookie that a browser gets.
    pub fn cookie(&self, value: &str) -> String {
        let secure = if self.has_tls { "; Secure" } else { "" };
        let name = self.cookie_name();
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
    }

    /// The name has the port, since browsers share cookies between the ports of a machine.
    pub fn cookie_name(&self) -> String {
        format!("docmill_review_{}", self.port)
    }

    pub fn is_entered(&self, headers: &HeaderMap) -> bool {
        cookies(headers, &self.cookie_name()).any(|value| self.cookie.is(value))
    }

    /// `Err` for a request to another name, or one that another site makes.
    pub fn check_site(&self, method: &Method, headers: &HeaderMap) -> Result<(), Denied> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text("host").filter(|host| self.is_own_host(host));
        let host = host.ok_or(Denied::Host)?;
        match text("origin") {
            Some(origin) if origin != format!("{}://{host}", self.scheme()) => Err(Denied::Origin),
            None if may_change(method) => Err(Denied::Origin),
            _ => Ok(()),
        }
    }

    /// `Err` where the request is not answered.
    pub fn admit(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Denied> {
        self.check_site(method, headers)?;
        let changes = may_change(method);
        if path.starts_with(ENTRY) && !changes {
            return Ok(());
        }
        if !self.is_entered(headers) {
            return Err(Denied::NoSession);
        }
        match changes && !self.csrf.is_csrf_of(headers) {
            true => Err(Denied::Csrf),
            false => Ok(()),
        }
    }

    /// Whether the host is an IP address or `localhost` with the server's port. A site whose
    /// own name resolves to this machine (DNS rebinding) has another host. Over TLS, the
    /// browser has compared the name with the certificate, which such a site does not have.
    fn is_own_host(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host, Some(if self.has_tls { 443 } else { 80 })),
        };
        let address = name.trim_start_matches('[').trim_end_matches(']');
        let is_ours = name == "localhost"
            || address.parse::<IpAddr>().is_ok()
            || self.has_tls && !name.is_empty();
        is_ours && port == Some(self.port)
    }
}

pub fn may_change(method: &Method) -> bool {
    method != Method::GET && method != Method::HEAD
}

/// The values of the cookies of this name.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(move |(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                header::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:4000");
    const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:4000");

    #[test]
    fn a_link_works_once() {
        let session = Session::new(4000, false).unwrap();
        let token = session.entry().split_off(ENTRY.len());
        assert_eq!(session.enter("x"), Err(Denied::Link));
        let cookie = session.enter(&token).unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
        assert_eq!(session.enter(&token), Err(Denied::Link));
        assert_eq!(session.enter(""), Err(Denied::Link));
        let pair = cookie.split(';').next().unwrap();
        let get =
            |cookie: &str| session.admit(&Method::GET, "/", &headers(&[HOST, ("cookie", cookie)]));
        assert_eq!(get(&format!("other=1; {pair}")), Ok(()));
        assert_eq!(get(&format!("{pair}0")), Err(Denied::NoSession));
        assert_eq!(get("docmill_review_4000="), Err(Denied::NoSession));
    }

    #[test]
    fn hosts_that_are_names_and_other_ports_are_refused() {
        let session = Session::new(4000, false).unwrap();
        let denied = |host: &str| {
            session.admit(&Method::GET, "/", &headers(&[("host", host)])) == Err(Denied::Host)
        };
        for host in [
            "127.0.0.1:4000",
            "localhost:4000",
            "[::1]:4000",
            "10.0.0.7:4000",
        ] {
            assert!(!denied(host), "{host}");
        }
        for host in [
            "evil.example:4000",
            "127.0.0.1",
            "127.0.0.1:4001",
            "localhost.evil.example:4000",
            "[::1]",
            "",
        ] {
            assert!(denied(host), "{host}");
        }
        let none = session.admit(&Method::GET, "/", &HeaderMap::new());
        assert_eq!(none, Err(Denied::Host));
    }

    #[test]
    fn over_tls_the_host_may_be_a_name_and_the_origin_is_https() {
        let session = Session::new(443, true).unwrap();
        let token = session.entry().split_off(ENTRY.len());
        let cookie = session.enter(&token).unwrap();
        assert!(cookie.ends_with("; SameSite=Strict; Secure"), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        let post = |host, origin| {
            let csrf = (CSRF_HEADER, session.csrf.as_str());
            let given = [("host", host), ("origin", origin), ("cookie", pair), csrf];
            session.admit(&Method::POST, "/api/x", &headers(&given))
        };
        let host = "docmill.example";
        assert_eq!(post(host, "https://docmill.example"), Ok(()));
        assert_eq!(post("10.0.0.7:443", "https://10.0.0.7:443"), Ok(()));
        for (host, origin, denied) in [
            (host, "http://docmill.example", Denied::Origin),
            (host, "https://evil.example", Denied::Origin),
            (
                "docmill.example:80",
                "https://docmill.example:80",
                Denied::Host,
            ),
            ("", "https://", Denied::Host),
        ] {
            assert_eq!(post(host, origin), Err(denied), "{host} {origin}");
        }
    }

    #[test]
    fn a_change_needs_origin_session_and_header() {
        let session = Session::new(4000, false).unwrap();
        let token = session.entry().split_off(ENTRY.len());
        let cookie = session.enter(&token).unwrap();
        let cookie = ("cookie", cookie.split(';').next().unwrap());
        let csrf = (CSRF_HEADER, session.csrf.as_str());
        let post = |given: &[(&'static str, &str)]| {
            session.admit(&Method::POST, "/api/x", &headers(given))
        };
        assert_eq!(post(&[HOST, ORIGIN, cookie, csrf]), Ok(()));
        assert_eq!(post(&[HOST, cookie, csrf]), Err(Denied::Origin));
        let other = ("origin", "http://evil.example");
        assert_eq!(post(&[HOST, other, cookie, csrf]), Err(Denied::Origin));
        assert_eq!(
            post(&[HOST, ("origin", "null"), cookie, csrf]),
            Err(Denied::Origin)
        );
        assert_eq!(post(&[HOST, ORIGIN, csrf]), Err(Denied::NoSession));
        assert_eq!(post(&[HOST, ORIGIN, cookie]), Err(Denied::Csrf));
        let entry = session.admit(&Method::POST, "/enter/x", &headers(&[HOST, ORIGIN]));
        assert_eq!(entry, Err(Denied::NoSession));
    }
}
