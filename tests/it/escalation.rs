//! What the first reader does not read well enough goes to a stronger one,
//! here a server.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::context::{Context, Ran};
use crate::endpoint::{Endpoint, answer, expected};
use crate::harness::test;

const KEY: &str = "sk-never-to-be-seen-47110815";
const PRICED: &str = "api_key_env = 'FAR_KEY'\ninput_price = 2.5\noutput_price = 10";

/// So high a threshold that the default reader accepts nothing itself.
const ESCALATE: [&str; 8] = [
    "run",
    "in",
    "--type",
    "receipt",
    "--escalate-to",
    "far",
    "--set",
    "acceptance.min_confidence=0.99",
];

/// The default reader and above it a server, `far`.
struct TwoTiers {
    context: Context,
    models: String,
}

impl TwoTiers {
    /// With these receipts to read.
    fn new(context: Context, far: &Endpoint, table: &str, receipts: &[&str]) -> TwoTiers {
        let models = context.endpoints(&[("far", &far.base_url, table)]);
        for case in receipts {
            context.fixture(&format!("receipt/{case}"), &format!("in/{case}"));
        }
        TwoTiers { context, models }
    }

    fn run(&self, args: &[&str]) -> Ran {
        run(&self.context, &self.models, args)
    }

    fn escalate(&self, more: &[&str]) -> Ran {
        self.run(&[&ESCALATE[..], more].concat())
    }
}

fn run(context: &Context, models: &str, args: &[&str]) -> Ran {
    let mut all = vec!["--models", models];
    all.extend(args);
    let mut command = context.command(&all);
    let output = command
        .env("FAR_KEY", KEY)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran::from(output)
}

/// Another receipt with each request: two alike may be one paid twice.
fn receipt(number: usize) -> String {
    let mut fields = expected("receipt/uk_grocer");
    fields["date"] = format!("2024-03-{:02}", number + 1).into();
    answer(&fields, -0.0001)
}

/// Every byte that commands left in the test's folder.
fn written(context: &Context) -> Vec<u8> {
    fn walk(folder: &std::path::Path, bytes: &mut Vec<u8>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if !path.is_symlink() => walk(&path, bytes),
                _ => bytes.extend(fs::read(&path).unwrap_or_default()),
            }
        }
    }
    let mut bytes = Vec::new();
    walk(context.dir.path(), &mut bytes);
    bytes
}

test!(
    a_page_that_needs_review_escalates_once_and_the_api_key_is_written_nowhere,
    Engines
);
fn a_page_that_needs_review_escalates_once_and_the_api_key_is_written_nowhere(context: Context) {
    let far = Endpoint::start(|_, _| (200, answer(&expected("receipt/uk_grocer"), -0.0001)));
    let tiers = TwoTiers::new(context, &far, PRICED, &["uk_grocer"]);
    let context = &tiers.context;
    let ran = tiers.escalate(&["-vv"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let record = &context.records()[0];
    assert_eq!(record["status"], "accepted", "{record:#}");
    assert_eq!(record["fields"]["total"], "7.40");
    // 2,000 tokens at 2.5 and 300 at 10 for a million.
    assert!(ran.stdout.contains("0.008000 USD"), "{}", ran.stdout);
    assert!(ran.stdout.contains("far: 1 call"), "{}", ran.stdout);
    let report = tiers.run(&["report", "--json"]);
    let readers = &report.json_lines()[0]["readers"];
    assert_eq!(readers[0]["reader"], "docmill-nano");
    assert_eq!(readers[0]["cost"], Value::Null);
    let second = (&readers[1]["reader"], &readers[1]["tier"]);
    assert_eq!(second, (&"far".into(), &2.into()));
    assert_eq!(readers[1]["output_tokens"], 300);
    assert_eq!(readers[1]["cost"], 0.008);
    let shown = tiers.run(&["show", "1"]);
    assert!(
        shown.stdout.contains("docmill-nano") && shown.stdout.contains("0.008000 USD"),
        "{}",
        shown.stdout
    );
    let sent = far.last();
    let format = &sent["response_format"]["json_schema"];
    assert_eq!(format["strict"], true);
    assert!(format["schema"]["properties"]["merchant_name"].is_object());
    let again = tiers.escalate(&["-vv"]);
    assert_eq!((far.requests(), again.code), (1, Some(0)));
    // Another reader above it reads nothing again that is accepted.
    let models = context.endpoints(&[("other", &far.base_url, PRICED)]);
    let other = ["run", "in", "--escalate-to", "other"];
    let other = run(context, &models, &other);
    assert_eq!((far.requests(), other.code), (1, Some(0)));
    let config = run(context, &models, &["config", "--escalate-to", "other"]);
    assert!(config.stdout.contains("other"), "{config:?}");
    for ran in [
        ran,
        shown,
        again,
        other,
        config,
        run(context, &models, &["models", "verify"]),
    ] {
        assert!(!format!("{ran:?}").contains(KEY), "{ran:?}");
    }
    let written = written(context);
    assert!(written.len() > 10_000);
    let key = KEY.as_bytes();
    assert!(!written.windows(key.len()).any(|bytes| bytes == key));
}

test!(
    a_refused_api_key_is_reported_once_and_the_pages_stay_in_review,
    Engines
);
fn a_refused_api_key_is_reported_once_and_the_pages_stay_in_review(context: Context) {
    let body = format!("{{\"error\":{{\"message\":\"Incorrect API key provided: {KEY}\"}}}}");
    let far = Endpoint::start(move |_, _| (401, body.clone()));
    let receipts = ["uk_grocer", "ie_fuel", "my_cafe"];
    let tiers = TwoTiers::new(context, &far, PRICED, &receipts);
    let context = &tiers.context;
    let ran = tiers.escalate(&[]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stdout.contains("FAR_KEY"), "{}", ran.stdout);
    assert!(!format!("{ran:?}").contains(KEY));
    assert_eq!(
        ran.stderr.matches("disabled for this run").count(),
        1,
        "{}",
        ran.stderr
    );
    let records = context.records();
    assert_eq!(records.len(), 3);
    assert!(
        records
            .iter()
            .all(|record| record["status"] == "needs_review")
    );
    assert!(!String::from_utf8_lossy(&written(context)).contains(KEY));
    // Put right, the next run asks again.
    let good = Endpoint::start(|number, _| (200, receipt(number)));
    context.endpoints(&[("far", &good.base_url, PRICED)]);
    tiers.escalate(&[]);
    assert_eq!(good.requests(), 3);
}

test!(
    escalation_caps_hold_are_reported_once_and_the_next_run_continues,
    Engines
);
fn escalation_caps_hold_are_reported_once_and_the_next_run_continues(context: Context) {
    let far = Endpoint::start(|number, _| (200, receipt(number)));
    // At most two pages are in hand.
    let table = format!("{PRICED}\nconcurrency = 1");
    let receipts = ["uk_grocer", "ie_fuel", "my_cafe", "de_bakery", "us_office"];
    let tiers = TwoTiers::new(context, &far, &table, &receipts);
    let ran = tiers.escalate(&["--set", "escalation.max_pages=1"]);
    assert_eq!((far.requests(), ran.code), (1, Some(3)), "{ran:?}");
    assert_eq!(ran.stderr.matches("budget").count(), 1, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("escalation.max_pages = 1"),
        "{}",
        ran.stdout
    );
    // A page costs 0.008, which is known when the first has come back.
    let ran = tiers.escalate(&["--set", "escalation.max_cost=0.01"]);
    assert!(
        ran.stdout.contains("escalation.max_cost = 0.01 USD"),
        "{}",
        ran.stdout
    );
    assert!((2..=3).contains(&far.requests()), "{}", far.requests());
    let ran = tiers.escalate(&[]);
    assert_eq!((far.requests(), ran.code), (5, Some(0)), "{ran:?}");
}

test!(
    a_run_killed_while_a_page_is_at_the_server_goes_on_with_it,
    Engines
);
fn a_run_killed_while_a_page_is_at_the_server_goes_on_with_it(context: Context) {
    let far = Endpoint::start(|number, _| {
        if number == 0 {
            std::thread::sleep(Duration::from_secs(60));
        }
        (200, answer(&expected("receipt/uk_grocer"), -0.0001))
    });
    let tiers = TwoTiers::new(context, &far, "", &["uk_grocer"]);
    let context = &tiers.context;
    let models = ["--models", tiers.models.as_str()];
    let all = [&models[..], &ESCALATE, &["--set", "escalation.max_pages=1"]].concat();
    let running = context.start(&all);
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while far.requests() == 0 {
        assert!(
            std::time::Instant::now() < until,
            "the page never escalated"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    running.kill();
    let ran = context.run(&all);
    assert_eq!((far.requests(), ran.code), (2, Some(0)), "{ran:?}");
    let records = context.records();
    assert_eq!(
        (records.len(), &records[0]["status"]),
        (1, &Value::from("accepted"))
    );
    assert_eq!(context.status()["pages"], serde_json::json!({"done": 1}));
}

test!(
    an_answer_that_violates_the_schema_is_stored_and_goes_to_review,
    Engines
);
fn an_answer_that_violates_the_schema_is_stored_and_goes_to_review(context: Context) {
    let far = Endpoint::start(|_, _| {
        let fields = serde_json::json!({"merchant_name": "ACME", "total": 7.4, "colour": "red"});
        (200, answer(&fields, -0.0001))
    });
    let table = "structured_output = 'none'";
    let tiers = TwoTiers::new(context, &far, table, &["uk_grocer"]);
    let context = &tiers.context;
    let ran = tiers.run(&["run", "in", "--type", "receipt", "--reader", "far"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(far.last().get("response_format").is_none());
    let record = &context.records()[0];
    assert_eq!(record["fields"]["merchant_name"], "ACME");
    let findings = record["findings"].as_array().unwrap();
    let violations = findings
        .iter()
        .filter(|finding| finding["code"] == "schema_violation");
    assert_eq!(violations.count(), 1, "{record:#}");
    // A number is what it plainly means.
    assert_eq!(record["fields"]["total"], "7.4");
}

test!(escalation_that_cannot_work_is_reported_before_anything_is_made);
fn escalation_that_cannot_work_is_reported_before_anything_is_made(context: Context) {
    let models = context.endpoints(&[("far", "http://10.1.2.3/v1", "")]);
    fs::create_dir(context.path("in")).unwrap();
    let ran = run(&context, &models, &["run", "in", "--escalate-to", "far"]);
    assert!(ran.stderr.contains("allow_http"), "{ran:?}");
    let models =
        context.endpoints(&[("far", "https://e.example/v1", "api_key_env = 'NO_SUCH_KEY'")]);
    let ran = run(&context, &models, &["run", "in", "--escalate-to", "far"]);
    assert!(ran.stderr.contains("NO_SUCH_KEY"), "{ran:?}");
    assert!(!context.path("docmill.db").exists());
}
