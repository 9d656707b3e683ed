"""Payment details of an invoice: account, bank and reference, with their
wording."""

from dataclasses import dataclass

from . import names

# What stands behind country and check digits: letters (A) and digits (9), as
# the registry of ISO 13616 has them.
_ACCOUNTS = {
    "AT": "9" * 16, "BE": "9" * 12, "CH": "9" * 17, "DE": "9" * 18, "ES": "9" * 20, "FR": "9" * 23, "GB": "AAAA" + "9" * 14,
    "IE": "AAAA" + "9" * 14, "IT": "A" + "9" * 22, "NL": "AAAA" + "9" * 10,
}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

WORDS = {
    "en": dict(
        title=["Bank details", "Payment details", "Please pay to", "Remittance"], bank=["Bank", "Bank name"], reference=["Payment reference", "Reference", "Please quote", "Payment ref."],
        account=["Account no.", "Account number", "A/C No"], sentence=["Please transfer to IBAN {iban}", "Please pay to IBAN {iban}"], quoting=["quoting {reference}", "reference {reference}"],
        buyer_vat=["Your VAT No", "Customer VAT ID", "Buyer VAT number"],
    ),
    "de": dict(
        title=["Bankverbindung", "Zahlung an", "Bankdaten"], bank=["Bank", "Kreditinstitut"], reference=["Verwendungszweck", "Zahlungsreferenz", "Referenz"], account=["Konto", "Kontonummer"],
        sentence=["Bitte überweisen Sie auf IBAN {iban}", "Zahlbar auf das Konto {iban}"], quoting=["unter Angabe von {reference}", "Verwendungszweck {reference}"], buyer_vat=["Ihre USt-IdNr.", "USt-IdNr. Kunde", "Ihre UID"],
    ),
    "fr": dict(
        title=["Coordonnées bancaires", "Règlement par virement"], bank=["Banque"], reference=["Référence de paiement", "Communication", "Référence à rappeler"], account=["Compte"],
        sentence=["Virement à l'IBAN {iban}"], quoting=["avec la référence {reference}"], buyer_vat=["Votre N° TVA", "N° TVA client"],
    ),
    "es": dict(title=["Datos bancarios", "Forma de pago"], bank=["Banco"], reference=["Referencia de pago", "Concepto"], account=["Cuenta"], sentence=["Transferencia a IBAN {iban}"], quoting=["concepto {reference}"], buyer_vat=["NIF cliente", "CIF cliente"]),
    "it": dict(title=["Coordinate bancarie", "Pagamento"], bank=["Banca"], reference=["Causale", "Riferimento pagamento"], account=["Conto"], sentence=["Bonifico su IBAN {iban}"], quoting=["causale {reference}"], buyer_vat=["P. IVA cliente", "Vs. P.IVA"]),
    "nl": dict(
        title=["Betaalgegevens", "Bankgegevens"], bank=["Bank"], reference=["Betalingskenmerk", "Onder vermelding van", "Mededeling"], account=["Rekening"], sentence=["Gelieve te betalen op IBAN {iban}"],
        quoting=["onder vermelding van {reference}"], buyer_vat=["Uw btw-nummer", "Btw-nummer klant"],
    ),
}
WORDS["ms"] = WORDS["en"]


@dataclass
class Payment:
    iban: str | None
    bic: str | None
    reference: str | None
    in_groups: bool

    @property
    def printed_iban(self) -> str:
        if not self.in_groups:
            return self.iban
        return " ".join(self.iban[at : at + 4] for at in range(0, len(self.iban), 4))


def iban(r, code: str) -> str:
    """With the check digits of ISO 7064 (mod 97-10)."""
    account = "".join(r.choice(_LETTERS) if kind == "A" else str(r.randint(0, 9)) for kind in _ACCOUNTS[code])
    as_number = int("".join(str(int(c, 36)) for c in f"{account}{code}00"))
    return f"{code}{98 - as_number % 97:02}{account}"


def bic(r, code: str) -> str:
    """ISO 9362: bank, country, place, and a branch or none."""
    place = r.choice(_LETTERS) + r.choice(_LETTERS + "23456789")
    return "".join(r.choices(_LETTERS, k=4)) + code + place + r.choice(["", "", "XXX", f"{r.randint(100, 999)}"])


def _creditor_reference(r) -> str:
    """ISO 11649: RF, check digits, up to 21 letters and digits."""
    body = "".join(r.choices("0123456789", k=r.randint(5, 14)))
    as_number = int("".join(str(int(c, 36)) for c in f"{body}RF00"))
    return f"RF{98 - as_number % 97:02}{body}"


def payment(r, code: str, number: str) -> Payment:
    at = code if code in _ACCOUNTS else None
    if at and r.random() < 0.1:
        at = r.choice(list(_ACCOUNTS))
    has_account = at is not None and r.random() < 0.55
    reference = None
    if r.random() < 0.35:
        belgian = f"+++{r.randint(0, 999):03}/{r.randint(0, 9999):04}/{r.randint(0, 99999):05}+++"
        reference = r.choice([number, number, number, f"{r.randint(1000, 99999)} / {number}", _creditor_reference(r), str(r.randint(10**7, 10**16)), belgian, f"{names.word(r).upper()} {number}"])
    swift = r.random() < (0.7 if has_account else 0.08)
    return Payment(iban(r, at) if has_account else None, bic(r, at or code) if swift else None, reference, r.random() < 0.75)


def rows(r, language: str, how: Payment) -> list[tuple[str, str, str]]:
    """Label, value, and the field that it is."""
    words = WORDS[language]
    made = []
    if how.iban and r.random() < 0.6 or not how.iban and r.random() < 0.3:
        made.append((r.choice(words["bank"]), f"{names.word(r).title()} Bank", "bank"))
    if how.iban:
        made.append(("IBAN", how.printed_iban, "iban"))
    elif r.random() < 0.5:
        made.append((r.choice(words["account"]), str(r.randint(10**6, 10**10)), "account"))
    if how.bic:
        made.append((r.choice(["BIC", "BIC", "SWIFT", "SWIFT/BIC", "BIC/SWIFT"]), how.bic, "bic"))
    if how.reference:
        made.append((r.choice(words["reference"]), how.reference, "payment_reference"))
    return made


def sentence(r, language: str, how: Payment) -> tuple[str, list[str]]:
    """All in one sentence, where there is an IBAN; and the fields that it says."""
    words, fields = WORDS[language], ["iban"]
    said = r.choice(words["sentence"]).format(iban=how.printed_iban)
    if how.bic:
        said, fields = f"{said}, BIC {how.bic}", [*fields, "bic"]
    if how.reference:
        said, fields = f"{said}, " + r.choice(words["quoting"]).format(reference=how.reference), [*fields, "payment_reference"]
    return said + r.choice([".", ""]), fields
