use super::*;

#[test]
fn errors_come_first_then_wrong_payments_then_other_warnings_then_information() {
    let finding = |code| Finding::new(code, None, "");
    let findings = [
        finding(FindingCode::AmountDue),
        finding(FindingCode::Unconfirmed),
        finding(FindingCode::Missing),
        finding(FindingCode::PageContradicts),
        finding(FindingCode::CreditNote),
        finding(FindingCode::PossibleDuplicate),
        finding(FindingCode::SchemaViolation),
    ];
    let codes: Vec<_> = by_severity(&findings).iter().map(|f| f.code).collect();
    let expected = [
        FindingCode::SchemaViolation,
        FindingCode::PossibleDuplicate,
        FindingCode::CreditNote,
        FindingCode::PageContradicts,
        FindingCode::Unconfirmed,
        FindingCode::Missing,
        FindingCode::AmountDue,
    ];
    assert_eq!(codes, expected);
}

#[test]
fn every_code_has_a_name_of_its_own_that_parses_back_and_an_explanation() {
    let mut names = std::collections::BTreeSet::new();
    for code in FindingCode::all() {
        let name = serde_json::to_value(code).unwrap();
        assert_eq!(name, code.as_str());
        assert_eq!(serde_json::from_value::<FindingCode>(name).unwrap(), code);
        assert!(names.insert(code.as_str()), "{code}");
        let text = code.explanation();
        assert!(
            text.ends_with('.') && !text.contains('\n'),
            "{code}: {text}"
        );
    }
    assert!(serde_json::from_str::<FindingCode>("\"other\"").is_err());
}

#[test]
fn a_failed_page_has_its_reason_as_code() {
    let code = FindingCode::PageFailure(Reason::WorkerDied);
    assert_eq!(code.as_str(), "worker_died");
    assert_eq!(code.severity(), Severity::Error);
}
