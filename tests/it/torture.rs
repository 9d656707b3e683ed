//! SIGKILL at random moments, to the supervisor or to a worker, over and over;
//! then the database is compared with that of a run without disturbance.
//!
//! A short form runs with the other tests. `make torture` runs the long one:
//! `DOCMILL_TORTURE_PAGES`, `_KILLS`, `_SEED` and `_DIR` say how many, from
//! which seed and where; in the same folder it goes on where it was stopped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection, Row, SqliteConnection};

use crate::context::{Context, changed_models, fixtures, one_tile, stable};
use crate::harness::test;
use crate::process::{signal, workers};

/// Longest that a process lives before the next kill, in times of what a run
/// takes that has nothing to do. A page that docmill holds each of ten times
/// that it is killed is given up: most lives must reach a page's end.
const LIVES: u32 = 3;
/// Reader processes of a run, and pages in hand for each.
const READERS: u64 = 2;
const IN_HAND: u64 = 2 * READERS;

struct Plan {
    pages: u64,
    /// Rounds go on until there were so many.
    kills: u64,
    seed: u64,
    folder: PathBuf,
}

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(format!("DOCMILL_TORTURE_{name}"));
    value.map_or(default, |value| value.parse().unwrap())
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed, the same moments.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

test!(
    killed_at_random_moments_the_rows_are_those_of_an_undisturbed_run,
    Engines
);
fn killed_at_random_moments_the_rows_are_those_of_an_undisturbed_run(context: Context) {
    let folder = std::env::var_os("DOCMILL_TORTURE_DIR").map(PathBuf::from);
    let plan = Plan {
        pages: setting("PAGES", 12),
        kills: setting("KILLS", 6),
        seed: setting("SEED", 1),
        folder: folder.unwrap_or_else(|| context.path("torture")),
    };
    fs::create_dir_all(&plan.folder).unwrap();
    // The sooner a page is done, the more often there is to kill.
    changed_models(&plan.folder.join("models"), one_tile);
    torture(&context, &plan);
}

fn torture(context: &Context, plan: &Plan) {
    let pages = make_documents(&plan.folder.join("in"), plan.pages);
    let baseline = plan.folder.join("undisturbed.db");
    let code = run(context, plan, &baseline).wait().unwrap().code();
    assert!([Some(0), Some(3)].contains(&code), "undisturbed: {code:?}");
    let expected = Outcome::of(context, &baseline);
    assert_eq!(
        expected.pages, pages,
        "every page of the documents is there"
    );
    println!(
        "undisturbed: {} pages, {} records",
        expected.pages,
        expected.records.len()
    );
    let start = Instant::now();
    run(context, plan, &baseline).wait().unwrap();
    let life = LIVES * (start.elapsed() + slowest_page(context, &baseline));
    let (mut kills, mut rows) = (0, 0);
    for round in 1.. {
        let database = plan.folder.join(format!("round-{round}.db"));
        let done = database.with_extension("done");
        if !done.exists() {
            let killed = one_round(context, plan, &database, round, life);
            check(context, &database, &expected, killed.supervisor);
            fs::write(&done, (killed.supervisor + killed.workers).to_string()).unwrap();
            println!(
                "round {round}: {} kills of the supervisor, {} of workers; {} records as undisturbed",
                killed.supervisor,
                killed.workers,
                expected.records.len()
            );
        }
        kills += fs::read_to_string(&done).unwrap().parse::<u64>().unwrap();
        rows += expected.records.len();
        if kills >= plan.kills {
            break;
        }
    }
    println!("{kills} kills survived, {rows} records compared, none lost, doubled or changed");
}

/// Of the first run: weights, machine and what else it does decide.
fn slowest_page(context: &Context, database: &Path) -> Duration {
    let report = context.run(&["--db", database.to_str().unwrap(), "report", "1", "--json"]);
    assert_eq!(report.code, Some(0), "{report:?}");
    let seconds = report.json_lines()[0]["slowest"][0]["seconds"].as_f64();
    Duration::from_secs_f64(seconds.unwrap())
}

#[derive(Default)]
struct Killed {
    supervisor: u64,
    workers: u64,
}

/// Runs and kills until everything was read.
fn one_round(
    context: &Context,
    plan: &Plan,
    database: &Path,
    round: u64,
    longest: Duration,
) -> Killed {
    // What an earlier, stopped torture did to this database counts too.
    let log = database.with_extension("kills");
    let earlier = fs::read_to_string(&log).unwrap_or_default();
    let mut killed = Killed {
        supervisor: earlier.matches("supervisor").count() as u64,
        workers: earlier.matches("worker").count() as u64,
    };
    let so_far = killed.supervisor + killed.workers;
    let mut random = Random(plan.seed ^ (round << 32) ^ so_far);
    let note = |who: &str| {
        use std::io::Write;
        let log = fs::OpenOptions::new().create(true).append(true).open(&log);
        writeln!(log.unwrap(), "{who}").unwrap();
    };
    loop {
        let mut child = run(context, plan, database);
        loop {
            let life = Duration::from_millis(random.below(longest.as_millis() as u64));
            if ends_within(&mut child, life) {
                return killed;
            }
            if random.below(2) == 0 {
                note("supervisor");
                killed.supervisor += 1;
                signal(child.id(), libc::SIGKILL);
                child.wait().unwrap();
                break;
            }
            let workers = workers(child.id());
            if !workers.is_empty() {
                note("worker");
                killed.workers += 1;
                let (worker, _) = workers[random.below(workers.len() as u64) as usize];
                signal(worker, libc::SIGKILL);
            }
        }
    }
}

fn ends_within(child: &mut Child, life: Duration) -> bool {
    let until = Instant::now() + life;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            let fine = [Some(0), Some(3)].contains(&status.code());
            assert!(fine, "docmill ended by itself with {status:?}");
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn run(context: &Context, plan: &Plan, database: &Path) -> Child {
    let mut command: Command = context.command(&["-q"]);
    command
        .env("DOCMILL_MODELS", plan.folder.join("models"))
        .arg("--db")
        .arg(database)
        .arg("run")
        .arg(plan.folder.join("in"))
        .args(["--readers", &READERS.to_string()])
        // A worker that is killed by hand says nothing about its page.
        .args(["--set", "jobs.max_attempts=1000"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command.spawn().unwrap()
}

/// What a finished database says.
struct Outcome {
    records: Vec<Value>,
    /// Pages by state, reason and type.
    states: BTreeMap<String, i64>,
    pages: u64,
}

impl Outcome {
    fn of(context: &Context, database: &Path) -> Outcome {
        let export = context.run(&["--db", database.to_str().unwrap(), "export"]);
        assert_eq!(export.code, Some(0), "{export:?}");
        let states = query(
            database,
            "SELECT state || ' ' || coalesce(reason, '') || ' ' || coalesce(doc_type, ''), count(*)
             FROM pages GROUP BY 1",
        );
        let states: BTreeMap<String, i64> =
            states.iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut records = export.json_lines();
        for record in &mut records {
            let findings = record["findings"].as_array_mut().unwrap();
            // Which of two that look alike came first is not compared.
            findings.retain(|finding| finding["code"] != "possible_duplicate");
        }
        Outcome {
            records: stable(records),
            pages: states.values().sum::<i64>() as u64,
            states,
        }
    }
}

fn check(context: &Context, database: &Path, expected: &Outcome, supervisor_kills: u64) {
    let number = |sql| query(database, sql)[0].get::<i64, _>(0);
    let integrity: String = query(database, "PRAGMA integrity_check")[0].get(0);
    assert_eq!(integrity, "ok");
    let outcome = Outcome::of(context, database);
    assert_eq!(outcome.states, expected.states);
    assert_eq!(outcome.records, expected.records, "same rows, same values");
    // Each page once: one answer is kept, and the page's row points at it.
    let answers = "SELECT count(*) FROM pages WHERE state = 'done' AND 1 <>
        (SELECT count(*) FROM readings WHERE page_id = pages.id AND reason IS NULL)";
    assert_eq!(number(answers), 0, "pages answered twice, or never");
    let replaced = "SELECT count(*) FROM records WHERE current = 0";
    assert_eq!(number(replaced), 0, "records made twice");
    // Every attempt accounted for: it ended with a reading, or docmill was
    // killed while it held the page.
    let doubled = "SELECT count(*) FROM (SELECT 1 FROM readings GROUP BY page_id, attempt HAVING count(*) > 1)";
    assert_eq!(number(doubled), 0, "attempts that ended twice");
    let failures = "SELECT count(*) FROM pages WHERE failures <>
        (SELECT count(*) FROM readings WHERE page_id = pages.id AND reason IS NOT NULL)";
    assert_eq!(number(failures), 0, "failures that were not kept");
    let lost = number("SELECT (SELECT sum(attempts) FROM pages) - (SELECT count(*) FROM readings)");
    assert!(
        (0..=(supervisor_kills * IN_HAND) as i64).contains(&lost),
        "{lost} attempts ended with nothing, in {supervisor_kills} kills"
    );
    let unfinished = number("SELECT count(*) FROM runs WHERE finished_at IS NULL");
    assert!(
        unfinished <= supervisor_kills as i64,
        "{unfinished} runs did not finish, {supervisor_kills} were killed"
    );
}

fn query(database: &Path, sql: &'static str) -> Vec<sqlx::sqlite::SqliteRow> {
    let url = format!("sqlite://{}", database.display());
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(async move {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(sql).fetch_all(&mut connection).await.unwrap()
    })
}

/// Small documents, each of its own content: receipts as PDFs of one to three
/// pages, and fixtures with a pixel changed. Returns how many pages they have.
fn make_documents(folder: &Path, pages: u64) -> u64 {
    fs::create_dir_all(folder).unwrap();
    let (mut number, mut made) = (0, 0);
    while made < pages {
        number += 1;
        let name = format!("{number:04}");
        if number % 8 == 0 {
            let path = folder.join(name + ".png");
            if !path.exists() {
                receipt_picture(number).save(&path).unwrap();
            }
            made += 1;
        } else {
            let count = 1 + number % 3;
            fs::write(folder.join(name + ".pdf"), receipt_pdf(number, count)).unwrap();
            made += count;
        }
    }
    made
}

fn receipt_picture(number: u64) -> image::RgbImage {
    let cases = ["receipt/uk_grocer", "screenshot/payment_cafe"];
    let case = cases[(number / 8 % 2) as usize];
    let picture = image::open(fixtures().join(case).join("input.png")).unwrap();
    let mut picture = picture.into_rgb8();
    picture.put_pixel(
        0,
        0,
        image::Rgb([(number % 256) as u8, (number / 256) as u8, 0]),
    );
    picture
}

/// A PDF (ISO 32000) whose pages are each a till's slip in Courier, so that
/// most are read for what they are, within a moment.
fn receipt_pdf(number: u64, pages: u64) -> Vec<u8> {
    let mut objects = Vec::new();
    let kids: Vec<_> = (0..pages)
        .map(|page| format!("{} 0 R", 4 + 2 * page))
        .collect();
    objects.push("<< /Type /Catalog /Pages 2 0 R >>".to_owned());
    objects.push(format!(
        "<< /Type /Pages /Kids [{}] /Count {pages} >>",
        kids.join(" ")
    ));
    objects.push("<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>".to_owned());
    for page in 0..pages {
        let lines = slip(number, page);
        let text: Vec<_> = lines
            .iter()
            .map(|line| format!("({line}) Tj 0 -14 Td"))
            .collect();
        let stream = format!("BT /F1 10 Tf 10 250 Td {} ET", text.join(" "));
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 170 270] /Contents {} 0 R
               /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + 2 * page
        ));
        objects.push(format!(
            "<< /Length {} >>\nstream\n{stream}\nendstream",
            stream.len()
        ));
    }
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let table = pdf.len();
    pdf.push_str(&format!(
        "xref\n0 {}\n0000000000 65535 f \n",
        objects.len() + 1
    ));
    for offset in offsets {
        pdf.push_str(&format!("{offset:010} 00000 n \n"));
    }
    pdf.push_str(&format!(
        "trailer << /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    ));
    pdf.into_bytes()
}

fn slip(number: u64, page: u64) -> Vec<String> {
    let cents = 101 + (number * 37 + page * 11) % 9000;
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    let (month, day) = (1 + number % 12, 1 + (number + page) % 28);
    let rule = "-".repeat(25);
    vec![
        format!("     CORNER SHOP {number}"),
        "     12 High Street".into(),
        "    London N1 2AB".into(),
        String::new(),
        format!("Receipt No {number}-{page}"),
        format!("Date: 2024-{month:02}-{day:02}  14:05"),
        rule.clone(),
        format!("1 Tea {amount:>19}"),
        rule,
        format!("SUBTOTAL {amount:>16}"),
        format!("TOTAL GBP {amount:>15}"),
        format!("CASH {amount:>20}"),
        "CHANGE               0.00".into(),
        String::new(),
        "        Thank you".into(),
    ]
}
