//! Documents found again: by words, by looks, and captured more than once.

use std::fs;
use std::path::Path;

use serde_json::Value;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

use crate::context::Context;
use crate::harness::test;

/// File names of what a command printed as JSON lines.
fn names(lines: &[Value]) -> Vec<&str> {
    let paths = lines.iter().map(|line| line["path"].as_str().unwrap());
    paths.map(|path| path.rsplit('/').next().unwrap()).collect()
}

fn search(context: &Context, args: &[&str]) -> Vec<Value> {
    let ran = context.run(&[&["search", "--words-only", "--json"], args].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.json_lines()
}

test!(
    an_einvoice_is_found_by_words_amounts_dates_and_filters,
    Engines
);
fn an_einvoice_is_found_by_words_amounts_dates_and_filters(context: Context) {
    context.fixture("invoice/einvoice_facturx", "in/bill");
    context.fixture("invoice/einvoice_ubl", "in/other");
    context.run(&["run", "in"]);
    let records = context.records();
    let bill = records
        .iter()
        .find(|record| record["path"].as_str().unwrap().ends_with("bill.pdf"))
        .unwrap();
    let fields = &bill["fields"];
    let text = |field: &str| fields[field].as_str().unwrap();
    let seller = text("seller_name").to_uppercase();
    let comma = text("gross_total").replace('.', ",");
    let [year, month, day] = text("issue_date").split('-').collect::<Vec<_>>()[..] else {
        panic!("{fields}");
    };
    let date = format!("{day}.{month}.{year}");
    for query in [&seller, &comma, &date, text("invoice_number"), "bill"] {
        let found = search(&context, &[query]);
        assert_eq!(
            names(&found).first(),
            Some(&"bill.pdf"),
            "{query}: {found:#?}"
        );
        assert_ne!(found[0]["why"][0], Value::Null, "{found:#?}");
    }
    let filtered = search(&context, &["--min-total", &comma, "--max-total", &comma]);
    assert_eq!(names(&filtered), ["bill.pdf"]);
    let table = context.run(&["search", "--words-only", &comma]);
    assert!(table.stdout.contains("gross_total = "), "{table:?}");
    let nothing = context.run(&["search"]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    let path = fs::canonicalize(context.path("in/bill.pdf")).unwrap();
    context.run(&["forget", path.to_str().unwrap(), "--yes"]);
    assert!(!names(&search(&context, &[&comma])).contains(&"bill.pdf"));
}

test!(
    captures_with_equal_values_are_grouped_until_a_person_rejects_them,
    Engines
);
fn captures_with_equal_values_are_grouped_until_a_person_rejects_them(context: Context) {
    let first = context.fixture("invoice/einvoice_ubl", "in/bill");
    let mut bytes = fs::read(&first).unwrap();
    bytes.extend(b"<!-- sent again -->\n");
    fs::write(context.path("in/again.xml"), bytes).unwrap();
    context.fixture("invoice/einvoice_xrechnung", "in/other");
    context.run(&["run", "in"]);
    let found = context
        .run(&["duplicates", "--json"])
        .json_lines()
        .remove(0);
    let groups = found["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{found:#}");
    assert_eq!(groups[0]["by"], serde_json::json!(["values"]));
    let ids: Vec<String> = groups[0]["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["record"].to_string())
        .collect();
    let is_flagged = |context: &Context| {
        let records = context.records();
        let mut findings = records
            .iter()
            .flat_map(|record| record["findings"].as_array().unwrap());
        findings.any(|finding| finding["code"] == "possible_duplicate")
    };
    assert!(is_flagged(&context));
    // The same bill is never two payments.
    let distinct = ["export", "distinct", &ids[0], &ids[1], "--reason", "x"];
    let refused = context.run(&distinct);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("are the same bill"), "{refused:?}");
    let rejected = context.run(&["duplicates", "--not-duplicate", &ids[0], &ids[1]]);
    assert_eq!(rejected.code, Some(0), "{rejected:?}");
    let found = context
        .run(&["duplicates", "--json"])
        .json_lines()
        .remove(0);
    assert_eq!(found["groups"], serde_json::json!([]));
    context.run(&["run"]);
    assert!(!is_flagged(&context), "{:#?}", context.records());
}

test!(
    a_copy_is_found_by_its_pixels_and_a_photo_by_its_look,
    Engines
);
fn a_copy_is_found_by_its_pixels_and_a_photo_by_its_look(context: Context) {
    let original = context.fixture("receipt/uk_grocer", "in/original");
    context.fixture("receipt/us_office", "in/other");
    let image = image::open(&original).unwrap();
    image.save(context.path("in/copy.bmp")).unwrap();
    let ran = context.run(&["run", "in"]);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    let page = context.path("groups.html");
    let found = context.run(&["duplicates", "--json", "--html", page.to_str().unwrap()]);
    assert_eq!(found.code, Some(0), "{found:?}");
    let groups = found.json_lines().remove(0)["groups"].clone();
    assert_eq!(groups[0]["by"], serde_json::json!(["pixels"]), "{groups:#}");
    let html = fs::read_to_string(&page).unwrap();
    assert_eq!(html.matches("data:image/jpeg").count(), 2, "{html}");

    let small = image.resize(400, 400, image::imageops::FilterType::Triangle);
    small.to_rgb8().save(context.path("photo.jpg")).unwrap();
    let similar = context.run(&["similar", "photo.jpg", "--json"]);
    assert_eq!(similar.code, Some(0), "{similar:?}");
    let lines = similar.json_lines();
    assert_eq!(names(&lines)[2], "other.png", "{lines:#?}");
    let similarity = |line: &Value| line["score"].as_f64().unwrap();
    assert!(
        similarity(&lines[0]) > 0.9 && similarity(&lines[1]) > 0.9,
        "{lines:#?}"
    );
}

test!(layouts_that_cannot_be_stored_are_a_warning, Engines);
fn layouts_that_cannot_be_stored_are_a_warning(context: Context) {
    let db = context.path("docmill.db");
    let run = ["run", "in", "--type", "receipt"];
    context.fixture("receipt/uk_grocer", "in/a");
    assert_ne!(context.run(&run).code, Some(1));
    execute(
        &db,
        "CREATE TRIGGER no_layout BEFORE INSERT ON page_layouts BEGIN SELECT RAISE(ABORT, 'no room'); END",
    );
    context.fixture("receipt/ie_fuel", "in/b");
    let ran = context.run(&run);
    assert!([Some(0), Some(3)].contains(&ran.code), "{ran:?}");
    for part in ["all pages are stored", "no room", "`docmill layouts`"] {
        assert!(ran.stderr.contains(part), "{ran:?}");
    }
    assert_eq!(context.records().len(), 2);
    execute(&db, "DROP TRIGGER no_layout");
    let layouts = context.run(&["layouts", "--json"]).json_lines();
    let records = layouts
        .iter()
        .map(|layout| layout["records"].as_array().unwrap().len());
    assert_eq!(records.sum::<usize>(), 2, "{layouts:?}");
}

/// Changes a database by one statement.
fn execute(db: &Path, statement: &'static str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(db);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
    });
}
