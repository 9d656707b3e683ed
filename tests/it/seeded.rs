//! Accepted records that the review page shows with one altered value.

use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::context::Context;
use crate::decisions::accepted;
use crate::harness::test;
use crate::review_server::ReviewServer;
use crate::rows::fill;

/// The database's tables in which a text stands.
fn tables_with(context: &Context, text: &str) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(context.path("docmill.db"));
        let pool = SqlitePool::connect_with(options).await.unwrap();
        let columns = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY m.name";
        let columns: Vec<(String, String)> =
            sqlx::query_as(columns).fetch_all(&pool).await.unwrap();
        assert!(columns.len() > 100, "{columns:?}");
        let mut tables = Vec::new();
        for (table, column) in columns {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS TEXT), ?))");
            let found: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .bind(text)
                .fetch_one(&pool)
                .await
                .unwrap();
            if found && !tables.contains(&table) {
                tables.push(table);
            }
        }
        pool.close().await;
        tables
    })
}

/// Numbers of the bills as two exports have them.
fn exported(context: &Context, out: &str) -> Vec<String> {
    std::fs::write(context.path("accounts.toml"), "").unwrap();
    let ran = context.run(&["export", "--target", "xlsx", "--out", out]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let manifest = context.path(&format!("{out}/docmill-xlsx-000001.manifest.json"));
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let bills = manifest["bills"].as_array().unwrap().iter();
    let numbers = bills.map(|bill| bill["number"].as_str().unwrap().to_owned());
    let rows = context.records().into_iter();
    let rows = rows.map(|row| row["fields"]["invoice_number"].as_str().unwrap().to_owned());
    let (mut numbers, mut rows): (Vec<_>, Vec<_>) = (numbers.collect(), rows.collect());
    numbers.sort();
    rows.sort();
    assert_eq!(numbers, rows);
    numbers
}

/// The number that the page shows of a record.
fn shown(server: &ReviewServer, id: i64) -> String {
    let view = server.get(&format!("/api/records/{id}/review"));
    let mut fields = view["checked"]["fields"].as_array().unwrap().iter();
    let number = fields.find(|field| field["path"] == "invoice_number");
    number.unwrap()["value"].as_str().unwrap().to_owned()
}

fn is_told(answer: &(u16, Value), begin: &str) {
    let message = answer.1["message"].as_str().unwrap();
    assert!(message.starts_with(begin), "{answer:?}");
    assert_eq!((answer.0, &answer.1["code"]), (409, &json!("seeded_error")));
}

fn prepare(context: &Context) {
    std::fs::write(
        context.path("docmill.toml"),
        "[review]\nseeded_share = 0.5\n",
    )
    .unwrap();
    let rows = [
        accepted(1, "Nord GmbH"),
        accepted(5, "Ost KG"),
        accepted(8, "West AG"),
    ];
    fill(&context.path("docmill.db"), &rows);
}

test!(an_altered_value_reaches_no_export_and_no_record_also_after_a_kill);
fn an_altered_value_reaches_no_export_and_no_record_also_after_a_kill(context: Context) {
    prepare(&context);
    let server = ReviewServer::open(&context);
    let queue = server.get("/api/queue");
    assert_eq!(queue["left"], 3, "{queue:#}");
    let entry = &queue["suppliers"][0]["records"][0];
    assert_eq!(entry["number"], "R-2", "{entry}");
    assert_eq!(entry["reason"], "compare it with the page", "{entry}");
    assert_eq!(shown(&server, 1), "R-2");
    // Programs see the record itself.
    let record = server.get("/api/records/1");
    assert_eq!(record["fields"]["invoice_number"], "R-1");
    server.running.kill();
    assert_eq!(tables_with(&context, "R-2"), ["seeded_errors"]);
    assert_eq!(exported(&context, "first"), ["R-1", "R-5", "R-8"]);

    let server = ReviewServer::open(&context);
    assert_eq!(shown(&server, 1), "R-2", "nobody has decided");
    let missed = server.correct(1, json!({}), true, "");
    is_told(
        &missed,
        "You missed a seeded error: invoice number was shown as R-2, and is R-1.",
    );
    // A lock would outlive the server by two minutes.
    assert_eq!(server.post("/api/unlock", &json!({})).0, 200);
    server.running.kill();
    assert_eq!(tables_with(&context, "R-2"), ["seeded_errors"]);

    let server = ReviewServer::open(&context);
    assert_eq!(shown(&server, 1), "R-1");
    // A page that was not loaded again.
    let stale = json!({"values": [["invoice_number", "R-2"]]});
    let (status, refused) = server.correct(1, stale, true, "");
    assert_eq!((status, &refused["code"]), (409, &json!("conflict")));
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("as a seeded error"), "{message}");
    let (status, made) = server.correct(1, json!({}), true, "");
    assert_eq!((status, &made["status"]), (200, &json!("accepted")));
    assert_eq!(tables_with(&context, "R-2"), ["seeded_errors"]);
    // The bill was exported already.
    let again = context.run(&["export", "--target", "xlsx", "--out", "second"]);
    assert!(again.stdout.contains("Nothing to export"), "{again:?}");
}

test!(found_and_missed_seeded_errors_are_counted);
fn found_and_missed_seeded_errors_are_counted(context: Context) {
    prepare(&context);
    let server = ReviewServer::open(&context);
    assert_eq!(server.get("/api/queue")["left"], 3);
    let is_told_of = |id, edits, approve, begin| {
        let answer = server.correct(id, edits, approve, "");
        is_told(&answer, begin);
    };
    is_told_of(1, json!({}), true, "You missed a seeded error");
    let mended = json!({"values": [["invoice_number", "R-5"]]});
    is_told_of(5, mended.clone(), true, "You found a seeded error");
    // What is decided without a look at the values says nothing.
    let reject = json!({"decision": "reject", "reason": "never ordered"});
    let rejected = server.post("/api/records/8/decide", &reject);
    is_told(&rejected, "This was a record with a seeded error");
    let queue = server.get("/api/queue");
    assert_eq!(
        (&queue["left"], &queue["seeded"]),
        (&json!(0), &json!({"decided": 2, "found": 1}))
    );
    let (status, done) = server.post("/api/records/8/decide", &reject);
    assert_eq!((status, &done["status"]), (200, &json!("rejected")));
    // The edit is stored by a second decision, which is about the record as it is.
    assert_eq!(server.correct(5, mended, true, "").0, 200);
    let status = context.run(&["status"]).stdout;
    let found = "Seeded errors: 1 of 2 found, with 90 % confidence at least 5.1 %.";
    assert!(status.contains(found), "{status}");
    assert_eq!(
        context.status()["seeded"],
        json!({"decided": 2, "found": 1})
    );
}
