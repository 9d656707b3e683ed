//! The review page in a browser.

use crate::context::Context;
use crate::harness::test;
use crate::review_server::ReviewServer;
use crate::rows::{Row, fill};
use crate::webdriver::{Browser, keys};

const FOCUSED: &str = "document.activeElement";

/// Label or name of what has the focus.
fn focused(browser: &Browser) -> String {
    browser.text(&format!(
        "{FOCUSED}.labels?.[0]?.textContent || {FOCUSED}.getAttribute('aria-label') || {FOCUSED}.textContent"
    ))
}

fn state_of(label: &str) -> String {
    format!(
        "[...document.querySelectorAll('.field')].find(f => f.querySelector('label').textContent === '{label}').dataset.state"
    )
}

pub fn open(context: &Context, width: u32) -> (ReviewServer, Browser) {
    let server = ReviewServer::start(context);
    let browser = Browser::start(width, 900);
    browser.open(&format!("http://{}{}", server.address, server.entry));
    browser.wait("document.querySelector('#main h1')");
    (server, browser)
}

test!(a_session_needs_the_keyboard_alone, Chromium);
fn a_session_needs_the_keyboard_alone(context: Context) {
    let rows = [
        Row::invoice(1, "Nord GmbH", "10.00", "12.90"),
        Row::invoice(2, "Ost KG", "10.00", "12.00"),
        Row::invoice(3, "West AG", "10.00", "11.90"),
    ];
    fill(&context.path("docmill.db"), &rows);
    let (_server, browser) = open(&context, 1400);
    assert_eq!(
        browser.text("document.querySelector('h1').innerText"),
        "3 records to review"
    );
    // The first record has the focus; Enter opens it at its first doubt.
    browser.press(&[keys::ENTER]);
    browser.wait("document.querySelector('.record')");
    browser.wait("document.activeElement.matches('.field input')");
    assert_eq!(focused(&browser), "invoice number");
    // Enter confirms. The focus passes over what is settled.
    browser.press(&[keys::ENTER]);
    browser.wait(&format!("{} === 'person'", state_of("invoice number")));
    let mut confirmed = vec![focused(&browser)];
    while confirmed.last().is_some_and(|label| label != "gross") && confirmed.len() < 10 {
        browser.press(&[keys::ENTER]);
        confirmed.push(focused(&browser));
    }
    assert_eq!(confirmed, ["currency", "net", "VAT", "gross"]);
    // A failed check blocks the approval until it is corrected.
    browser.press(&[keys::CONTROL, keys::ENTER]);
    browser.wait("document.activeElement.id === 'reason'");
    assert!(
        browser
            .text("document.getElementById('status').innerText")
            .contains("A check fails")
    );
    browser.value("[...document.querySelectorAll('.field')].find(f => f.dataset.state === 'wrong').querySelector('input').focus()");
    browser.write("11,90");
    browser.wait(&format!("{} === 'person'", state_of("gross")));
    browser.press(&[keys::CONTROL, 'z']);
    browser.wait(&format!("{} === 'wrong'", state_of("gross")));
    assert_eq!(browser.text(&format!("{FOCUSED}.value")), "12.90");
    browser.write("11,90");
    browser.wait(&format!("{} === 'person'", state_of("gross")));
    browser.press(&[keys::CONTROL, keys::ENTER]);
    browser.wait("document.querySelector('.side h1')?.innerText.includes('invoice 2') || document.querySelector('.side h1')?.innerText.includes('Invoice 2')");
    // The next ones, without saving, and back.
    browser.press(&[keys::CONTROL, keys::RIGHT]);
    browser.wait("location.hash === '#record/3'");
    browser.press(&[keys::CONTROL, keys::LEFT]);
    browser.wait("location.hash === '#record/2'");
    browser.press(&[keys::F1]);
    browser.wait("document.getElementById('keys').open");
    browser.press(&[keys::ESCAPE]);
    browser.wait("!document.getElementById('keys').open && location.hash === '#record/2'");
    // A line more, filled from the one above it, and one less.
    browser.wait("document.querySelector('.lines input')");
    browser.value("[...document.querySelectorAll('.lines input')].at(-1).focus()");
    browser.press(&[keys::ENTER]);
    browser.value("[...document.querySelectorAll('.lines input')].at(-1).focus()");
    browser.press(&[keys::ENTER]);
    browser.wait("document.querySelectorAll('.lines tbody tr').length === 2");
    browser.press(&[keys::CONTROL, 'd']);
    assert_eq!(browser.text(&format!("{FOCUSED}.value")), "Paper");
    browser.press(&[keys::CONTROL, keys::DELETE]);
    browser.wait("document.querySelectorAll('.lines tbody tr').length === 1");
    // Approved although the check fails, with the reason.
    browser.value("document.getElementById('reason').focus()");
    browser.write("rounded by the seller");
    browser.press(&[keys::CONTROL, keys::ENTER]);
    browser.wait("location.hash === '#record/3'");
    browser.press(&[keys::ESCAPE]);
    browser.wait("document.querySelector('h1')?.innerText === '1 record to review'");
    browser.press(&[keys::ENTER]);
    browser.wait("document.querySelector('.record')");
    browser.value("document.getElementById('reason').focus()");
    browser.write("seen");
    browser.press(&[keys::CONTROL, keys::ENTER]);
    browser.wait("document.querySelector('h1')?.innerText === 'Nothing to review'");
    let errors = browser.errors();
    let own = errors.iter().filter(|error| !error.contains("/image"));
    assert_eq!(own.collect::<Vec<_>>(), Vec::<&String>::new());
    let records = context.records();
    let accepted = records
        .iter()
        .filter(|record| record["status"] == "accepted");
    assert_eq!(accepted.count(), 3, "{records:#?}");
    let first = records
        .iter()
        .find(|r| r["fields"]["seller_name"] == "Nord GmbH")
        .unwrap();
    assert_eq!(first["fields"]["gross_total"], "11.90");
}

test!(a_record_is_set_aside_by_keyboard_and_opened_again, Chromium);
fn a_record_is_set_aside_by_keyboard_and_opened_again(context: Context) {
    let rows = [
        Row::invoice(1, "Nord GmbH", "10.00", "12.90"),
        Row::invoice(2, "Ost KG", "10.00", "12.00"),
    ];
    fill(&context.path("docmill.db"), &rows);
    let (_server, browser) = open(&context, 1400);
    browser.press(&[keys::ENTER]);
    browser.wait("document.activeElement.matches('.field input')");
    browser.press(&[keys::F8]);
    browser.wait("document.querySelector('dialog.aside')?.open");
    // Reject, not a bill, postpone: the arrow keys choose. A note is needed.
    browser.press(&[keys::DOWN]);
    browser.press(&[keys::ENTER]);
    assert_eq!(
        browser.value("document.querySelector('dialog.aside').open"),
        true
    );
    browser.value("document.getElementById('aside-note').focus()");
    browser.write("an offer");
    browser.press(&[keys::ENTER]);
    browser.wait("location.hash === '#record/2'");
    browser.wait("document.getElementById('status').textContent === 'Record 1 is not a bill.'");
    assert_eq!(context.records()[0]["status"], "not_a_bill");
    // Another one is postponed, and the queue says until when.
    browser.wait("document.querySelector('.side h1')?.textContent.includes('2')");
    browser.press(&[keys::F8]);
    browser.wait("document.querySelector('dialog.aside')?.open");
    browser.press(&[keys::ESCAPE]);
    browser.wait("!document.querySelector('dialog.aside')");
    assert_eq!(browser.value("location.hash"), "#record/2");
    browser.press(&[keys::F8]);
    browser.wait("document.querySelector('dialog.aside')?.open");
    browser.press(&[keys::DOWN]);
    browser.press(&[keys::DOWN]);
    browser.value("document.getElementById('aside-note').focus()");
    browser.write("asked the seller");
    browser.press(&[keys::ENTER]);
    browser.wait("document.querySelector('h1')?.textContent === 'Nothing to review'");
    browser.wait(
        "document.querySelector('.empty').textContent.includes('1 record is postponed until')",
    );
    // Opened again, with a reason; then read again as another type.
    browser.value("location.hash = 'record/1'");
    browser.wait("document.activeElement.id === 'reason'");
    browser.write("a bill after all");
    browser.value("[...document.querySelectorAll('button')].find(b => b.textContent === 'Open again').click()");
    browser.wait("document.activeElement.matches('.field input')");
    assert_eq!(context.records()[0]["status"], "needs_review");
    browser.press(&[keys::F8]);
    browser.wait("document.querySelector('dialog.aside')?.open");
    browser.value("document.getElementById('aside-type').value = 'receipt'");
    browser.value("document.getElementById('aside-type').focus()");
    browser.wait("document.getElementById('aside-read-again').checked");
    browser.press(&[keys::ENTER]);
    browser.value("document.querySelector('dialog.aside .primary')?.click()");
    browser.wait("document.querySelector('.empty')?.textContent.includes('reads 1 record again')");
    let errors = browser.errors();
    // The missing note was refused.
    let is_expected = |error: &&String| error.contains("/image") || error.contains("422");
    let own = errors.iter().filter(|error| !is_expected(error));
    assert_eq!(own.collect::<Vec<_>>(), Vec::<&String>::new());
}

test!(words_of_the_page_fill_a_field, Engines, Chromium);
fn words_of_the_page_fill_a_field(context: Context) {
    context.fixture("invoice/gb_tools", "in/tools");
    let ran = context.run(&["run", "in", "--type", "invoice"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let (_server, browser) = open(&context, 1400);
    browser.press(&[keys::ENTER]);
    browser.wait("document.querySelector('.sheet img')?.naturalWidth > 100");
    let input = "[...document.querySelectorAll('.field')].find(f => f.querySelector('label').textContent === 'seller name').querySelector('input')";
    browser.value(&format!("{input}.focus()"));
    // The first two words of the page that stand side by side.
    browser.value(
        "fetch(location.hash.replace('#record', '/api/records') + '/pages/0/words').then(r => r.json()).then(words => {
            const b = words.findIndex((w, i) => i > 0 && Math.abs(w.bbox[1] - words[i - 1].bbox[1]) < 0.005 && w.bbox[0] > words[i - 1].bbox[2]);
            window.two = [words[b - 1], words[b]];
        })",
    );
    browser.press(&[keys::ALT, '0']);
    browser.value("document.querySelector('.sheet-scroll').scrollTo(0, Math.max(0, two[0].bbox[1] * document.querySelector('.sheet').clientHeight - 100))");
    let corner = |x: &str, y: &str| {
        let at = "document.querySelector('.sheet').getBoundingClientRect()";
        let value = browser.value(&format!(
            "[{at}.left + {x} * {at}.width, {at}.top + {y} * {at}.height]"
        ));
        [value[0].as_f64().unwrap(), value[1].as_f64().unwrap()]
    };
    let from = corner("(two[0].bbox[0] - 0.002)", "(two[0].bbox[1] - 0.002)");
    let to = corner("(two[1].bbox[2] + 0.002)", "(two[1].bbox[3] + 0.002)");
    browser.drag(from, to);
    let expected = browser.text("two.map(w => w.text).join(' ')");
    browser.wait(&format!("{input}.value === two.map(w => w.text).join(' ')"));
    browser.wait(&format!("{} === 'person'", state_of("seller name")));
    assert_eq!(
        browser.value(&format!("{input} === {FOCUSED}")),
        true,
        "{expected}"
    );
    // Its place is marked.
    assert_eq!(
        browser.value("document.querySelector('.mark').hidden"),
        false
    );
    browser.press(&[keys::CONTROL, 'z']);
    browser.wait(&format!("{input}.value !== two.map(w => w.text).join(' ')"));
    assert_eq!(browser.errors(), Vec::<String>::new());
}

test!(a_lost_connection_keeps_what_was_typed, Chromium);
fn a_lost_connection_keeps_what_was_typed(context: Context) {
    let row = Row::invoice(1, "Nord GmbH", "10.00", "12.90");
    fill(&context.path("docmill.db"), &[row]);
    let (server, browser) = open(&context, 1400);
    browser.press(&[keys::ENTER]);
    browser.wait("document.activeElement.matches('.field input')");
    server.running.kill();
    browser.write("R-77");
    browser.wait("document.getElementById('status').textContent.includes('does not answer')");
    browser.press(&[keys::CONTROL, 's']);
    browser.wait("document.querySelector('.field input').value === 'R-77'");
}

test!(large_type_needs_no_scrolling_sideways, Chromium);
fn large_type_needs_no_scrolling_sideways(context: Context) {
    let row = Row::invoice(1, "Nord GmbH", "10.00", "12.90");
    fill(&context.path("docmill.db"), &[row]);
    // 1400 pixels at 200 %.
    let (_server, browser) = open(&context, 700);
    browser.press(&[keys::ENTER]);
    browser.wait("document.activeElement.matches('.field input')");
    let widths = browser.value("[document.documentElement.scrollWidth, innerWidth]");
    assert!(widths[0].as_f64() <= widths[1].as_f64(), "{widths}");
    // Every input has a name, and what is wrong is announced with its reason.
    let nameless = browser.value("[...document.querySelectorAll('input')].filter(i => !i.labels?.length && !i.getAttribute('aria-label')).length");
    assert_eq!(nameless, 0);
    let described = browser.value("[...document.querySelectorAll('.field input')].every(i => document.getElementById(i.getAttribute('aria-describedby')).textContent !== '')");
    assert_eq!(described, true);
}

test!(files_are_uploaded_by_dropping_them_on_the_page, Chromium);
fn files_are_uploaded_by_dropping_them_on_the_page(context: Context) {
    fill(&context.path("docmill.db"), &[]);
    let server = ReviewServer::start_with(&context, "ann", &["--uploads", "in"]);
    let browser = Browser::start(1400, 900);
    browser.open(&format!("http://{}{}", server.address, server.entry));
    browser.wait("!document.getElementById('upload').hidden");
    browser.run(
        "const files = new DataTransfer();
         files.items.add(new File(['a scan'], 'scan 1.pdf'));
         files.items.add(new File([], 'empty.pdf'));
         const drop = { dataTransfer: files, bubbles: true, cancelable: true };
         document.getElementById('main').dispatchEvent(new DragEvent('drop', drop));",
    );
    let lines = "document.querySelectorAll('#uploads li')";
    browser.wait(&format!(
        "{lines}.length === 2 && {lines}[1].className === 'error'"
    ));
    let first = browser.text(&format!("{lines}[0].innerText"));
    assert!(first.starts_with("scan 1.pdf is stored"), "{first}");
    let second = browser.text(&format!("{lines}[1].innerText"));
    assert!(second.contains("is empty"), "{second}");
    let document = blake3::hash(b"a scan").to_hex().to_string();
    let stored = context.path("in").join(document).join("scan 1.pdf");
    assert_eq!(std::fs::read(stored).unwrap(), b"a scan");
    // Without a folder for uploads there is no button.
    let (_closed, browser) = open(&context, 1400);
    let hidden = browser.value("document.getElementById('upload').hidden");
    assert_eq!(hidden, true);
}
