//! docs/troubleshooting.md, made from the finding codes.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use docmill::domain::FindingCode;

use crate::context::Context;
use crate::harness::test;

const INTRODUCTION: &str = "\
# Troubleshooting by finding code

For whoever reviews records. A record's findings say why it needs review: `docmill show ID` prints them, exports have the codes in
`finding_codes`. An `info` is a note and keeps no record from being accepted; a `warning` or `error` sends it to review.

Installation problems: `docmill doctor`. Rejected files and failed pages: `docmill status`.
";

test!(the_troubleshooting_page_has_every_finding_code);
fn the_troubleshooting_page_has_every_finding_code(_: Context) {
    let made = page();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
    if std::env::var_os("DOCMILL_UPDATE_DOCS").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let stored = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == made,
        "docs/troubleshooting.md is out of date: DOCMILL_UPDATE_DOCS=1 cargo test --release --test it -- troubleshooting"
    );
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let (failures, findings): (Vec<_>, Vec<_>) =
        FindingCode::all().partition(|code| matches!(code, FindingCode::PageFailure(_)));
    let row = |code: &FindingCode| {
        format!(
            "| `{}` | {} | {} | {} |\n",
            code.as_str(),
            code.severity().as_str(),
            code.explanation(),
            remedy(*code)
        )
    };
    let rows = |codes: &[FindingCode]| codes.iter().map(row).collect::<String>();
    let head = "| code | severity | meaning | what to do |\n| --- | --- | --- | --- |\n";
    write!(page, "\n## Findings\n\n{head}{}", rows(&findings)).unwrap();
    page.push_str(
        "\n## Failures\n\nThe reason of a failed page or a rejected file; of a failed page it is the finding's code.\n\n",
    );
    write!(page, "{head}{}", rows(&failures)).unwrap();
    page
}

/// What to do about each code.
const REMEDIES: &[(&[&str], &str)] = &[
    (
        &["missing"],
        "Look at the page. If the value is there, the reader missed it; `docmill show ID --raw` prints its answer.",
    ),
    (
        &["normalised"],
        "Nothing. The message quotes what was read.",
    ),
    (
        &["not_an_amount", "not_a_date"],
        "Take the value from the page; the message quotes what was read.",
    ),
    (
        &["ambiguous_amount"],
        "Decide which of the two amounts the page means; the value is not exported.",
    ),
    (
        &["ambiguous_date"],
        "Decide which of the two dates the page means; the message names both.",
    ),
    (&["implausible_date"], "Compare the year with the page."),
    (
        &["unknown_currency", "ambiguous_currency"],
        "Compare the currency with the page; codes are those of ISO 4217.",
    ),
    (
        &["currency_from_page"],
        "See that the currency is right; the page prints no other.",
    ),
    (
        &["date_from_page"],
        "See that the date is right; the page prints no other.",
    ),
    (
        &["currency_from_country"],
        "See that the country is right; the page prints no currency.",
    ),
    (
        &["completed_by_arithmetic"],
        "Nothing: the page prints the value. The message has what was read before.",
    ),
    (
        &["party_corrected"],
        "Compare the party with the page; the message has what the reader copied. Approve the record if the new value is right, correct it if not.",
    ),
    (
        &["equal_parties"],
        "Compare both fields with the page: one was misread, or the page does not print it.",
    ),
    (
        &["iban_form", "iban_check_digits", "bic_form"],
        "Compare it with the page letter by letter. If the page prints it so, do not pay before the seller has confirmed it.",
    ),
    (
        &["vat_id_form", "vat_id_check_digit"],
        "Compare it with the page. If the page prints it so, ask the seller.",
    ),
    (
        &["vat_id_unchecked"],
        "Nothing, or check it with that country's register.",
    ),
    (
        &["schema_violation"],
        "Look at the reader's answer with `docmill show ID --raw`; another reader may keep to the schema.",
    ),
    (
        &["schema_unusable"],
        "Correct the schema that the message names (docs/document-types.md).",
    ),
    (
        &["sum_mismatch", "product_mismatch"],
        "Compare the amounts that the message names with the page: one was misread, or the document itself is wrong.",
    ),
    (
        &["tax_rate"],
        "Compare tax and net amount with the page. If they are right, the seller used an unusual rate.",
    ),
    (
        &["date_order", "date_ahead"],
        "Compare the dates with the page: day and month may be exchanged.",
    ),
    (
        &["not_completed"],
        "Do not book it: no money has moved yet.",
    ),
    (
        &["text_differs", "ocr_differs"],
        "Look at the place that the message names and take what the page shows.",
    ),
    (
        &["unconfirmed", "no_text_source"],
        "Compare the amount with the page: only the model has seen it.",
    ),
    (
        &["too_blurred"],
        "Scan it again, flat and in focus. A stronger reader reads it where there is one, and a person compares the values.",
    ),
    (
        &["blank"],
        "If it is the back of a page: `docmill decide not-a-bill ID`. If it is not blank: `docmill retry ID --type TYPE` reads it.",
    ),
    (&["turned"], "Nothing."),
    (
        &["text_too_small"],
        "Scan it at 300 dots per inch, or compare the values with the page.",
    ),
    (
        &["under_exposed"],
        "Scan or photograph it again with more light, or compare the values with the page.",
    ),
    (
        &["over_exposed"],
        "Scan it again, darker or with more contrast, or compare the values with the page.",
    ),
    (&["cut_off"], "Scan the whole page."),
    (
        &["two_receipts"],
        "Scan each receipt by itself: the record has values of one of them, or of both.",
    ),
    (
        &["low_confidence"],
        "Compare the values that the message names with the page; correct them or approve the record.",
    ),
    (
        &["uncalibrated"],
        "Nothing, unless you need a promised error rate: `docmill calibrate` makes a calibration from documents with known values.",
    ),
    (
        &["not_certified"],
        "Compare all values with the page. To have records accepted, calibrate with more documents or allow a higher `acceptance.max_error` (docs/evaluation.md).",
    ),
    (
        &["no_confidence"],
        "Every record of this reader needs a person; use a reader that reports log-probabilities.",
    ),
    (
        &["list_repeats"],
        "Compare the lines with the page; the totals after the list were read.",
    ),
    (
        &["unsupported_field"],
        "Fill the field in by hand, or use a general model (docs/models.md).",
    ),
    (
        &["type_unknown"],
        "Say what it is: `docmill retry ID --type TYPE`. If it is no document to read, as a page of terms: `docmill decide not-a-bill ID`.",
    ),
    (
        &["key_uncertain"],
        "See whether the pages that the message names belong together.",
    ),
    (
        &["page_failed"],
        "Remove the cause that the message names, then `docmill retry`.",
    ),
    (
        &["not_read_again"],
        "Nothing, if the values still hold. Otherwise put the file back and use `docmill retry ID`.",
    ),
    (
        &["document_warning"],
        "Read the message; the document was opened all the same.",
    ),
    (
        &["einvoice_value"],
        "Ask the seller for a valid e-invoice, or take the value from the page.",
    ),
    (
        &["page_contradicts"],
        "Do not pay before the seller has said which is right, page or XML.",
    ),
    (&["page_differs"], "Compare both values with the page."),
    (&["credit_note"], "Book it as a credit."),
    (
        &["invoice_kind"],
        "Read what kind it is before you book it: a proforma invoice is not paid, a corrected one replaces another.",
    ),
    (&["amount_due"], "Pay the amount due, not the gross total."),
    (
        &["allowances", "lines_left_out"],
        "Nothing: it explains why the lines do not add up to the net total.",
    ),
    (
        &["other_accounts"],
        "Choose the account to pay to; the message names the others.",
    ),
    (
        &["other_payee"],
        "Pay the payee, if the seller has confirmed that it is the right one.",
    ),
    (
        &["payment_discount", "instalments"],
        "Pay by the terms that the message names.",
    ),
    (&["due_date_unclear"], "Look the due date up on the page."),
    (
        &["vat_currency"],
        "Use the VAT total of the invoice's own currency; the message has the other.",
    ),
    (
        &["possible_duplicate"],
        "Compare it with the document that the message names before you pay.",
    ),
    (
        &["bank_details_changed"],
        "Ask the supplier at a number that you know, not one of the document, and approve it with the answer as the reason.",
    ),
    (
        &[
            "currency_unlike_before",
            "number_unlike_before",
            "amount_unlike_before",
        ],
        "Compare the value with the page. If it is right, approve the record: the next bills are compared with it too.",
    ),
    (
        &["date_order_unlike_before"],
        "Compare the date with the page: day and month may be exchanged.",
    ),
    (
        &["filled_from_card"],
        "Compare the value with the page, and remove it if the document has none.",
    ),
    (
        &["corrected_before"],
        "The message names the record with the earlier values: compare, then approve this one (`docmill correct`) or reject it (`docmill decide`).",
    ),
    (
        &["second_approval"],
        "Approve it, and have another person approve it too (docs/review.md).",
    ),
    (
        &["replaced"],
        "The message has the earlier values: see whether they were booked.",
    ),
    (
        &["empty_file", "no_pages", "corrupt"],
        "Get the file again, or print it to a new PDF.",
    ),
    (
        &["unsupported_type"],
        "Convert it to PDF, PNG, JPEG or TIFF, or take it out of the folder.",
    ),
    (
        &["password_required"],
        "Remove the password and put the file back.",
    ),
    (
        &["too_large"],
        "Split it, scan it at a lower resolution, or raise the limit that the message names.",
    ),
    (&["too_small"], "Scan it at a higher resolution."),
    (
        &["not_a_document"],
        "Nothing. To have it rejected, name the file itself.",
    ),
    (&["not_a_file"], "Take it out of the folder."),
    (
        &["unreadable"],
        "Give docmill's user the right to read the file, or put it back.",
    ),
    (
        &["source_changed"],
        "Run again: the new content is taken in.",
    ),
    (
        &["worker_died"],
        "`docmill retry`. If it happens again, the file breaks an engine: print it to a new PDF, and report it.",
    ),
    (
        &["deadline"],
        "`docmill retry` when the machine is less busy, or raise the time limit of the stage.",
    ),
    (
        &["out_of_memory"],
        "Raise the worker's memory setting, or scan at a lower resolution.",
    ),
    (
        &["output_cut_off"],
        "Split the document, or use a reader with longer answers.",
    ),
    (
        &["output_empty", "output_refused", "output_invalid"],
        "Use `docmill retry`; if that fails too, another reader.",
    ),
    (&["prompt_too_long"], "Use a reader with a larger context."),
    (
        &["reader_unavailable"],
        "See that the server runs and is reachable, then `docmill retry`.",
    ),
    (
        &["reader_misconfigured"],
        "Correct key, model or address in the manifest, then `docmill retry`.",
    ),
    (
        &["request_refused"],
        "Read the server's message; then `docmill retry`.",
    ),
    (
        &["type_missing"],
        "Name the folder of the type with `--types`, then `docmill retry`.",
    ),
    (
        &["internal"],
        "Report it with the output of `docmill show ID` and `-vv`.",
    ),
];

fn remedy(code: FindingCode) -> &'static str {
    let name = code.as_str();
    let found = REMEDIES.iter().find(|(codes, _)| codes.contains(&name));
    found
        .unwrap_or_else(|| panic!("no remedy for the code {name}"))
        .1
}
