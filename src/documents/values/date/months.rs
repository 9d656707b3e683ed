//! Months and days of the week in words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::chars::fold;

/// A month that a word may name, and its language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NamedMonth {
    pub month: i8,
    pub language: &'static str,
}

/// The months that a word may name: one, or two where languages differ
/// (`listopad`). A word of at least three letters that begins the names of one
/// month only is its abbreviation.
pub(super) fn months(word: &str) -> Vec<NamedMonth> {
    let word = fold(word);
    if let Some(exact) = NAMES.get(word.as_str()) {
        return exact.clone();
    }
    if word.chars().count() < 3 {
        return Vec::new();
    }
    let mut found: Vec<NamedMonth> = Vec::new();
    let after = NAMES.range(word.clone()..);
    for (_, named) in after.take_while(|(name, _)| name.starts_with(&word)) {
        for one in named {
            if !found.iter().any(|known| known.month == one.month) {
                found.push(*one);
            }
        }
    }
    if found.len() == 1 { found } else { Vec::new() }
}

/// The number (1 to 12) of a month in capital Roman digits.
pub(super) fn roman(word: &str) -> Option<i8> {
    const ROMAN: [&str; 12] = [
        "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII",
    ];
    let at = ROMAN.iter().position(|roman| *roman == word)?;
    i8::try_from(at + 1).ok()
}

pub(super) fn is_weekday(word: &str) -> bool {
    WEEKDAYS.split_whitespace().any(|day| day == fold(word))
}

static NAMES: LazyLock<BTreeMap<String, Vec<NamedMonth>>> = LazyLock::new(|| {
    let mut names: BTreeMap<String, Vec<NamedMonth>> = BTreeMap::new();
    for (language, months) in MONTHS {
        for (month, forms) in (1..).zip(months) {
            for form in forms.split_whitespace() {
                let named = names.entry(fold(form)).or_default();
                if !named.iter().any(|known| known.month == month) {
                    named.push(NamedMonth { month, language });
                }
            }
        }
    }
    names
});

/// Names of months in the grammatical cases of dates, and abbreviations that are not a
/// beginning of a name or that begin several names. By language (ISO 639), after Unicode CLDR
/// 45 (calendar data, wide and abbreviated months).
#[rustfmt::skip]
const MONTHS: &[(&str, [&str; 12])] = &[
    ("en", ["january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug", "september sept sep", "october oct", "november nov", "december dec"]),
    ("de", ["januar jänner jaenner jän", "februar feber", "märz maerz mär mrz", "april", "mai", "juni", "juli", "august", "september", "oktober okt", "november", "dezember dez"]),
    ("fr", ["janvier janv", "février févr fév", "mars", "avril avr", "mai", "juin", "juillet juil", "août aout", "septembre", "octobre", "novembre", "décembre déc"]),
    ("es", ["enero ene", "febrero", "marzo", "abril abr", "mayo", "junio", "julio", "agosto ago", "septiembre setiembre", "octubre", "noviembre", "diciembre dic"]),
    ("it", ["gennaio genn gen", "febbraio febbr", "marzo", "aprile", "maggio magg mag", "giugno giu", "luglio lug", "agosto ago", "settembre sett set", "ottobre ott", "novembre", "dicembre dic"]),
    ("pt", ["janeiro", "fevereiro fev", "março marco", "abril", "maio", "junho", "julho", "agosto", "setembro set", "outubro out", "novembro", "dezembro dez"]),
    ("nl", ["januari", "februari", "maart mrt", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"]),
    ("da", ["januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober", "november", "december"]),
    ("sv", ["januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"]),
    ("no", ["januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember des"]),
    ("fi", ["tammikuu tammikuuta tammi", "helmikuu helmikuuta helmi", "maaliskuu maaliskuuta maalis", "huhtikuu huhtikuuta huhti", "toukokuu toukokuuta touko", "kesäkuu kesäkuuta kesä", "heinäkuu heinäkuuta heinä", "elokuu elokuuta elo", "syyskuu syyskuuta syys", "lokakuu lokakuuta loka", "marraskuu marraskuuta marras", "joulukuu joulukuuta joulu"]),
    ("et", ["jaanuar jaan", "veebruar veebr", "märts", "aprill", "mai", "juuni", "juuli", "august", "september", "oktoober", "november", "detsember dets"]),
    ("lv", ["janvāris janvāra janvārī", "februāris februāra februārī", "marts marta martā", "aprīlis aprīļa aprīlī", "maijs maija maijā", "jūnijs jūnija jūnijā", "jūlijs jūlija jūlijā", "augusts augusta augustā", "septembris septembra septembrī", "oktobris oktobra oktobrī", "novembris novembra novembrī", "decembris decembra decembrī"]),
    ("lt", ["sausis sausio saus", "vasaris vasario vas", "kovas kovo kov", "balandis balandžio bal", "gegužė gegužės geg", "birželis birželio birž", "liepa liepos liep", "rugpjūtis rugpjūčio rugp", "rugsėjis rugsėjo rugs", "spalis spalio spal", "lapkritis lapkričio lapkr", "gruodis gruodžio gruod"]),
    ("pl", ["styczeń stycznia sty", "luty lutego lut", "marzec marca", "kwiecień kwietnia kwi", "maj maja", "czerwiec czerwca cze", "lipiec lipca lip", "sierpień sierpnia sie", "wrzesień września wrz", "październik października paź", "listopad listopada lis", "grudzień grudnia gru"]),
    ("cs", ["leden ledna led", "únor února úno", "březen března bře", "duben dubna dub", "květen května kvě", "červen června čvn", "červenec července čvc", "srpen srpna srp", "září zář", "říjen října říj", "listopad listopadu lis", "prosinec prosince pro"]),
    ("sk", ["január januára", "február februára", "marec marca", "apríl apríla", "máj mája", "jún júna", "júl júla", "august augusta", "september septembra", "október októbra", "november novembra", "december decembra"]),
    ("sl", ["januar januarja", "februar februarja", "marec marca", "april aprila", "maj maja", "junij junija", "julij julija", "avgust avgusta avg", "september septembra", "oktober oktobra", "november novembra", "december decembra"]),
    ("hr", ["siječanj siječnja sij", "veljača veljače velj", "ožujak ožujka ožu", "travanj travnja tra", "svibanj svibnja svi", "lipanj lipnja lip", "srpanj srpnja srp", "kolovoz kolovoza kol", "rujan rujna ruj", "listopad listopada lis", "studeni studenog studenoga stu", "prosinac prosinca"]),
    ("sr", ["januar januara", "februar februara", "mart marta", "april aprila", "maj maja", "jun juna juni", "jul jula juli", "avgust avgusta", "septembar septembra", "oktobar oktobra", "novembar novembra", "decembar decembra"]),
    ("hu", ["január", "február febr", "március márc", "április ápr", "május máj", "június jún", "július júl", "augusztus", "szeptember szept", "október", "november", "december"]),
    ("ro", ["ianuarie ian", "februarie", "martie", "aprilie", "mai", "iunie iun", "iulie iul", "august", "septembrie", "octombrie", "noiembrie noi", "decembrie"]),
    ("el", ["ιανουάριος ιανουαρίου ιαν", "φεβρουάριος φεβρουαρίου φεβ", "μάρτιος μαρτίου μάρ μαρ", "απρίλιος απριλίου απρ", "μάιος μαΐου μάι", "ιούνιος ιουνίου ιούν ιουν", "ιούλιος ιουλίου ιούλ ιουλ", "αύγουστος αυγούστου αύγ", "σεπτέμβριος σεπτεμβρίου σεπτ", "οκτώβριος οκτωβρίου οκτ", "νοέμβριος νοεμβρίου νοέ", "δεκέμβριος δεκεμβρίου δεκ"]),
    ("bg", ["януари ян яну", "февруари февр", "март", "април апр", "май", "юни", "юли", "август авг", "септември септ", "октомври окт", "ноември", "декември дек"]),
    ("mt", ["jannar", "frar fra", "marzu", "april", "mejju mej", "ġunju ġun", "lulju lul", "awwissu aww", "settembru", "ottubru ott", "novembru", "diċembru diċ"]),
    ("ga", ["eanáir ean", "feabhra feabh", "márta", "aibreán aib", "bealtaine beal", "meitheamh meith mheithimh", "iúil", "lúnasa lún", "", "", "samhain samh samhna", "nollaig noll nollag"]),
    ("tr", ["ocak oca", "şubat şub", "mart", "nisan nis", "mayıs may", "haziran haz", "temmuz tem", "ağustos ağu", "eylül eyl", "ekim eki", "kasım kas", "aralık ara"]),
    ("ms", ["januari", "februari", "mac", "april", "mei", "jun", "julai", "ogos", "september", "oktober", "november", "disember dis"]),
    ("id", ["januari", "februari pebruari", "maret", "april", "mei", "juni", "juli", "agustus agt agu", "september", "oktober", "november nopember nop", "desember"]),
    ("ca", ["gener", "febrer", "març", "abril", "maig", "juny", "juliol", "agost", "setembre", "octubre", "novembre", "desembre"]),
    ("is", ["janúar", "febrúar", "mars", "apríl", "maí", "júní", "júlí", "ágúst", "september", "október", "nóvember", "desember"]),
    ("sq", ["janar", "shkurt", "mars", "prill", "maj", "qershor", "korrik", "gusht", "shtator", "tetor", "nëntor", "dhjetor"]),
    ("ru", ["январь января янв", "февраль февраля", "март марта мар", "апрель апреля", "май мая", "июнь июня июн", "июль июля июл", "август августа", "сентябрь сентября", "октябрь октября", "ноябрь ноября", "декабрь декабря"]),
    ("uk", ["січень січня січ", "лютий лютого лют", "березень березня бер", "квітень квітня квіт", "травень травня трав", "червень червня черв", "липень липня лип", "серпень серпня серп", "вересень вересня вер", "жовтень жовтня жовт", "листопад листопада лист", "грудень грудня груд"]),
    ("th", ["มกราคม มค", "กุมภาพันธ์ กพ", "มีนาคม มีค", "เมษายน เมย", "พฤษภาคม พค", "มิถุนายน มิย", "กรกฎาคม กค", "สิงหาคม สค", "กันยายน กย", "ตุลาคม ตค", "พฤศจิกายน พย", "ธันวาคม ธค"]),
    ("ar", ["يناير", "فبراير", "مارس", "أبريل ابريل إبريل", "مايو", "يونيو يونيه", "يوليو يوليه", "أغسطس اغسطس", "سبتمبر", "أكتوبر اكتوبر", "نوفمبر", "ديسمبر"]),
    ("hi", ["जनवरी", "फरवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर सितम्बर", "अक्टूबर अक्तूबर", "नवंबर नवम्बर", "दिसंबर दिसम्बर"]),
];

/// Folded names and abbreviations of days of the week.
#[rustfmt::skip]
const WEEKDAYS: &str = "
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
    lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim
    lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom
    lunedi martedi mercoledi giovedi venerdi domenica gio
    segunda terca quarta quinta sexta feira segunda-feira terca-feira quarta-feira quinta-feira sexta-feira seg ter qua qui sex
    maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo
    mandag tirsdag onsdag torsdag fredag lordag sondag man tir ons tor fre lor son
    mandag tisdag tis maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai
    poniedzialek wtorek sroda czwartek piatek sobota niedziela pon wt sr czw pt sob nd
    pondeli utery streda ctvrtek patek nedele pondelok utorok stvrtok piatok nedela po ut st ct pa ne
    hetfo kedd szerda csutortok pentek szombat vasarnap
    luni marti miercuri joi vineri sambata duminica
    isnin selasa rabu khamis jumaat sabtu ahad senin kamis jumat minggu
    pazartesi sali carsamba persembe cuma cumartesi pazar pzt sal car per cum cmt paz
    δευτερα τριτη τεταρτη πεμπτη παρασκευη σαββατο κυριακη
    понеделник вторник сряда четвъртък петък събота неделя
    月 火 水 木 金 土 日 曜 星 期 一 二 三 四 五 六 월 화 수 목 금 토 일 월요일 화요일 수요일 목요일 금요일 토요일 일요일";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_names_its_month() {
        let mut count = 0;
        for (language, names) in MONTHS {
            for (month, forms) in (1i8..).zip(names) {
                for form in forms.split_whitespace() {
                    let found = months(form);
                    assert!(
                        found.iter().any(|named| named.month == month),
                        "{language} {form}: {found:?}"
                    );
                    count += 1;
                }
            }
        }
        assert!(count > 700, "{count}");
    }

    #[test]
    fn only_these_words_name_two_months() {
        let mut two: Vec<&str> = NAMES
            .iter()
            .filter(|(_, named)| named.len() > 1)
            .map(|(name, _)| name.as_str())
            .collect();
        two.sort_unstable();
        assert_eq!(two, ["lip", "lis", "listopad", "listopada", "srp"]);
    }

    #[test]
    fn beginnings_of_one_month_are_abbreviations_and_of_two_are_not() {
        for (word, month) in [
            ("janu", 1),
            ("Sept", 9),
            ("dece", 12),
            ("Okt", 10),
            ("agos", 8),
        ] {
            assert_eq!(months(word)[0].month, month, "{word}");
        }
        for word in ["ju", "jui", "ma", "červ", "total", "xyz"] {
            assert!(months(word).is_empty(), "{word}: {:?}", months(word));
        }
    }
}
