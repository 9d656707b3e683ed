//! A small e-invoice in both syntaxes.

/// A line: quantity, price, net amount, VAT category, VAT rate.
pub type XmlLine = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);
/// Of the VAT breakdown: category, rate, basis, amount, reason.
pub type XmlRate = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

#[derive(Clone)]
pub struct Invoice {
    pub root: &'static str,
    pub number: &'static str,
    pub code: &'static str,
    pub currency: &'static str,
    /// VAT identifier and country.
    pub seller: (&'static str, &'static str),
    pub buyer: (&'static str, &'static str),
    pub rates: Vec<XmlRate>,
    pub lines: Vec<XmlLine>,
    pub net: &'static str,
    pub tax: &'static str,
    pub gross: &'static str,
    /// After the header's first elements, before the parties.
    pub head: &'static str,
    /// After the totals of UBL, before the lines.
    pub tail: &'static str,
}

/// 100.00 and 19 % from a German seller.
pub fn plain() -> Invoice {
    Invoice {
        root: "Invoice",
        number: "R-1",
        code: "380",
        currency: "EUR",
        seller: ("DE136695976", "DE"),
        buyer: ("DE812871812", "DE"),
        rates: vec![("S", "19", "100.00", "19.00", "")],
        lines: vec![("2", "50.00", "100.00", "S", "19")],
        net: "100.00",
        tax: "19.00",
        gross: "119.00",
        head: "",
        tail: "",
    }
}

impl Invoice {
    pub fn ubl(&self) -> String {
        let kind = self.root;
        let quantity = match kind {
            "CreditNote" => "CreditedQuantity",
            _ => "InvoicedQuantity",
        };
        let party = |role: &str, name: &str, (vat, country): (&str, &str)| {
            let registration = match vat {
                "" => String::new(),
                vat => format!(
                    "<cac:PartyTaxScheme><cbc:CompanyID>{vat}</cbc:CompanyID><cac:TaxScheme>\
                     <cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
                ),
            };
            format!(
                "<cac:{role}><cac:Party><cac:PostalAddress><cac:Country><cbc:IdentificationCode>{country}\
                 </cbc:IdentificationCode></cac:Country></cac:PostalAddress>{registration}<cac:PartyLegalEntity>\
                 <cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:{role}>"
            )
        };
        let amount = |name: &str, amount: &str| {
            format!(
                "<cbc:{name} currencyID=\"{}\">{amount}</cbc:{name}>",
                self.currency
            )
        };
        let percent = |rate: &str| match rate {
            "" => String::new(),
            rate => format!("<cbc:Percent>{rate}</cbc:Percent>"),
        };
        let mut rates = String::new();
        for (category, rate, basis, tax, reason) in &self.rates {
            let reason = match *reason {
                "" => String::new(),
                reason => format!("<cbc:TaxExemptionReason>{reason}</cbc:TaxExemptionReason>"),
            };
            rates.push_str(&format!(
                "<cac:TaxSubtotal>{}{}<cac:TaxCategory><cbc:ID>{category}</cbc:ID>{}{reason}</cac:TaxCategory>\
                 </cac:TaxSubtotal>",
                amount("TaxableAmount", basis),
                amount("TaxAmount", tax),
                percent(rate)
            ));
        }
        let mut lines = String::new();
        for (index, (count, price, net, category, rate)) in self.lines.iter().enumerate() {
            lines.push_str(&format!(
                "<cac:{kind}Line><cbc:ID>{index}</cbc:ID><cbc:{quantity} unitCode=\"C62\">{count}</cbc:{quantity}>{}\
                 <cac:Item><cbc:Name>Ware {index}</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>{category}</cbc:ID>{}\
                 </cac:ClassifiedTaxCategory></cac:Item><cac:Price>{}</cac:Price></cac:{kind}Line>",
                amount("LineExtensionAmount", net),
                percent(rate),
                amount("PriceAmount", price)
            ));
        }
        format!(
            "<{kind} xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:{kind}-2\" \
             xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
             xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">\
             <cbc:ID>{}</cbc:ID><cbc:IssueDate>2025-03-03</cbc:IssueDate>\
             <cbc:{kind}TypeCode>{}</cbc:{kind}TypeCode><cbc:DocumentCurrencyCode>{}</cbc:DocumentCurrencyCode>{}\
             {}{}<cac:TaxTotal>{}{rates}</cac:TaxTotal><cac:LegalMonetaryTotal>{}{}{}{}</cac:LegalMonetaryTotal>{}\
             {lines}</{kind}>",
            self.number,
            self.code,
            self.currency,
            self.head,
            party("AccountingSupplierParty", "Nordwerk GmbH", self.seller),
            party("AccountingCustomerParty", "Beispiel AG", self.buyer),
            amount("TaxAmount", self.tax),
            amount("LineExtensionAmount", self.net),
            amount("TaxExclusiveAmount", self.net),
            amount("TaxInclusiveAmount", self.gross),
            amount("PayableAmount", self.gross),
            self.tail
        )
    }

    pub fn cii(&self) -> String {
        let party = |role: &str, name: &str, (vat, country): (&str, &str)| {
            let registration = match vat {
                "" => String::new(),
                vat => format!(
                    "<ram:SpecifiedTaxRegistration><ram:ID schemeID=\"VA\">{vat}</ram:ID></ram:SpecifiedTaxRegistration>"
                ),
            };
            format!(
                "<ram:{role}><ram:Name>{name}</ram:Name><ram:PostalTradeAddress><ram:CountryID>{country}</ram:CountryID>\
                 </ram:PostalTradeAddress>{registration}</ram:{role}>"
            )
        };
        let percent = |rate: &str| match rate {
            "" => String::new(),
            rate => format!("<ram:RateApplicablePercent>{rate}</ram:RateApplicablePercent>"),
        };
        let mut rates = String::new();
        for (category, rate, basis, tax, reason) in &self.rates {
            let reason = match *reason {
                "" => String::new(),
                reason => format!("<ram:ExemptionReason>{reason}</ram:ExemptionReason>"),
            };
            rates.push_str(&format!(
                "<ram:ApplicableTradeTax><ram:CalculatedAmount>{tax}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>\
                 {reason}<ram:BasisAmount>{basis}</ram:BasisAmount><ram:CategoryCode>{category}</ram:CategoryCode>{}\
                 </ram:ApplicableTradeTax>",
                percent(rate)
            ));
        }
        let mut lines = String::new();
        for (index, (count, price, net, category, rate)) in self.lines.iter().enumerate() {
            lines.push_str(&format!(
                "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>{index}</ram:LineID>\
                 </ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct><ram:Name>Ware {index}</ram:Name>\
                 </ram:SpecifiedTradeProduct><ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>\
                 <ram:ChargeAmount>{price}</ram:ChargeAmount></ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>\
                 <ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode=\"C62\">{count}</ram:BilledQuantity>\
                 </ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax>\
                 <ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>{category}</ram:CategoryCode>{}</ram:ApplicableTradeTax>\
                 <ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>{net}</ram:LineTotalAmount>\
                 </ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>\
                 </ram:IncludedSupplyChainTradeLineItem>",
                percent(rate)
            ));
        }
        let standard = "urn:un:unece:uncefact:data:standard";
        format!(
            "<rsm:CrossIndustryInvoice xmlns:rsm=\"{standard}:CrossIndustryInvoice:100\" \
             xmlns:ram=\"{standard}:ReusableAggregateBusinessInformationEntity:100\" \
             xmlns:udt=\"{standard}:UnqualifiedDataType:100\"><rsm:ExchangedDocument><ram:ID>{}</ram:ID>\
             <ram:TypeCode>{}</ram:TypeCode><ram:IssueDateTime><udt:DateTimeString format=\"102\">20250303\
             </udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument><rsm:SupplyChainTradeTransaction>{lines}\
             <ram:ApplicableHeaderTradeAgreement>{}{}</ram:ApplicableHeaderTradeAgreement>\
             <ram:ApplicableHeaderTradeSettlement>{}<ram:InvoiceCurrencyCode>{currency}</ram:InvoiceCurrencyCode>{rates}\
             <ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>{net}</ram:LineTotalAmount>\
             <ram:TaxBasisTotalAmount>{net}</ram:TaxBasisTotalAmount><ram:TaxTotalAmount currencyID=\"{currency}\">{}\
             </ram:TaxTotalAmount><ram:GrandTotalAmount>{gross}</ram:GrandTotalAmount><ram:DuePayableAmount>{gross}\
             </ram:DuePayableAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>{}\
             </ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>",
            self.number,
            self.code,
            party("SellerTradeParty", "Nordwerk GmbH", self.seller),
            party("BuyerTradeParty", "Beispiel AG", self.buyer),
            self.head,
            self.tax,
            self.tail,
            currency = self.currency,
            net = self.net,
            gross = self.gross,
        )
    }
}
