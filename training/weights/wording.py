"""What receipts and invoices call things, by language (values.Country.language)."""

RECEIPT = {
    "en": dict(
        title=["RECEIPT", "Receipt", "TAX INVOICE", "Sales Receipt", "INVOICE", "CASH RECEIPT"], date=["Date", "DATE", "Date:", "Date/Time", "Sale date"],
        number=["Receipt No", "Receipt #", "Receipt", "Bill No", "Trans #", "Invoice No", "Ticket", "Order"], staff=["Cashier", "Served by", "Staff", "Server", "Clerk"],
        till=["Till", "Terminal", "Reg", "Table", "Pump", "Store"], item=["ITEM", "Description", "Item"], amount=["AMOUNT", "Price", "TOTAL", "Amt"], quantity=["Qty", "QTY"], price=["Price", "@"],
        subtotal=["Subtotal", "SUBTOTAL", "Sub Total", "Sub-total", "SUB TOTAL"], total=["TOTAL", "Total", "Grand Total", "AMOUNT DUE", "Total Due", "BALANCE DUE", "TOTAL DUE", "Amount due", "Balance to pay"],
        discount=["Discount", "DISCOUNT", "Savings"], service=["Service Charge 10%", "Service 10%"], included=["incl.", "Includes", "included"], cash=["Cash", "CASH"], change=["Change", "CHANGE", "Change due"], card=["VISA", "MASTERCARD", "CARD", "Debit", "AMEX", "Visa Debit"],
        foot=["Thank you", "THANK YOU", "Please come again", "Thank you for shopping with us", "Returns within 30 days", "Have a nice day", "Customer copy", "VAT receipt on request", "Get well soon", "Drive safely", "Keep this receipt"],
    ),
    "ms": dict(
        title=["TAX INVOICE", "RECEIPT", "CASH BILL", "INVOICE", "SIMPLIFIED TAX INVOICE", "Tax Invoice", "RESIT"], date=["Date", "DATE", "Date ", "Inv Date", "Bill Date", "Doc Date", "Tarikh", "Invoice Date"],
        number=["Invoice No", "Receipt #", "Bill No", "Doc No", "Inv. No", "Document No", "Receipt No.", "CB#", "No. Resit"], staff=["Cashier", "Served by", "Staff", "Sales Person", "User", "Juruwang"],
        till=["Counter", "Table", "Terminal", "POS No.", "Pax", "Meja"], item=["ITEM", "Description", "DESCRIPTION", "Item"], amount=["AMOUNT", "Amount", "TOTAL", "Amt(RM)", "RM", "Price"], quantity=["Qty", "QTY"], price=["U/Price", "Price", "S/Price", "@"],
        subtotal=["Subtotal", "SUBTOTAL", "Sub Total", "Sub-Total", "Total Sales (Excluding GST)", "Total Excl. GST", "Jumlah Kecil"], total=["TOTAL", "Total", "Grand Total", "AMOUNT DUE", "Total Amount", "NETT TOTAL", "NET TOTAL", "Total Sales (Inclusive GST)", "Total Incl. GST", "Total Payable", "TOTAL AMT PAYABLE", "Rounded Total", "JUMLAH", "Total Sales (Inclusive of GST)", "TOTAL (INCLUSIVE OF GST)", "Total Sales Inclusive GST @6%", "Total RM", "NET TOTAL(MYR)", "Final Total"],
        discount=["Discount", "DISC", "Total Discount"], service=["Service Charge 10%", "Svc Chg 10%", "Ser.Charge (10%)"], included=["Incl.", "Included", "@"], cash=["Cash", "CASH", "CASH RECEIVED", "Paid Amount", "Tunai"], change=["Change", "CHANGE", "Baki"], card=["VISA", "MASTER", "Debit Card", "VISA CARD"],
        foot=["THANK YOU", "Thank you, please come again", "Goods sold are not returnable", "GOODS SOLD ARE NOT REFUNDABLE", "TERIMA KASIH", "SILA DATANG LAGI", "Please keep this receipt", "Exchange within 7 days with receipt", "Price inclusive of GST"],
    ),
    "de": dict(
        title=["Rechnung", "Quittung", "KASSENBON", "Bon", "Kundenbeleg"], date=["Datum", "Datum:", "Date"], number=["Bon", "Beleg-Nr.", "Bon-Nr.", "Rechnung Nr.", "Beleg"], staff=["Bediener", "Kassierer", "Es bediente Sie"], till=["Kasse", "Tisch", "Filiale"],
        item=["Artikel", "Bezeichnung"], amount=["Betrag", "EUR", "Preis"], quantity=["Menge", "Anz"], price=["Preis", "Einzel"], subtotal=["Zwischensumme", "Zw.-Summe", "Netto", "Summe netto"], total=["SUMME", "Summe", "Gesamt", "GESAMT", "zu zahlen", "Total", "Gesamtbetrag", "Endbetrag"],
        discount=["Rabatt", "Nachlass"], service=["Service 10%"], included=["inkl.", "enth.", "incl."], cash=["Bar", "BAR", "Gegeben"], change=["Rückgeld", "Zurück"], card=["EC-Karte", "girocard", "VISA", "Kartenzahlung"], foot=["Vielen Dank", "Vielen Dank für Ihren Einkauf", "Auf Wiedersehen", "Es bediente Sie: Anna", "Umtausch nur mit Bon"],
    ),
    "fr": dict(
        title=["TICKET", "Facture", "Ticket de caisse", "RECU"], date=["Date", "Le"], number=["Ticket", "Facture no", "No"], staff=["Vendeur", "Servi par", "Caissier"], till=["Caisse", "Table"], item=["Article", "Désignation"], amount=["Montant", "EUR", "Prix"], quantity=["Qté"], price=["P.U.", "Prix"],
        subtotal=["Sous-total", "Total HT", "SOUS-TOTAL"], total=["TOTAL", "Total TTC", "Net à payer", "A PAYER", "TOTAL EUR"], discount=["Remise"], service=["Service 10%"], included=["dont", "incl."], cash=["Espèces", "ESPECES"], change=["Rendu", "Monnaie"], card=["CB", "Carte bancaire", "VISA"], foot=["Merci de votre visite", "Merci", "A bientôt"],
    ),
    "es": dict(
        title=["TICKET", "Factura simplificada", "RECIBO"], date=["Fecha"], number=["Ticket", "Factura no", "No"], staff=["Cajero", "Atendido por"], till=["Caja", "Mesa"], item=["Concepto", "Articulo"], amount=["Importe", "EUR"], quantity=["Cant", "Uds"], price=["Precio", "P.V.P."],
        subtotal=["Subtotal", "Base imponible", "Base"], total=["TOTAL", "Total", "Total a pagar", "IMPORTE TOTAL"], discount=["Descuento"], service=["Servicio 10%"], included=["incluido", "incl."], cash=["Efectivo", "EFECTIVO"], change=["Cambio"], card=["Tarjeta", "VISA"], foot=["Gracias por su visita", "Gracias", "IVA incluido"],
    ),
    "it": dict(
        title=["SCONTRINO", "Ricevuta", "DOCUMENTO COMMERCIALE"], date=["Data"], number=["Doc.", "N.", "Scontrino"], staff=["Cassa", "Operatore"], till=["Tavolo", "Cassa"], item=["Descrizione", "Articolo"], amount=["Importo", "EUR", "Prezzo"], quantity=["Q.tà"], price=["Prezzo"],
        subtotal=["Subtotale", "Imponibile"], total=["TOTALE", "Totale", "TOTALE EURO", "TOTALE COMPLESSIVO"], discount=["Sconto"], service=["Servizio 10%"], included=["di cui", "incl."], cash=["Contanti", "CONTANTE"], change=["Resto"], card=["Carta", "Bancomat"], foot=["Grazie", "Arrivederci e grazie"],
    ),
    "nl": dict(
        title=["KASSABON", "Bon", "Factuur"], date=["Datum"], number=["Bon", "Bonnr.", "Factuur nr."], staff=["Kassier", "Medewerker"], till=["Kassa", "Tafel"], item=["Omschrijving", "Artikel"], amount=["Bedrag", "EUR"], quantity=["Aantal"], price=["Prijs"],
        subtotal=["Subtotaal", "SUBTOTAAL"], total=["TOTAAL", "Totaal", "Te betalen", "TOTAAL EUR"], discount=["Korting"], service=["Service 10%"], included=["incl.", "waarvan"], cash=["Contant"], change=["Wisselgeld", "Terug"], card=["PIN", "Pinpas"], foot=["Bedankt", "Tot ziens", "Bedankt voor uw bezoek"],
    ),
}

INVOICE = {
    "en": dict(
        title=["INVOICE", "Invoice", "Tax Invoice", "TAX INVOICE", "Sales Invoice"], credit=["CREDIT NOTE", "Credit Note"], number=["Invoice No", "Invoice Number", "Invoice #", "Invoice number", "INVOICE NO.", "Inv. No.", "Invoice ID", "Invoice Ref", "Tax Invoice No", "Bill number", "Invoice no.", "Number", "No.", "Invoice", "Document no."],
        date=["Date", "Invoice Date", "Invoice date", "INVOICE DATE", "Issue Date", "Date of issue", "Issued", "Dated", "Bill date", "Invoice Issue Date"], due=["Due Date", "Due", "Payment due", "Pay by", "Due by", "Due date", "Payment due date"], to=["Bill To", "BILL TO", "Bill to Address", "Billing address", "Customer details", "Billed to", "Invoice to", "Customer", "Sold to", "To", "Buyer", "Client"],
        ship=["Ship to", "Deliver to"], ref=["Order No", "PO Number", "Customer No", "Your ref", "Account", "Delivery note", "Project", "Contract"], item=["Description", "Item", "Product", "Service", "Details", "Description of goods"], quantity=["Qty", "Quantity", "Hours", "Units", "Pcs"],
        price=["Unit Price", "Unit price", "Price", "Rate", "Unit cost", "Price each"], amount=["Amount", "Total", "Line Total", "Net", "Net amount", "Extended"], net=["Subtotal", "Net", "Net total", "Net amount", "Total (excl. tax)", "Total before tax", "Taxable amount", "Amount excl. VAT", "Total excl. VAT", "Sub Total", "Total net"], total=["Total", "TOTAL", "Amount due", "Total due", "Grand total", "Grand Total", "Balance due", "Invoice total", "Total incl. VAT", "Total payable", "Due payable", "Total Amount Due", "TOTAL AMOUNT", "Total (incl. tax)", "Invoice Amount", "Gross total", "Total gross", "Amount payable"],
        vat=["VAT ID", "VAT No.", "Tax ID", "VAT Reg. No", "VAT number", "VAT registration"], page="Page {} of {}", carried=["Carried forward", "Brought forward"], discount=["Discount"], unit=["", "pcs", "hrs", "h", "m", "kg", "ea"],
        foot=["Please pay within 30 days", "Thank you for your business", "Bank transfer only", "Terms: 14 days net", "Registered in England", "E. & O. E.", "Payment by bank transfer"],
    ),
    "de": dict(
        title=["RECHNUNG", "Rechnung", "Rechnung", "Ausgangsrechnung"], credit=["Gutschrift", "Rechnungskorrektur"], number=["Rechnungsnummer", "Rechnungs-Nr.", "Rechnung Nr.", "Rechnung #", "Re.-Nr.", "Rechnungs Nr", "RECHNUNGS-NR", "Rechnungs-Nummer", "Beleg-Nr.", "Rechnungsnr.", "Nummer", "Belegnummer"], date=["Datum", "Rechnungsdatum", "Belegdatum", "vom", "Rechnungsdatum", "Ausstellungsdatum", "Rechnung vom"], due=["Fällig am", "Zahlbar bis", "Fälligkeit", "Fälligkeitsdatum", "Zahlungsziel"],
        to=["Rechnung an", "Kunde", "An", "Rechnungsempfänger", "Käufer", "Leistungsempfänger"], ship=["Lieferung an"], ref=["Kundennummer", "Bestellnummer", "Auftrag", "Kunden-Nr.", "Lieferschein", "Projekt", "Ihr Zeichen"], item=["Bezeichnung", "Beschreibung", "Artikel", "Leistung", "Text"], quantity=["Menge", "Anzahl", "Stück", "Std."], price=["Einzelpreis", "Preis", "E-Preis", "Einzel EUR"], amount=["Betrag", "Gesamt", "Summe", "Gesamtpreis", "Netto"],
        net=["Nettobetrag", "Zwischensumme", "Warenwert netto", "Rechnungsbetrag netto", "Gesamtsumme netto", "Summe (netto)", "Positionen netto", "Netto", "Summe netto", "Gesamt netto", "Nettosumme"], total=["Gesamtbetrag", "Rechnungsbetrag", "Summe inkl. USt", "Bruttosumme", "Rechnungsbetrag brutto", "Gesamtbetrag inkl. MwSt.", "Zahlbetrag", "Gesamtsumme brutto", "Zu zahlender Betrag", "Endsumme", "Gesamt", "Bruttobetrag", "Endbetrag", "Gesamt brutto", "Zu zahlen", "Gesamtsumme"], vat=["USt-IdNr.", "USt-ID", "USt-Id-Nr.", "UID"], page="Seite {} von {}", carried=["Übertrag"], discount=["Rabatt"], unit=["", "Stk", "Std", "St.", "kg", "m", "Stück"],
        foot=["Zahlbar ohne Abzug innerhalb von 14 Tagen", "Vielen Dank für Ihren Auftrag", "Bankverbindung: Volksbank", "Es gelten unsere AGB", "Steuernummer 201/113/40209", "Geschäftsführer: H. Müller"],
    ),
    "fr": dict(
        title=["FACTURE", "Facture"], credit=["AVOIR", "Avoir"], number=["Facture no", "Numéro", "Facture n°", "Numéro de facture", "Référence facture", "N° de facture", "No facture", "Facture N°"], date=["Date", "Date de facture", "Date d'émission", "Emise le", "En date du"], due=["Echéance", "A payer avant le", "Date d'échéance", "Échéance"], to=["Facturé à", "Client", "Adressé à", "Destinataire"], ship=["Livré à"], ref=["Commande", "Référence", "Code client", "Bon de livraison"], item=["Désignation", "Description", "Libellé"], quantity=["Qté", "Quantité"], price=["Prix unitaire", "P.U. HT", "Prix", "PU"], amount=["Montant", "Total HT", "Montant HT"],
        net=["Total HT", "Sous-total", "Montant HT"], total=["Total TTC", "Total TTC :", "Total à payer", "Somme à payer TTC", "Net à payer", "Montant TTC", "TOTAL TTC"], vat=["TVA intracom.", "N° TVA", "TVA"], page="Page {} sur {}", carried=["Report"], discount=["Remise"], unit=["", "u", "h", "kg"], foot=["Merci de votre confiance", "Paiement à 30 jours", "Règlement par virement", "Pas d'escompte"],
    ),
    "es": dict(
        title=["FACTURA", "Factura"], credit=["Factura rectificativa"], number=["Factura no", "Número", "Número de factura", "N. factura"], date=["Fecha", "Fecha de emisión"], due=["Vencimiento", "Fecha de vencimiento"], to=["Cliente", "Facturar a", "Datos del cliente"], ship=["Enviar a"], ref=["Pedido", "Referencia", "Albarán"], item=["Descripción", "Concepto"], quantity=["Cantidad", "Cant.", "Uds."], price=["Precio", "Precio unitario"], amount=["Importe", "Total"],
        net=["Base imponible", "Subtotal"], total=["Total", "Total factura", "Importe total", "TOTAL A PAGAR"], vat=["NIF", "CIF", "NIF-IVA"], page="Página {} de {}", carried=["Suma y sigue"], discount=["Descuento"], unit=["", "ud", "h"], foot=["Gracias por su confianza", "Forma de pago: transferencia"],
    ),
    "it": dict(
        title=["FATTURA", "Fattura"], credit=["Nota di credito"], number=["Fattura n.", "Numero", "Numero fattura"], date=["Data", "Data fattura", "Del"], due=["Scadenza", "Data scadenza"], to=["Cliente", "Destinatario", "Spett.le"], ship=["Destinazione"], ref=["Ordine", "Riferimento", "DDT"], item=["Descrizione"], quantity=["Quantità", "Q.tà"], price=["Prezzo", "Prezzo unitario", "Prezzo unit."], amount=["Importo", "Totale"], net=["Imponibile", "Totale netto", "Totale imponibile"], total=["Totale", "Totale fattura", "Totale da pagare", "TOTALE DOCUMENTO"],
        vat=["P. IVA", "Partita IVA", "P.IVA"], page="Pagina {} di {}", carried=["Riporto"], discount=["Sconto"], unit=["", "pz", "h"], foot=["Pagamento: bonifico bancario", "Grazie"],
    ),
    "nl": dict(
        title=["FACTUUR", "Factuur"], credit=["Creditnota"], number=["Factuurnummer", "Factuur nr.", "Factuurnr.", "Factuurnummer:", "Nota nummer"], date=["Datum", "Factuurdatum"], due=["Vervaldatum", "Te betalen voor", "Uiterste betaaldatum"], to=["Klant", "Aan", "Factuuradres"], ship=["Afleveradres"], ref=["Ordernummer", "Klantnummer", "Referentie"], item=["Omschrijving"], quantity=["Aantal"], price=["Prijs", "Stukprijs", "Tarief"], amount=["Bedrag", "Totaal"], net=["Subtotaal", "Totaal excl. btw", "Netto"], total=["Totaal", "Totaal incl. btw", "Te betalen", "Totaal inclusief BTW", "Totaalbedrag", "Totaal te voldoen"],
        vat=["BTW-nummer", "BTW nr.", "Btw-id"], page="Pagina {} van {}", carried=["Transport"], discount=["Korting"], unit=["", "st", "uur"], foot=["Gelieve te betalen binnen 30 dagen", "Bedankt voor uw opdracht"],
    ),
}
# Malaysian invoices are in English.
INVOICE["ms"] = INVOICE["en"]
