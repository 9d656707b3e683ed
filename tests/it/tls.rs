//! The server over TLS, with a certificate of the tests' own authority (tests/it/tls).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::api::token;
use crate::context::{Context, Running};
use crate::harness::test;
use crate::rows::{Row, fill};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls");
    path.join(name).to_string_lossy().into_owned()
}

/// Starts a server. Returns its port and the path that begins the session.
fn start(context: &Context, arguments: &[&str]) -> (Running, u16, String) {
    let (certificate, key) = (file("server.pem"), file("server.key"));
    let tls = ["review", "--tls-cert", &certificate, "--tls-key", &key];
    let mut running = context.start(&[&tls, arguments].concat());
    let line = running.line().expect("the server prints its link");
    // The name is that of the certificate, and no other one.
    let link = line
        .trim()
        .strip_prefix("Review page: https://docmill.test:");
    let link = link.unwrap_or_else(|| panic!("no link: {line}"));
    let (port, entry) = link.split_once('/').unwrap();
    (running, port.parse().unwrap(), format!("/{entry}"))
}

/// A client that knows the authority.
fn client() -> ureq::Agent {
    let authority = std::fs::read(file("authority.pem")).unwrap();
    let authority = Certificate::from_pem(&authority).unwrap();
    let roots = RootCerts::new_with_certs(&[authority]);
    let config = ureq::Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_global(Some(Duration::from_secs(20)))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None);
    config.build().into()
}

test!(the_page_and_the_api_are_served_over_tls);
fn the_page_and_the_api_are_served_over_tls(context: Context) {
    let rows = [Row::invoice(1, "Nord GmbH", "10.00", "12.90")];
    fill(&context.path("docmill.db"), &rows);
    let reader = token(&context, "erp", &["read"]);
    let (_running, port, entry) = start(&context, &[]);
    let server = format!("https://127.0.0.1:{port}");
    // A client that says nothing delays no other one.
    let _silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let client = client();
    let entered = client.get(format!("{server}{entry}")).call().unwrap();
    assert_eq!(entered.status(), 303);
    let cookie = entered.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.ends_with("; SameSite=Strict; Secure"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let queue = |header: &str, value: &str| {
        let request = client
            .get(format!("{server}/api/queue"))
            .header(header, value);
        request.call().unwrap().status().as_u16()
    };
    assert_eq!(queue("cookie", pair), 200);
    assert_eq!(queue("authorization", &format!("Bearer {reader}")), 200);
    assert_eq!(queue("cookie", "x=1"), 401);
    // Without the authority, the certificate is worth nothing.
    let stranger: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    assert!(stranger.get(format!("{server}/api/queue")).call().is_err());
    let mut plain = TcpStream::connect(("127.0.0.1", port)).unwrap();
    plain
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request =
        format!("GET /api/queue HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {pair}\r\n\r\n");
    plain.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(
        !answer.starts_with(b"HTTP"),
        "nothing is served in plain text"
    );
}

test!(other_machines_are_let_in_over_tls);
fn other_machines_are_let_in_over_tls(context: Context) {
    fill(&context.path("docmill.db"), &[]);
    let (certificate, key) = (file("server.pem"), file("server.key"));
    let tls = ["--tls-cert", &certificate, "--tls-key", &key];
    let nobody = context.run(&[&["review", "--bind", "0.0.0.0"], &tls[..]].concat());
    assert_eq!(nobody.code, Some(2), "nobody could sign in: {nobody:?}");
    let token = context.run(&["users", "add", "ann", "--role", "viewer"]);
    let (_running, port, entry) = start(&context, &["--bind", "0.0.0.0"]);
    assert_eq!(entry, "/");
    let server = format!("https://127.0.0.1:{port}");
    let client = client();
    let queue = |cookie: &str| {
        let request = client.get(format!("{server}/api/queue"));
        let reply = request.header("cookie", cookie).call();
        reply.unwrap().status().as_u16()
    };
    assert_eq!(queue("x=1"), 401);
    let sign_in = client.post(format!("{server}/sign-in"));
    let sign_in = sign_in
        .header("origin", &server)
        .content_type("application/json");
    let body = format!("{{\"token\": \"{}\"}}", token.stdout.trim());
    let signed_in = sign_in.send(body).unwrap();
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.ends_with("; SameSite=Strict; Secure"), "{cookie}");
    assert_eq!(queue(cookie.split(';').next().unwrap()), 200);
}

test!(a_certificate_or_key_that_cannot_be_used_is_an_error_that_says_why);
fn a_certificate_or_key_that_cannot_be_used_is_an_error_that_says_why(context: Context) {
    fill(&context.path("docmill.db"), &[]);
    let own = |name: &str, text: &str| -> PathBuf {
        std::fs::write(context.path(name), text).unwrap();
        context.path(name)
    };
    let pem = std::fs::read_to_string(file("server.key")).unwrap();
    let locked = pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let locked = own("locked.key", &locked);
    let cut = own("cut.key", &pem[..pem.len() / 2]);
    let noise = own(
        "noise.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let (certificate, key) = (file("server.pem"), file("server.key"));
    let (locked, cut, noise) = (
        locked.to_str().unwrap(),
        cut.to_str().unwrap(),
        noise.to_str().unwrap(),
    );
    for (certificate, key, why) in [
        (
            "none.pem",
            key.as_str(),
            "--tls-cert none.pem cannot be read",
        ),
        (
            &certificate,
            "none.key",
            "--tls-key none.key cannot be read",
        ),
        (&key, &key, "has no certificate of this server"),
        (&certificate, &certificate, "has no private key"),
        (&certificate, locked, "without a password"),
        (&certificate, cut, "--tls-key"),
        (
            &certificate,
            &file("other.key"),
            "name the two that belong together",
        ),
        (noise, &key, "cannot be used"),
    ] {
        let ran = context.run(&["review", "--tls-cert", certificate, "--tls-key", key]);
        assert_eq!(ran.code, Some(2), "{certificate} {key}: {ran:?}");
        assert!(ran.stderr.contains(why), "{certificate} {key}: {ran:?}");
    }
    let alone = context.run(&["review", "--tls-cert", &certificate]);
    assert_eq!(alone.code, Some(2), "{alone:?}");
}
