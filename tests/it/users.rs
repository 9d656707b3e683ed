//! People who sign in to the review page, with their roles.

use serde_json::{Value, json};

use crate::context::Context;
use crate::harness::test;
use crate::review_server::ReviewServer;
use crate::rows::{Row, fill};

/// Adds a person. Returns the token.
fn add(context: &Context, name: &str, role: &str) -> String {
    let ran = context.run(&["users", "add", name, "--role", role]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout.trim().to_owned()
}

/// A browser of a server with accounts.
struct Browser<'a> {
    server: &'a ReviewServer,
    cookie: String,
    csrf: String,
}

impl Browser<'_> {
    /// Signs in with a token.
    fn open<'a>(server: &'a ReviewServer, token: &str) -> Browser<'a> {
        let reply = sign_in(server, token);
        assert_eq!(reply.status, 200, "{reply:?}");
        let cookie = reply.header("set-cookie").unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
        let mut browser = Browser {
            server,
            cookie: cookie.split(';').next().unwrap().to_owned(),
            csrf: String::new(),
        };
        let session = browser.get("/api/session");
        browser.csrf = session["csrf"].as_str().unwrap().to_owned();
        browser
    }

    fn fetch(&self, path: &str) -> crate::http::Reply {
        let cookie = [("Cookie", self.cookie.as_str())];
        self.server.plain("GET", path, &cookie, "")
    }

    fn get(&self, path: &str) -> Value {
        let reply = self.fetch(path);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.json()
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let origin = format!("http://{}", self.server.address);
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("Origin", &origin),
            ("X-Docmill-Csrf", &self.csrf),
            ("Content-Type", "application/json"),
        ];
        let reply = self.server.plain("POST", path, &headers, body.to_string());
        (reply.status, reply.json())
    }

    fn approve(&self, id: i64) -> (u16, Value) {
        let decision = json!({"edits": {}, "approve": true, "reason": "seen"});
        self.post(&format!("/api/records/{id}/correct"), &decision)
    }
}

fn sign_in(server: &ReviewServer, token: &str) -> crate::http::Reply {
    let origin = format!("http://{}", server.address);
    let headers = [
        ("Origin", origin.as_str()),
        ("Content-Type", "application/json"),
    ];
    let body = json!({ "token": token }).to_string();
    server.plain("POST", "/sign-in", &headers, body)
}

fn start(context: &Context, arguments: &[&str]) -> ReviewServer {
    ReviewServer::start_with(context, "host", &[&["--sign-in"], arguments].concat())
}

/// A bill that needs a second approval.
fn fill_with_second_approval(context: &Context) {
    std::fs::write(
        context.path("docmill.toml"),
        "[review]\nsecond_approval_from = 1\n",
    )
    .unwrap();
    let rows = [Row::invoice(1, "Nord GmbH", "10.00", "11.90")];
    fill(&context.path("docmill.db"), &rows);
}

test!(people_sign_in_with_their_tokens_and_out_again);
fn people_sign_in_with_their_tokens_and_out_again(context: Context) {
    fill(&context.path("docmill.db"), &[]);
    let nobody = context.run(&["review", "--sign-in"]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    assert!(nobody.stderr.contains("docmill users add"), "{nobody:?}");
    let (ann, bob) = (
        add(&context, "ann", "reviewer"),
        add(&context, "bob", "viewer"),
    );
    let server = start(&context, &[]);
    let page = server.plain("GET", "/", &[], "");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Your token"), "{page:?}");
    assert_eq!(server.plain("GET", "/api/queue", &[], "").status, 401);
    assert_eq!(sign_in(&server, "docmill_guess").status, 401);
    assert_eq!(sign_in(&server, "").status, 401);
    // A page of another site cannot sign a browser in.
    let evil = [
        ("Origin", "http://evil.example"),
        ("Content-Type", "application/json"),
    ];
    let body = json!({ "token": ann }).to_string();
    assert_eq!(server.plain("POST", "/sign-in", &evil, &body).status, 403);
    let (first, second) = (Browser::open(&server, &ann), Browser::open(&server, &bob));
    let session = first.get("/api/session");
    assert_eq!(
        (&session["user"], &session["role"]),
        (&json!("ann"), &json!("reviewer"))
    );
    assert!(!first.fetch("/").text().contains("Your token"));
    assert_eq!(second.get("/api/session")["user"], "bob");
    // Each session has a secret of its own against other sites.
    let stolen = Browser {
        csrf: second.csrf.clone(),
        cookie: first.cookie.clone(),
        server: &server,
    };
    assert_eq!(stolen.post("/api/unlock", &json!({})).0, 403);
    assert_eq!(first.post("/api/sign-out", &json!({})).0, 200);
    assert_eq!(first.fetch("/api/queue").status, 401);
    assert_eq!(second.fetch("/api/queue").status, 200);
    // Another token ends the session, and so does removal.
    let other = add(&context, "bob", "viewer");
    assert_eq!(second.fetch("/api/queue").status, 401);
    assert_eq!(sign_in(&server, &bob).status, 401);
    let again = Browser::open(&server, &other);
    let removed = context.run(&["users", "remove", "bob"]);
    assert_eq!(removed.stdout, "bob is removed and signed out.\n");
    assert_eq!(again.fetch("/api/queue").status, 401);
    assert_eq!(context.run(&["users", "remove", "bob"]).code, Some(2));
    let listed = context.run(&["users", "--json"]).json_lines();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["user"], &listed[0]["role"]),
        (&json!("ann"), &json!("reviewer"))
    );
    let stored = std::fs::read(context.path("docmill.db")).unwrap();
    let ann = ann.as_bytes();
    assert!(!stored.windows(ann.len()).any(|window| window == ann));
}

test!(each_role_may_do_what_it_says);
fn each_role_may_do_what_it_says(context: Context) {
    fill_with_second_approval(&context);
    let token = |name: &str, role: &str| add(&context, name, role);
    let tokens = [
        token("vera", "viewer"),
        token("rita", "reviewer"),
        token("rob", "reviewer"),
        token("abe", "approver"),
        token("ada", "admin"),
    ];
    let server = start(&context, &["--exports", "to-import"]);
    let [vera, rita, rob, abe, ada] = tokens.each_ref().map(|token| Browser::open(&server, token));
    let view = vera.get("/api/records/1/review");
    assert_eq!(view["fixed"], "your role is to look");
    let (status, refused) = vera.approve(1);
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")));
    // Whoever only looks keeps nobody out.
    assert_eq!(vera.post("/api/records/1/lock", &json!({})).0, 200);
    let (status, made) = rita.approve(1);
    assert_eq!(
        (status, &made["status"]),
        (200, &json!("needs_second_approval")),
        "{made}"
    );
    let id = made["record"].as_i64().unwrap();
    assert_eq!(rob.approve(id).0, 403, "it needs an approver");
    assert_eq!(rob.post("/api/unlock", &json!({})).0, 200);
    let (status, made) = abe.approve(id);
    assert_eq!(
        (status, &made["status"]),
        (200, &json!("accepted")),
        "{made}"
    );
    let id = made["record"].as_i64().unwrap();
    let history = abe.get(&format!("/api/records/{id}/review"));
    let history = history["history"].as_array().unwrap();
    let by: Vec<_> = history.iter().map(|change| &change["by"]).collect();
    assert_eq!(by, ["rita", "abe"]);
    let export = json!({"target": "xlsx"});
    assert_eq!(abe.post("/api/exports", &export).0, 403);
    assert_eq!(ada.post("/api/exports", &export).0, 201);
}

test!(nobody_gives_both_approvals_with_two_roles);
fn nobody_gives_both_approvals_with_two_roles(context: Context) {
    fill_with_second_approval(&context);
    let first = add(&context, "ann", "reviewer");
    let server = start(&context, &[]);
    let made = Browser::open(&server, &first).approve(1).1;
    let second = add(&context, "ann", "approver");
    let (status, refused) =
        Browser::open(&server, &second).approve(made["record"].as_i64().unwrap());
    assert_eq!(status, 422, "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("another person must approve"), "{message}");
}
