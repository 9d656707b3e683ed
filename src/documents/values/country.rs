//! Finds the country of a document by its text: legal forms, tax registrations, phone
//! numbers, internet addresses, names.

use iso_country::Country;

use super::chars::fold;

/// A country and the pieces of text that suggest it.
#[derive(Clone, Debug, PartialEq)]
pub struct CountryGuess {
    pub country: Country,
    /// The pieces as in the text, one of each kind.
    pub because: Vec<String>,
}

/// The country whose evidence in the text weighs more than twice that of all others; `None`
/// without enough evidence.
pub fn country(text: &str) -> Option<CountryGuess> {
    /// Least weight of the evidence: one name of a place or one phone number is enough.
    const LEAST: u32 = 2;
    let words = folded_words(text);
    let mut found: Vec<CountryHint> = Vec::new();
    for gather in [phrases, vat_ids, phones, domains, postcodes] {
        for evidence in gather(text, &words) {
            let is_known = |known: &CountryHint| {
                known.country == evidence.country && known.piece == evidence.piece
            };
            if !found.iter().any(is_known) {
                found.push(evidence);
            }
        }
    }
    let mut weights: Vec<(Country, u32)> = Vec::new();
    for evidence in &found {
        match weights
            .iter_mut()
            .find(|(country, _)| *country == evidence.country)
        {
            Some((_, weight)) => *weight += evidence.weight,
            None => weights.push((evidence.country, evidence.weight)),
        }
    }
    weights.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    let (country, weight) = *weights.first()?;
    let other = weights.get(1).map_or(0, |(_, weight)| *weight);
    let of_country = found.into_iter().filter(|one| one.country == country);
    (weight >= LEAST && weight >= 2 * other).then(|| CountryGuess {
        country,
        because: of_country.map(|one| one.piece).collect(),
    })
}

struct CountryHint {
    country: Country,
    weight: u32,
    piece: String,
}

/// Folded words without marks at their ends, with a blank before, between and after them.
pub fn folded_words(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split_whitespace().map(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.replace('.', "")
    });
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// Whether folded words have the complete phrase (lower case, without accents).
pub fn has_phrase(folded: &str, phrase: &str) -> bool {
    match phrase.is_ascii() {
        true => folded.contains(&format!(" {phrase} ")),
        // Folding decomposes letters of some scripts.
        false => folded.contains(&folded_words(phrase)),
    }
}

/// Phrases of one country with their weights: legal forms and tax registrations weigh more
/// than names, which documents for foreign customers have too.
#[rustfmt::skip]
const PHRASES: &[(Country, u32, &str)] = &[
    (Country::MY, 3, "sdn bhd|sdnbhd|gst reg no|gst id no|gst id|no gst|sst id|sst no|lhdn|ssm no"),
    (Country::MY, 2, "malaysia|kuala lumpur|selangor|johor|johor bahru|pulau pinang|penang|petaling jaya|shah alam|subang jaya|melaka|perak|sabah|sarawak|kedah|negeri sembilan|pahang|kelantan|terengganu|putrajaya|klang|ipoh|cheras|puchong|kajang|seremban|rawang|ampang|kepong|setapak"),
    (Country::MY, 1, "jalan|taman|lorong|bandar|kampung|persiaran|lebuh|jln|tmn"),
    (Country::SG, 3, "pte ltd|uen"), (Country::SG, 2, "singapore"),
    (Country::AU, 3, "pty ltd|abn|acn"), (Country::AU, 2, "australia|nsw|sydney|melbourne|brisbane|perth"),
    (Country::NZ, 2, "new zealand|auckland|wellington"),
    (Country::IN, 3, "gstin|pvt ltd|cgst|sgst|igst"), (Country::IN, 2, "india|mumbai|bengaluru|bangalore|new delhi|chennai|hyderabad"),
    (Country::ID, 3, "npwp"), (Country::ID, 2, "indonesia|jakarta|surabaya|bandung"),
    (Country::TH, 2, "thailand|bangkok|ประเทศไทย|กรุงเทพ"), (Country::PH, 2, "philippines|manila|makati|quezon city"),
    (Country::VN, 2, "vietnam|viet nam|ha noi|hanoi|ho chi minh"), (Country::HK, 2, "hong kong|kowloon"), (Country::JP, 2, "japan|日本|東京都|大阪府"),
    (Country::KR, 3, "사업자등록번호|사업자번호"), (Country::KR, 2, "korea|대한민국|한국|서울|부산|인천|대구|서울특별시"),
    (Country::DE, 3, "ust-idnr|ust-id-nr|ustidnr|ust-id|handelsregister|amtsgericht|finanzamt"), (Country::DE, 2, "deutschland|germany|berlin|hamburg|munchen|koln|frankfurt|stuttgart|dusseldorf"),
    (Country::AT, 3, "firmenbuchgericht|firmenbuchnummer"), (Country::AT, 2, "osterreich|austria|wien|graz|linz|salzburg"),
    (Country::CH, 3, "mwst-nr che|uid che"), (Country::CH, 2, "schweiz|suisse|svizzera|switzerland|zurich|geneve|lausanne"),
    (Country::FR, 3, "siret|siren|rcs"), (Country::FR, 2, "france|paris|lyon|marseille|toulouse"),
    (Country::IT, 3, "partita iva|p iva|piva|codice fiscale"), (Country::IT, 2, "italia|italy|torino"),
    (Country::ES, 3, "nif|cif"), (Country::ES, 2, "espana|spain|madrid|barcelona|sevilla"), (Country::PT, 3, "contribuinte|nipc"), (Country::PT, 2, "portugal|lisboa"),
    (Country::NL, 3, "kvk|kvk-nummer|btw-nummer"), (Country::NL, 2, "nederland|netherlands|amsterdam|rotterdam|utrecht|den haag"),
    (Country::BE, 3, "ondernemingsnummer|numero d'entreprise|rpr|rpm"), (Country::BE, 2, "belgie|belgique|belgium|brussel|bruxelles|antwerpen"),
    (Country::PL, 3, "sp z oo|spolka z oo|nip|regon|krs"), (Country::PL, 2, "polska|poland|warszawa|krakow|wroclaw|gdansk"),
    (Country::CZ, 3, "dic cz"), (Country::CZ, 2, "ceska republika|cesko|czech republic|praha|brno"), (Country::SK, 2, "slovensko|slovakia|bratislava"),
    (Country::HU, 3, "kft|zrt|adoszam"), (Country::HU, 2, "magyarorszag|hungary|budapest"), (Country::RO, 2, "romania|bucuresti"), (Country::BG, 2, "bulgaria|българия|софия"),
    (Country::HR, 3, "oib"), (Country::HR, 2, "hrvatska|croatia|zagreb"), (Country::SI, 2, "slovenija|slovenia|ljubljana"), (Country::GR, 3, "αφμ|δου"), (Country::GR, 2, "ελλαδα|greece|αθηνα"),
    (Country::DK, 3, "cvr|cvr-nr|aps"), (Country::DK, 2, "danmark|denmark|kobenhavn"), (Country::SE, 3, "organisationsnummer|org nr|momsreg"), (Country::SE, 2, "sverige|sweden|stockholm|goteborg|malmo"),
    (Country::NO, 3, "foretaksregisteret|org nr no"), (Country::NO, 2, "norge|norway|oslo|bergen"), (Country::FI, 3, "y-tunnus|oyj"), (Country::FI, 2, "suomi|finland|helsinki|tampere"),
    (Country::EE, 2, "eesti|estonia|tallinn"), (Country::LV, 2, "latvija|latvia|riga"), (Country::LT, 2, "lietuva|lithuania|vilnius|kaunas"), (Country::IS, 2, "iceland|reykjavik"),
    (Country::GB, 3, "vat reg no gb|vat no gb|hmrc|companies house"), (Country::GB, 2, "united kingdom|england|scotland|wales|london|manchester"), (Country::IE, 2, "ireland|dublin|eircode"),
    (Country::US, 2, "united states|usa|new york|california|texas|florida"), (Country::CA, 3, "gst/hst|hst"), (Country::CA, 2, "canada|ontario|quebec|toronto|montreal|vancouver"),
    (Country::MX, 3, "rfc"), (Country::MX, 2, "mexico|cdmx"), (Country::BR, 3, "cnpj|cpf"), (Country::BR, 2, "brasil|brazil|sao paulo"), (Country::AR, 3, "cuit"), (Country::AR, 2, "argentina|buenos aires"),
    (Country::CL, 3, "rut"), (Country::CL, 2, "santiago de chile"), (Country::CO, 2, "colombia|bogota"), (Country::PE, 3, "ruc"), (Country::PE, 2, "peru"),
    (Country::TR, 3, "vergi dairesi|vergi no|vkn"), (Country::TR, 2, "turkiye|istanbul|ankara"), (Country::MA, 3, "ice maroc|patente"), (Country::MA, 2, "maroc|morocco|casablanca|rabat|marrakech|tanger|agadir"),
    (Country::AE, 3, "trn"), (Country::AE, 2, "united arab emirates|uae|dubai|abu dhabi|sharjah"), (Country::SA, 2, "saudi arabia|riyadh|jeddah|الرياض"), (Country::ZA, 2, "south africa|johannesburg|cape town"),
];

fn phrases(_: &str, words: &str) -> Vec<CountryHint> {
    let of_country = |(country, weight, phrases): &(Country, u32, &str)| {
        let here = phrases
            .split('|')
            .filter(|phrase| has_phrase(words, phrase));
        let evidence = here.map(|phrase| CountryHint {
            country: *country,
            weight: *weight,
            piece: phrase.to_owned(),
        });
        evidence.collect::<Vec<_>>()
    };
    PHRASES.iter().flat_map(of_country).collect()
}

/// VAT identifiers begin with the code of their country (Directive 2006/112/EC,
/// article 215; Greece writes EL).
#[rustfmt::skip]
const VAT_PREFIXES: [(&str, Country); 29] = [
    ("AT", Country::AT), ("BE", Country::BE), ("BG", Country::BG), ("CY", Country::CY), ("CZ", Country::CZ), ("DE", Country::DE), ("DK", Country::DK),
    ("EE", Country::EE), ("EL", Country::GR), ("ES", Country::ES), ("FI", Country::FI), ("FR", Country::FR), ("GB", Country::GB), ("HR", Country::HR),
    ("HU", Country::HU), ("IE", Country::IE), ("IT", Country::IT), ("LT", Country::LT), ("LU", Country::LU), ("LV", Country::LV), ("MT", Country::MT),
    ("NL", Country::NL), ("PL", Country::PL), ("PT", Country::PT), ("RO", Country::RO), ("SE", Country::SE), ("SI", Country::SI), ("SK", Country::SK),
    ("CHE", Country::CH),
];

fn vat_ids(text: &str, _: &str) -> Vec<CountryHint> {
    let of_word = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let plain: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        let digits = plain.bytes().filter(u8::is_ascii_digit).count();
        let starts = |prefix: &str| {
            plain.strip_prefix(prefix).is_some_and(|rest| {
                (8..=12).contains(&rest.len()) && digits >= rest.len().saturating_sub(2).max(7)
            })
        };
        let (_, country) = VAT_PREFIXES.iter().find(|(prefix, _)| starts(prefix))?;
        Some(CountryHint {
            country: *country,
            weight: 3,
            piece: word.to_owned(),
        })
    };
    text.split_whitespace().filter_map(of_word).collect()
}

/// Calling codes (ITU-T E.164) of one country only.
#[rustfmt::skip]
const CALLING_CODES: [(&str, Country); 50] = [
    ("20", Country::EG), ("27", Country::ZA), ("30", Country::GR), ("31", Country::NL), ("32", Country::BE), ("33", Country::FR), ("34", Country::ES), ("351", Country::PT),
    ("352", Country::LU), ("353", Country::IE), ("354", Country::IS), ("356", Country::MT), ("357", Country::CY), ("358", Country::FI), ("359", Country::BG), ("36", Country::HU),
    ("370", Country::LT), ("371", Country::LV), ("372", Country::EE), ("385", Country::HR), ("386", Country::SI), ("39", Country::IT), ("40", Country::RO), ("41", Country::CH),
    ("420", Country::CZ), ("421", Country::SK), ("43", Country::AT), ("44", Country::GB), ("45", Country::DK), ("46", Country::SE), ("47", Country::NO), ("48", Country::PL),
    ("49", Country::DE), ("51", Country::PE), ("52", Country::MX), ("54", Country::AR), ("55", Country::BR), ("56", Country::CL), ("57", Country::CO), ("60", Country::MY),
    ("61", Country::AU), ("62", Country::ID), ("63", Country::PH), ("64", Country::NZ), ("65", Country::SG), ("66", Country::TH), ("81", Country::JP), ("84", Country::VN),
    ("90", Country::TR), ("91", Country::IN),
];

fn phones(text: &str, _: &str) -> Vec<CountryHint> {
    let of_number = |(at, _): (usize, &str)| {
        let rest = &text[at + 1..];
        let digits: String = rest
            .chars()
            .take_while(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '/'))
            .filter(char::is_ascii_digit)
            .collect();
        let (code, country) = CALLING_CODES
            .iter()
            .find(|(code, _)| digits.starts_with(code))?;
        (8..=15).contains(&digits.len()).then(|| CountryHint {
            country: *country,
            weight: 2,
            piece: format!("+{code}"),
        })
    };
    text.match_indices('+').filter_map(of_number).collect()
}

/// Top-level domains that do not indicate a country.
const GENERIC: [&str; 16] = [
    "ai", "am", "bz", "cc", "co", "eu", "fm", "gg", "io", "is", "ly", "me", "to", "tv", "ws", "st",
];

fn domains(text: &str, _: &str) -> Vec<CountryHint> {
    let of_word = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let host = lower.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let host = host.rsplit('@').next()?;
        let host = host
            .trim_start_matches("https://")
            .trim_start_matches("http://");
        let host = host.split('/').next()?;
        let is_address = lower.contains('@') || lower.contains("www.") || lower.contains("http");
        let top = host.rsplit('.').next()?;
        if !is_address || top.len() != 2 || GENERIC.contains(&top) || !host.contains('.') {
            return None;
        }
        let code = if top == "uk" { "gb" } else { top };
        let country = code.to_ascii_uppercase().parse().ok()?;
        Some(CountryHint {
            country,
            weight: 2,
            piece: format!(".{top}"),
        })
    };
    text.split_whitespace().filter_map(of_word).collect()
}

/// Postal abbreviations of the states of the USA (USPS Publication 28), without those that
/// are common words or prefixes of other countries' postcodes.
const STATES: &str = "AL AK AZ AR CA CO CT FL GA HI ID IL IN IA KS KY LA MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC";

/// Postcodes in a form of one country only: `OH 45402`, `SW1A 1AA`, `K1A 0B1`.
fn postcodes(text: &str, _: &str) -> Vec<CountryHint> {
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .collect();
    let of_pair = |pair: &[&str]| {
        let (first, second) = (pair[0], pair[1]);
        let country = match (form(first).as_str(), form(second).as_str()) {
            ("AA", "00000" | "00000-0000") if STATES.split(' ').any(|s| s == first) => Country::US,
            ("A0" | "A00" | "AA0" | "AA00" | "A0A" | "AA0A", "0AA") => Country::GB,
            ("A0A", "0A0") => Country::CA,
            _ => return None,
        };
        Some(CountryHint {
            country,
            weight: 2,
            piece: format!("{first} {second}"),
        })
    };
    words.windows(2).filter_map(of_pair).collect()
}

/// The form of a word of at most ten characters: `A` for capitals, `0` for digits.
fn form(word: &str) -> String {
    let kind = |c: char| match c {
        'A'..='Z' => 'A',
        '0'..='9' => '0',
        other => other,
    };
    word.chars().take(10).map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Country> {
        country(text).map(|guess| guess.country)
    }

    #[test]
    fn the_country_is_that_of_most_evidence() {
        for (text, expected) in [
            (
                "TAN WOON YANN SDN. BHD.\n12 Jalan Dedap, 81100 Johor Bahru\nTOTAL 12.00",
                Some(Country::MY),
            ),
            ("GST ID NO : 000181747712", Some(Country::MY)),
            ("Tel: +60 3-7734 3662", Some(Country::MY)),
            (
                "Nordwerk GmbH, USt-IdNr. DE136695976, Berlin",
                Some(Country::DE),
            ),
            ("www.shop.com.my", Some(Country::MY)),
            ("info@laden.de", Some(Country::DE)),
            ("ACME Pte Ltd", Some(Country::SG)),
            ("Kaffe 32.50, Stockholm, Sverige", Some(Country::SE)),
            ("Sklep Sp. z o.o., NIP 5260001246", Some(Country::PL)),
            ("Corner shop, 12 Main Street", None),
            ("418 Main Street, Dayton, OH 45402", Some(Country::US)),
            ("San Jose, CA 95113-1234", Some(Country::US)),
            ("10 Downing Street, London SW1A 2AA", Some(Country::GB)),
            ("Ottawa ON K1A 0B1", Some(Country::CA)),
            ("DE 12345 Neustadt, NR 12345", None),
            ("www.shop.io, +1 555 123 4567", None),
            ("스타벅스 강남점, 서울", Some(Country::KR)),
            ("Berlin, Paris", None),
            ("", None),
        ] {
            assert_eq!(of(text), expected, "{text}: {:?}", country(text));
        }
    }

    #[test]
    fn the_evidence_is_named() {
        let guess = country("ABC SDN BHD, Selangor").unwrap();
        assert_eq!(guess.because, ["sdn bhd", "selangor"]);
    }
}
