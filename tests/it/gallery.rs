//! The archive as a page, in a browser.

use crate::context::Context;
use crate::harness::test;
use crate::webdriver::Browser;

const COUNT: &str = "document.getElementById('count').textContent";

test!(
    a_gallery_is_searched_and_filtered_without_a_server,
    Engines,
    Chromium
);
fn a_gallery_is_searched_and_filtered_without_a_server(context: Context) {
    context.fixture("screenshot/payment_cafe", "in/cafe");
    context.fixture("screenshot/transfer_bank", "in/bank");
    let scan = context.fixture("invoice/einvoice_facturx", "in/stated");
    std::fs::copy(&scan, context.path("in/again.pdf")).unwrap();
    context.run(&["run", "in"]);
    let made = context.run(&["gallery", "--out", "archive"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stdout.contains("3 pages written"), "{made:?}");
    // Nothing else is overwritten.
    let refused = context.run(&["gallery", "--out", "in"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("other files"), "{refused:?}");

    let browser = Browser::start(1200, 800);
    let page = context.path("archive/index.html");
    browser.open(&format!("file://{}", page.display()));
    browser.wait("document.querySelectorAll('article').length === 3");
    browser.wait("[...document.images].every(image => image.complete && image.naturalWidth > 50)");
    assert_eq!(browser.text(COUNT), "3 of 3 pages");
    browser.value("document.getElementById('query').focus()");
    // Accents, case and marks are no difference.
    browser.write("CAFÉ.png");
    browser.wait("document.querySelectorAll('article').length === 1");
    assert_eq!(browser.text(COUNT), "1 of 3 pages");
    browser.value("document.getElementById('query').value = ''");
    browser.value("(document.getElementById('type').value = 'invoice', document.getElementById('filters').dispatchEvent(new Event('input')))");
    browser.wait("document.querySelector('article').textContent.includes('invoice')");
    assert_eq!(browser.text(COUNT), "1 of 3 pages");
    browser.value("(document.getElementById('type').value = '', document.getElementById('filters').dispatchEvent(new Event('input')))");
    browser.value("[...document.querySelectorAll('article button')].find(b => b.textContent === 'Similar pages').click()");
    browser.wait(&format!("{COUNT}.includes('Show all')"));
}
