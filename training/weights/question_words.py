"""Wording of questions by what is asked and by language; phrasings are separated by
`|`. The first of each are training's; the last is held out where a list has
three or more."""

from . import question_words_more
from .question_words_more import ITEMS, LABELS, YES_NO  # noqa: F401

LANGUAGES = {"en": 0.4, "de": 0.16, "fr": 0.13, "es": 0.11, "ms": 0.11, "it": 0.05, "nl": 0.04}

_VALUES = {
    "merchant": {
        "en": "What is the name of the shop?|Which shop is this from?|Where was this bought?|Who issued this receipt?|merchant?|name of the business|store name|vendor|Who is the seller?|Which business sold this?",
        "de": "Wie heißt das Geschäft?|Wo wurde eingekauft?|Von welchem Laden ist der Beleg?|Händler?|Name des Geschäfts|Verkäufer|Welcher Laden hat das verkauft?",
        "fr": "Quel est le nom du magasin ?|Où l'achat a-t-il été fait ?|Quel commerce a émis ce ticket ?|commerçant ?|nom du magasin|Chez qui a-t-on acheté ?",
        "es": "¿Cómo se llama la tienda?|¿Dónde se compró?|¿Qué comercio emitió el recibo?|¿comercio?|nombre de la tienda|¿Quién es el vendedor?",
        "ms": "Apakah nama kedai?|Di mana ini dibeli?|Kedai mana yang mengeluarkan resit ini?|peniaga?|nama kedai|Siapakah penjualnya?",
        "it": "Come si chiama il negozio?|Dove è stato acquistato?|negozio?|nome del negozio|Chi è il venditore?", "nl": "Hoe heet de winkel?|Waar is dit gekocht?|winkel?|naam van de winkel|Wie is de verkoper?",
    },
    "seller": {
        "en": "Who is the seller?|Who issued the invoice?|Which company sent this invoice?|Who is the invoice from?|seller?|supplier|name of the vendor|issuer|Who is billing?|Which supplier is this?",
        "de": "Wer ist der Verkäufer?|Von wem ist die Rechnung?|Welche Firma hat die Rechnung gestellt?|Rechnungssteller?|Lieferant|Verkäufer|Wer stellt die Rechnung?",
        "fr": "Qui est le vendeur ?|Quelle société a émis la facture ?|De qui vient cette facture ?|vendeur ?|fournisseur|émetteur|Qui facture ?",
        "es": "¿Quién es el vendedor?|¿Qué empresa emitió la factura?|¿De quién es la factura?|¿proveedor?|emisor|vendedor|¿Quién factura?",
        "ms": "Siapakah penjual?|Syarikat mana yang mengeluarkan invois ini?|Invois ini daripada siapa?|pembekal?|penjual|Siapa yang mengeluarkan invois?",
        "it": "Chi è il venditore?|Quale azienda ha emesso la fattura?|fornitore?|venditore|Di chi è la fattura?", "nl": "Wie is de verkoper?|Van welk bedrijf is de factuur?|leverancier?|verkoper|Wie heeft de factuur gestuurd?",
    },
    "buyer": {
        "en": "Who is the buyer?|Who is the invoice addressed to?|Who has to pay?|Which customer is billed?|buyer?|customer|bill to|client|Who is the customer?|Whom is this billed to?",
        "de": "Wer ist der Käufer?|An wen ist die Rechnung gerichtet?|Wer ist der Kunde?|Rechnungsempfänger?|Kunde|Käufer|Wem wird die Rechnung gestellt?",
        "fr": "Qui est l'acheteur ?|À qui la facture est-elle adressée ?|Quel est le client ?|client ?|acheteur|destinataire|Qui doit payer ?",
        "es": "¿Quién es el comprador?|¿A quién va dirigida la factura?|¿Quién es el cliente?|¿cliente?|comprador|¿Quién debe pagar?",
        "ms": "Siapakah pembeli?|Invois ini untuk siapa?|Siapakah pelanggan?|pelanggan?|pembeli|Siapa yang perlu membayar?",
        "it": "Chi è l'acquirente?|A chi è intestata la fattura?|cliente?|acquirente|Chi è il cliente?", "nl": "Wie is de koper?|Aan wie is de factuur gericht?|klant?|koper|Wie is de klant?",
    },
    "address": {
        "en": "What is the address of the shop?|Where is the shop?|What is the merchant's address?|address?|shop address|Where is this business located?|At which address is the store?",
        "de": "Wie lautet die Adresse des Geschäfts?|Wo ist das Geschäft?|Adresse?|Anschrift des Händlers|Anschrift|Unter welcher Adresse ist der Laden?",
        "fr": "Quelle est l'adresse du magasin ?|Où se trouve le magasin ?|adresse ?|adresse du commerçant|À quelle adresse est le commerce ?",
        "es": "¿Cuál es la dirección de la tienda?|¿Dónde está la tienda?|¿dirección?|dirección del comercio|¿En qué dirección está el comercio?",
        "ms": "Apakah alamat kedai?|Di manakah kedai ini?|alamat?|alamat kedai|Kedai ini terletak di mana?", "it": "Qual è l'indirizzo del negozio?|Dove si trova il negozio?|indirizzo?|In quale via è il negozio?", "nl": "Wat is het adres van de winkel?|Waar is de winkel?|adres?|Op welk adres zit de winkel?",
    },
    "seller_address": {
        "en": "What is the seller's address?|Where is the seller located?|seller address?|address of the supplier|What is the address of the company that issued this?", "de": "Wie lautet die Adresse des Verkäufers?|Anschrift des Lieferanten?|Adresse des Rechnungsstellers|Wo sitzt der Verkäufer?",
        "fr": "Quelle est l'adresse du vendeur ?|adresse du fournisseur ?|Où est situé le vendeur ?", "es": "¿Cuál es la dirección del vendedor?|¿dirección del proveedor?|¿Dónde está el vendedor?", "ms": "Apakah alamat penjual?|alamat pembekal?|Di manakah penjual?", "it": "Qual è l'indirizzo del venditore?|indirizzo del fornitore?", "nl": "Wat is het adres van de verkoper?|adres van de leverancier?",
    },
    "buyer_address": {
        "en": "What is the buyer's address?|What is the billing address?|customer address?|address of the buyer|Where does the customer live?", "de": "Wie lautet die Adresse des Käufers?|Rechnungsadresse?|Anschrift des Kunden|Wo wohnt der Kunde?",
        "fr": "Quelle est l'adresse du client ?|adresse de facturation ?|Où habite le client ?", "es": "¿Cuál es la dirección del cliente?|¿dirección de facturación?|¿Dónde vive el cliente?", "ms": "Apakah alamat pembeli?|alamat pelanggan?|Di manakah pelanggan?", "it": "Qual è l'indirizzo del cliente?|indirizzo di fatturazione?", "nl": "Wat is het adres van de klant?|factuuradres?",
    },
    "date": {
        "en": "What is the date?|When was this bought?|On which day was the purchase made?|What date is on it?|date?|date of sale|day of purchase|When did they pay?|When did this take place?|Which day is it from?",
        "de": "Von wann ist der Beleg?|Welches Datum steht darauf?|Wann wurde gekauft?|Datum?|Kaufdatum|Datum des Belegs|An welchem Tag war das?",
        "fr": "Quelle est la date ?|Quand a eu lieu l'achat ?|De quel jour date ce document ?|date ?|date d'achat|Quel jour était-ce ?",
        "es": "¿Cuál es la fecha?|¿Cuándo se compró?|¿De qué día es?|¿fecha?|fecha de compra|¿Qué día fue?",
        "ms": "Apakah tarikhnya?|Bilakah ini dibeli?|Pada hari apa pembelian dibuat?|tarikh?|tarikh pembelian|Bila ini berlaku?",
        "it": "Qual è la data?|Quando è stato acquistato?|data?|data di acquisto|Di che giorno è?", "nl": "Wat is de datum?|Wanneer is dit gekocht?|datum?|datum van aankoop|Van welke dag is dit?",
    },
    "issue_date": {
        "en": "What is the invoice date?|When was the invoice issued?|On which date was this invoice made out?|invoice date?|date of issue|date?|When is the invoice from?|When was it billed?",
        "de": "Wann wurde die Rechnung ausgestellt?|Von wann ist die Rechnung?|Welches Rechnungsdatum steht darauf?|Rechnungsdatum?|Ausstellungsdatum|Datum?|An welchem Tag wurde sie gestellt?",
        "fr": "Quelle est la date de la facture ?|Quand la facture a-t-elle été émise ?|date de facture ?|date d'émission|date ?|De quand date la facture ?",
        "es": "¿Cuál es la fecha de la factura?|¿Cuándo se emitió la factura?|¿fecha de emisión?|fecha de factura|¿fecha?|¿De cuándo es la factura?",
        "ms": "Apakah tarikh invois?|Bilakah invois dikeluarkan?|tarikh invois?|tarikh?|Invois ini bertarikh apa?", "it": "Qual è la data della fattura?|Quando è stata emessa la fattura?|data fattura?|Di quando è la fattura?", "nl": "Wat is de factuurdatum?|Wanneer is de factuur gemaakt?|factuurdatum?|Van wanneer is de factuur?",
    },
    "due_date": {
        "en": "When is it due?|What is the due date?|By when must it be paid?|When does payment have to arrive?|due date?|payment due|pay by|deadline for payment|What is the last day to pay?|Until when can I pay?",
        "de": "Wann ist sie fällig?|Bis wann muss bezahlt werden?|Was ist das Fälligkeitsdatum?|fällig?|Fälligkeit|zahlbar bis|Bis zu welchem Tag ist zu zahlen?",
        "fr": "Quelle est la date d'échéance ?|Avant quelle date faut-il payer ?|Quand faut-il payer ?|échéance ?|date limite de paiement|Jusqu'à quand peut-on payer ?",
        "es": "¿Cuál es la fecha de vencimiento?|¿Cuándo vence?|¿Hasta cuándo hay que pagar?|¿vencimiento?|fecha límite de pago|¿Antes de qué día hay que pagar?",
        "ms": "Bilakah tarikh akhir bayaran?|Sebelum bila perlu dibayar?|tarikh akhir?|tarikh bayaran|Bila perlu bayar?", "it": "Quando scade?|Qual è la data di scadenza?|Entro quando va pagata?|scadenza?|Fino a quando si può pagare?", "nl": "Wanneer moet er betaald worden?|Wat is de vervaldatum?|vervaldatum?|uiterste betaaldatum|Tot wanneer kan ik betalen?",
    },
    "currency": {
        "en": "What is the currency?|In which currency are the amounts?|In what currency was it paid?|currency?|currency code|Which money is used?|Which currency applies?",
        "de": "In welcher Währung sind die Beträge?|Welche Währung?|Währung?|In welcher Währung wurde bezahlt?", "fr": "Quelle est la devise ?|En quelle monnaie sont les montants ?|devise ?|Dans quelle devise a-t-on payé ?", "es": "¿Cuál es la moneda?|¿En qué moneda están los importes?|¿moneda?|¿En qué divisa se pagó?",
        "ms": "Apakah mata wang?|Dalam mata wang apa jumlahnya?|mata wang?|Mata wang apa yang digunakan?", "it": "Qual è la valuta?|In quale valuta sono gli importi?|valuta?", "nl": "Wat is de valuta?|In welke munt zijn de bedragen?|valuta?",
    },
    "subtotal": {
        "en": "What is the subtotal?|How much is it before tax?|subtotal?|sum of the lines|What do the items add up to?|sub total|How much was it before anything was added?",
        "de": "Wie hoch ist die Zwischensumme?|Zwischensumme?|Summe der Artikel|Was kosten die Artikel zusammen?", "fr": "Quel est le sous-total ?|sous-total ?|Combien avant les taxes ?|Quelle est la somme des articles ?", "es": "¿Cuál es el subtotal?|¿subtotal?|¿Cuánto es antes de impuestos?|¿Cuánto suman los artículos?",
        "ms": "Berapakah jumlah kecil?|jumlah kecil?|subtotal?|Berapakah sebelum cukai?", "it": "Qual è il subtotale?|subtotale?|Quanto è prima delle tasse?", "nl": "Wat is het subtotaal?|subtotaal?|Hoeveel is het zonder belasting?",
    },
    "net": {
        "en": "What is the net amount?|How much is it without VAT?|What is the total before tax?|net total?|net amount|total excluding tax|subtotal|How much before VAT?|How much is it net?",
        "de": "Wie hoch ist der Nettobetrag?|Was kostet es ohne Mehrwertsteuer?|Nettobetrag?|netto|Summe netto|Wie viel ist es vor Steuern?", "fr": "Quel est le montant hors taxes ?|Combien sans la TVA ?|total HT ?|montant net|Quel est le total avant TVA ?", "es": "¿Cuál es el importe neto?|¿Cuánto es sin IVA?|¿base imponible?|importe neto|¿Cuál es el total antes de impuestos?",
        "ms": "Berapakah jumlah bersih?|Berapakah tanpa cukai?|jumlah bersih?|Berapakah jumlah sebelum cukai?", "it": "Qual è l'imponibile?|Quanto è senza IVA?|imponibile?|Qual è il totale netto?", "nl": "Wat is het nettobedrag?|Hoeveel is het zonder btw?|nettobedrag?|Wat is het totaal exclusief btw?",
    },
    "tax": {
        "en": "How much is the tax?|What is the VAT amount?|How much VAT is charged?|How much GST was paid?|tax?|VAT|tax amount|How much of it is tax?|What amount of tax is shown?",
        "de": "Wie hoch ist die Mehrwertsteuer?|Wie viel Steuer ist es?|Welcher Betrag ist Umsatzsteuer?|MwSt?|Steuerbetrag|Wie viel davon ist Steuer?", "fr": "Quel est le montant de la TVA ?|Combien de taxes ?|TVA ?|montant de la taxe|Combien de TVA a été facturé ?", "es": "¿Cuánto es el IVA?|¿Cuánto es el impuesto?|¿IVA?|importe del impuesto|¿Qué parte es impuesto?",
        "ms": "Berapakah cukai?|Berapakah GST?|cukai?|jumlah cukai|Berapa banyak cukai dikenakan?", "it": "Quanto è l'IVA?|A quanto ammonta l'imposta?|IVA?|Quanta IVA è addebitata?", "nl": "Hoeveel is de btw?|Wat is het btw-bedrag?|btw?|Hoeveel belasting is het?",
    },
    "total": {
        "en": "What is the total?|How much was paid?|How much does it come to?|What was the final amount?|How much was spent?|total?|total amount|amount to pay|sum|grand total|How much is it altogether?|What do I owe?",
        "de": "Wie hoch ist der Gesamtbetrag?|Was kostet es insgesamt?|Wie viel wurde bezahlt?|Was ist die Endsumme?|Gesamtbetrag?|Summe|Betrag|Gesamtsumme|Wie viel macht das zusammen?",
        "fr": "Quel est le total ?|Combien a été payé ?|Quel est le montant à payer ?|total ?|montant total|somme|Combien cela coûte-t-il en tout ?", "es": "¿Cuál es el total?|¿Cuánto se pagó?|¿Cuál es el importe total?|¿total?|importe a pagar|suma|¿Cuánto cuesta todo?",
        "ms": "Berapakah jumlahnya?|Berapa yang dibayar?|Berapakah jumlah keseluruhan?|jumlah?|jumlah bayaran|Berapa semuanya?", "it": "Qual è il totale?|Quanto è stato pagato?|totale?|importo da pagare|Quanto costa in tutto?", "nl": "Wat is het totaal?|Hoeveel is er betaald?|totaal?|te betalen|Hoeveel is het samen?",
    },
    "gross": {
        "en": "What is the invoice total?|How much is it including VAT?|What is the gross amount?|gross total?|total with tax|What is the total including tax?", "de": "Wie hoch ist der Bruttobetrag?|Wie hoch ist der Rechnungsbetrag?|Bruttobetrag?|Rechnungsbetrag|Wie viel ist es mit Mehrwertsteuer?", "fr": "Quel est le montant TTC ?|total TTC ?|Combien avec la TVA ?", "es": "¿Cuál es el total con IVA?|¿total de la factura?|¿Cuánto es con impuestos?",
        "ms": "Berapakah jumlah invois?|jumlah termasuk cukai?|Berapakah jumlah dengan cukai?", "it": "Qual è il totale con IVA?|totale fattura?", "nl": "Wat is het totaal inclusief btw?|factuurbedrag?",
    },
    "invoice_number": {
        "en": "What is the invoice number?|Which number does the invoice have?|invoice number?|invoice no|number of the invoice|inv #|Under which number is it filed?|What number is this invoice?", "de": "Wie lautet die Rechnungsnummer?|Welche Nummer hat die Rechnung?|Rechnungsnummer?|Rechnungs-Nr.|Re.-Nr.?|Unter welcher Nummer läuft die Rechnung?", "fr": "Quel est le numéro de facture ?|Quel numéro porte la facture ?|numéro de facture ?|n° de facture|Sous quel numéro est-elle ?", "es": "¿Cuál es el número de factura?|¿Qué número tiene la factura?|¿número de factura?|factura nº|¿Con qué número figura?",
        "ms": "Apakah nombor invois?|Invois ini nombor berapa?|nombor invois?|no. invois|Nombor apa pada invois?", "it": "Qual è il numero della fattura?|numero fattura?|Che numero ha la fattura?", "nl": "Wat is het factuurnummer?|factuurnummer?|Welk nummer heeft de factuur?",
    },
    "receipt_number": {
        "en": "What is the receipt number?|receipt number?|bill number|document number|Which number does the receipt have?", "de": "Wie lautet die Belegnummer?|Bonnummer?|Belegnummer|Welche Nummer hat der Beleg?", "fr": "Quel est le numéro du ticket ?|numéro de ticket ?|Quel numéro porte le reçu ?", "es": "¿Cuál es el número del recibo?|¿número de ticket?|¿Qué número tiene el recibo?", "ms": "Apakah nombor resit?|nombor resit?|Resit ini nombor berapa?", "it": "Qual è il numero dello scontrino?|numero scontrino?", "nl": "Wat is het bonnummer?|bonnummer?",
    },
    "seller_vat": {
        "en": "What is the seller's VAT ID?|What is the VAT number of the seller?|seller VAT ID?|VAT ID|VAT registration number|tax ID of the supplier|Which VAT number does the seller have?", "de": "Wie lautet die USt-IdNr. des Verkäufers?|USt-IdNr.?|Umsatzsteuer-ID|UID des Lieferanten|Welche USt-IdNr. hat der Verkäufer?", "fr": "Quel est le numéro de TVA du vendeur ?|numéro de TVA ?|TVA intracommunautaire|Quel numéro de TVA a le vendeur ?", "es": "¿Cuál es el NIF del vendedor?|¿NIF?|CIF del proveedor|¿Qué NIF tiene el vendedor?",
        "ms": "Apakah nombor cukai penjual?|nombor VAT penjual?|Penjual ada nombor cukai apa?", "it": "Qual è la partita IVA del venditore?|partita IVA?|P.IVA del fornitore", "nl": "Wat is het btw-nummer van de verkoper?|btw-nummer?",
    },
    "buyer_vat": {
        "en": "What is the buyer's VAT ID?|What is the customer's VAT number?|buyer VAT ID?|VAT ID of the customer|Which VAT number does the customer have?", "de": "Wie lautet die USt-IdNr. des Kunden?|USt-IdNr. des Käufers?|UID des Kunden|Welche USt-IdNr. hat der Kunde?", "fr": "Quel est le numéro de TVA du client ?|TVA du client ?|Quel numéro de TVA a l'acheteur ?", "es": "¿Cuál es el NIF del cliente?|¿NIF del comprador?|¿Qué NIF tiene el cliente?", "ms": "Apakah nombor cukai pembeli?|nombor VAT pelanggan?|Pembeli ada nombor cukai apa?", "it": "Qual è la partita IVA del cliente?|P.IVA del cliente?", "nl": "Wat is het btw-nummer van de klant?|btw-nummer van de koper?",
    },
    "iban": {
        "en": "What is the IBAN?|To which account should I pay?|IBAN?|bank account|account to pay to|Where do I transfer the money?", "de": "Wie lautet die IBAN?|Auf welches Konto soll ich überweisen?|IBAN?|Kontoverbindung|Wohin ist zu überweisen?", "fr": "Quel est l'IBAN ?|Sur quel compte faut-il payer ?|IBAN ?|compte bancaire|Où faut-il virer ?", "es": "¿Cuál es el IBAN?|¿A qué cuenta hay que pagar?|¿IBAN?|¿Adónde hay que transferir?", "ms": "Apakah IBAN?|Ke akaun mana perlu dibayar?|IBAN?|Akaun mana untuk bayaran?", "it": "Qual è l'IBAN?|Su quale conto devo pagare?|IBAN?", "nl": "Wat is het IBAN?|Naar welke rekening moet ik betalen?|IBAN?",
    },
    "bic": {
        "en": "What is the BIC?|What is the SWIFT code?|BIC?|SWIFT|bank identifier code|Which BIC does the bank have?", "de": "Wie lautet die BIC?|BIC?|SWIFT-Code|Welche BIC hat die Bank?", "fr": "Quel est le BIC ?|BIC ?|code SWIFT|Quel code BIC a la banque ?", "es": "¿Cuál es el BIC?|¿BIC?|código SWIFT|¿Qué BIC tiene el banco?", "ms": "Apakah BIC?|BIC?|kod SWIFT|Apakah kod SWIFT bank?", "it": "Qual è il BIC?|BIC?", "nl": "Wat is de BIC?|BIC?",
    },
    "payment_reference": {
        "en": "What is the payment reference?|Which reference should I give with the payment?|payment reference?|reference for the transfer|What must I quote when paying?", "de": "Was ist der Verwendungszweck?|Welche Referenz gehört zur Zahlung?|Verwendungszweck?|Zahlungsreferenz|Was muss ich bei der Überweisung angeben?", "fr": "Quelle est la référence de paiement ?|référence de paiement ?|communication|Quelle référence faut-il rappeler ?", "es": "¿Cuál es la referencia de pago?|¿referencia de pago?|concepto|¿Qué referencia hay que indicar?", "ms": "Apakah rujukan bayaran?|rujukan bayaran?|Rujukan apa perlu diberi?", "it": "Qual è la causale?|causale?", "nl": "Wat is het betalingskenmerk?|betalingskenmerk?",
    },
    "payment_terms": {
        "en": "What are the payment terms?|payment terms?|terms of payment|Within how many days must it be paid?|What conditions of payment apply?", "de": "Wie lauten die Zahlungsbedingungen?|Zahlungsbedingungen?|Zahlungskonditionen|Innerhalb wie vieler Tage ist zu zahlen?", "fr": "Quelles sont les conditions de paiement ?|conditions de paiement ?|Dans quel délai faut-il payer ?", "es": "¿Cuáles son las condiciones de pago?|¿condiciones de pago?|¿En cuántos días hay que pagar?", "ms": "Apakah terma bayaran?|terma bayaran?|Dalam berapa hari perlu dibayar?", "it": "Quali sono i termini di pagamento?|termini di pagamento?", "nl": "Wat zijn de betalingsvoorwaarden?|betalingstermijn?",
    },
    "phone": {
        "en": "What is the phone number?|telephone?|phone|tel. no.|How can I call them?|Which number can I call?", "de": "Wie lautet die Telefonnummer?|Telefon?|Telefonnummer|Unter welcher Nummer erreiche ich sie?", "fr": "Quel est le numéro de téléphone ?|téléphone ?|À quel numéro peut-on appeler ?", "es": "¿Cuál es el número de teléfono?|¿teléfono?|¿A qué número puedo llamar?", "ms": "Apakah nombor telefon?|telefon?|Nombor mana boleh dihubungi?", "it": "Qual è il numero di telefono?|telefono?", "nl": "Wat is het telefoonnummer?|telefoon?",
    },
}
VALUES = _VALUES | question_words_more.VALUES

# `{}`: a label as the page prints it.
LABEL = {
    "en": "{}?|What is the {}?|What does it say for {}?|{}|What stands beside {}?", "de": "{}?|Was steht bei {}?|Wie lautet {}?|Was ist {}?", "fr": "{} ?|Que dit {} ?|Quel est {} ?", "es": "¿{}?|¿Qué dice {}?|¿Cuál es {}?",
    "ms": "{}?|Apakah {}?|Apa tertulis untuk {}?", "it": "{}?|Cosa dice {}?|Qual è {}?", "nl": "{}?|Wat staat er bij {}?|Wat is {}?",
}


def language(r) -> str:
    return r.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]


def phrase(r, phrasings: dict[str, str], spoken: str, new_words: bool) -> str:
    """A wording of a question; with `new_words`, one that training never sees
    if this language has one."""
    ways = phrasings[spoken].split("|")
    if len(ways) < 3:
        return r.choice(ways)
    return ways[-1] if new_words else r.choice(ways[:-1])


def varied(r, text: str) -> str:
    """As people type: without capitals or a question mark, or with one more."""
    kind = r.random()
    if kind < 0.1:
        return text.lower()
    if kind < 0.2:
        return text.rstrip(" ?").lstrip("¿")
    if kind < 0.23:
        return text.upper()
    if kind < 0.28 and not text.endswith("?"):
        return text + "?"
    return text
