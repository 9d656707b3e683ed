//! A server of the review page, and requests to it.

use serde_json::{Value, json};

use crate::context::{Context, Running};
use crate::description;
use crate::http::{Reply, send};

/// A server and the session of the one browser that opened its link.
pub struct ReviewServer {
    pub running: Running,
    /// Host and port.
    pub address: String,
    /// Path with the token.
    pub entry: String,
    pub cookie: String,
    pub csrf: String,
}

impl ReviewServer {
    /// Starts a server whose link nobody has opened yet.
    pub fn start(context: &Context) -> ReviewServer {
        ReviewServer::start_as(context, "ann")
    }

    /// As the server of this user.
    pub fn start_as(context: &Context, user: &str) -> ReviewServer {
        ReviewServer::start_with(context, user, &[])
    }

    /// With these arguments.
    pub fn start_with(context: &Context, user: &str, arguments: &[&str]) -> ReviewServer {
        let mut command = context.command(&[&["review"], arguments].concat());
        command.env("USER", user);
        let mut running = Context::start_command(command);
        let line = running.line().expect("the server prints its link");
        let link = line.trim().strip_prefix("Review page: http://");
        let link = link.unwrap_or_else(|| panic!("no link: {line}"));
        let (address, _) = link.split_once('/').unwrap();
        ReviewServer {
            entry: link[address.len()..].to_owned(),
            address: address.to_owned(),
            running,
            cookie: String::new(),
            csrf: String::new(),
        }
    }

    /// Starts a server and opens its link.
    pub fn open(context: &Context) -> ReviewServer {
        ReviewServer::open_as(context, "ann")
    }

    pub fn open_as(context: &Context, user: &str) -> ReviewServer {
        ReviewServer::start_as(context, user).entered()
    }

    /// The server with the session of a browser that opens its link.
    pub fn entered(mut self) -> ReviewServer {
        let server = &mut self;
        let entered = server.plain("GET", &server.entry, &[], "");
        assert_eq!(entered.status, 303, "{entered:?}");
        let cookie = entered.header("set-cookie").unwrap();
        server.cookie = cookie.split(';').next().unwrap().to_owned();
        server.csrf = server.get("/api/session")["csrf"].as_str().unwrap().into();
        self
    }

    /// A request with the right `Host`, and these headers. An answer of the API must be as
    /// its description says.
    pub fn plain(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Reply {
        let host = [("Host", self.address.as_str())];
        let headers = [&host[..], headers].concat();
        let reply = send(&self.address, method, path, &headers, body);
        if path.starts_with("/api/") {
            description::check(&self.address, method, path, &reply);
        }
        reply
    }

    /// A request of a program.
    pub fn by_program(
        &self,
        token: &str,
        method: &str,
        path: &str,
        media_type: &str,
        body: impl AsRef<[u8]>,
    ) -> Reply {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", media_type),
        ];
        self.plain(method, path, &headers, body)
    }

    pub fn fetch(&self, path: &str) -> Reply {
        self.plain("GET", path, &[("Cookie", &self.cookie)], "")
    }

    pub fn get(&self, path: &str) -> Value {
        let reply = self.fetch(path);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.json()
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let origin = format!("http://{}", self.address);
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("Origin", &origin),
            ("X-Docmill-Csrf", &self.csrf),
            ("Content-Type", "application/json"),
        ];
        let reply = self.plain("POST", path, &headers, body.to_string());
        (reply.status, reply.json())
    }

    pub fn correct(&self, id: i64, edits: Value, approve: bool, reason: &str) -> (u16, Value) {
        let decision = json!({"edits": edits, "approve": approve, "reason": reason});
        self.post(&format!("/api/records/{id}/correct"), &decision)
    }
}
