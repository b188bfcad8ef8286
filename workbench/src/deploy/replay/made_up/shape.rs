//! Texts of the shape of another one: an e-mail address for an e-mail address, a letter for a
//! letter. Which one it is depends on a number, and not on what the other text says. None is the
//! address or the telephone number of anybody.

/// The last label of a made-up host: <https://www.rfc-editor.org/rfc/rfc2606>
const NOBODYS: &str = "example";
/// How made-up telephone numbers begin: numbers of this kind are kept for fiction.
const FICTION: &str = "1555010";
/// The fewest and the most digits of a telephone number.
const TELEPHONE: [usize; 2] = [5, 15];
const SCHEMES: [&str; 2] = ["https://", "http://"];
/// What stands for letters outside of ASCII: each takes as many bytes as those that it stands for.
const UPPER: [char; 5] = ['À', 'É', 'Î', 'Õ', 'Ü'];
const LOWER: [char; 5] = ['à', 'é', 'î', 'õ', 'ü'];
const TWO_BYTES: [char; 5] = ['א', 'ב', 'ג', 'ד', 'ה'];
const THREE_BYTES: [char; 5] = ['名', '字', '文', '本', '語'];
const FOUR_BYTES: [char; 5] = ['🦀', '🦁', '🦂', '🦃', '🦄'];

/// The `number`th text of the shape of `real`.
pub fn like(real: &str, number: usize) -> String {
    let mut draw = Draw { number: number as u64, place: 0 };
    if is_uuid(real) {
        return uuid(real, &mut draw);
    }
    if let Some((local, domain)) = email(real) {
        return format!("{}@{}", letters(local, &mut draw), host(domain, &mut draw));
    }
    if let Some(scheme) = SCHEMES.into_iter().find(|scheme| real.starts_with(scheme)) {
        let rest = &real[scheme.len()..];
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // The digits of an escape would not stay digits.
        let path = letters(&rest[end..], &mut draw).replace('%', "-");
        return format!("{scheme}{}{path}", host(&rest[..end], &mut draw));
    }
    if is_telephone(real) {
        let fiction = FICTION.chars().chain(std::iter::repeat_with(|| draw.digit()));
        return std::iter::once('+').chain(fiction).take(real.len()).collect();
    }
    if is_date(real) {
        let (year, month, day) = (1950 + draw.below(50), 1 + draw.below(12), 1 + draw.below(28));
        let time = real[10..].replace(|c: char| c.is_ascii_digit(), "0");
        return format!("{year:04}-{month:02}-{day:02}{time}");
    }
    if is_number(real) {
        return digits(real, number);
    }
    letters(real, &mut draw)
}

/// The `number`th number with as many digits as `real`, which is one of JSON.
pub fn digits(real: &str, number: usize) -> String {
    let mut draw = Draw { number: number as u64, place: 0 };
    let mut first = true;
    let digits = real.chars().map(|c| match c {
        // A number does not begin with a zero, unless it is below one.
        '0'..='9' if std::mem::take(&mut first) => {
            if c == '0' {
                c
            } else {
                draw.ascii_from(b'1', 9)
            }
        }
        '0'..='9' => draw.digit(),
        other => other,
    });
    digits.collect()
}

/// Whether `text` is the name of a region of AWS, such as `eu-central-1`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    let short = text.len() <= 20 && first.len() == 2;
    let named = is_word(first) && !middle.is_empty() && middle.iter().all(|part| is_word(part));
    short && named && is_digits(last, 1)
}

fn is_word(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A UUID of the same version and in the same case.
fn uuid(real: &str, draw: &mut Draw) -> String {
    let upper = real.contains(|c: char| c.is_ascii_uppercase());
    let made: String = real
        .char_indices()
        .map(|(place, c)| match place {
            14 | 19 => c,
            _ if c == '-' => c,
            _ => char::from_digit(draw.below(16) as u32, 16).unwrap_or('0'),
        })
        .collect();
    if upper { made.to_uppercase() } else { made }
}

/// The parts of an e-mail address.
fn email(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.rsplit_once('@')?;
    let fits = !local.is_empty() && !domain.is_empty();
    (fits && !text.contains(char::is_whitespace)).then_some((local, domain))
}

/// A host that nobody has, with as many labels.
fn host(real: &str, draw: &mut Draw) -> String {
    match real.rsplit_once('.') {
        Some((labels, _)) => format!("{}.{NOBODYS}", letters(labels, draw)),
        None => NOBODYS.to_owned(),
    }
}

fn is_telephone(text: &str) -> bool {
    let [least, most] = TELEPHONE;
    text.strip_prefix('+').is_some_and(|rest| is_digits(rest, least) && rest.len() <= most)
}

/// Whether `text` is a date, `YYYY-MM-DD`, or begins with one and has a time after it.
fn is_date(text: &str) -> bool {
    let form = b"0000-00-00";
    let fits = form.iter().zip(text.as_bytes()).all(|(is, has)| match is {
        b'0' => has.is_ascii_digit(),
        _ => is == has,
    });
    let Some(rest) = text.as_bytes().get(form.len()..) else { return false };
    fits && rest.iter().all(|byte| byte.is_ascii_digit() || b"Tt Zz:.,+-".contains(byte))
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    is_digits(whole, 1) && is_digits(rest, 1)
}

/// Whether `text` is of digits, so many at the least.
fn is_digits(text: &str, least: usize) -> bool {
    text.len() >= least && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A letter for each letter, a digit for each digit, and every other character as it is.
fn letters(real: &str, draw: &mut Draw) -> String {
    real.chars()
        .map(|c| match c {
            '0'..='9' => draw.digit(),
            'a'..='z' => draw.ascii_from(b'a', 26),
            'A'..='Z' => draw.ascii_from(b'A', 26),
            _ if c.is_ascii() => c,
            _ if c.len_utf8() == 4 => draw.one(FOUR_BYTES),
            _ if !c.is_alphanumeric() => c,
            _ if c.len_utf8() == 3 => draw.one(THREE_BYTES),
            _ if c.is_uppercase() => draw.one(UPPER),
            _ if c.is_lowercase() => draw.one(LOWER),
            _ => draw.one(TWO_BYTES),
        })
        .collect()
}

/// Draws from a row that the number alone determines.
struct Draw {
    number: u64,
    place: u64,
}

impl Draw {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.place += 1;
        // The steps of SplitMix64, which scatters numbers that are close to each other.
        let mut mixed = (self.number << 32 | self.place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// One of so many characters of ASCII from `first` on.
    fn ascii_from(&mut self, first: u8, many: u64) -> char {
        char::from(first + self.below(many) as u8)
    }

    fn digit(&mut self) -> char {
        self.ascii_from(b'0', 10)
    }

    fn one(&mut self, of: [char; 5]) -> char {
        of[self.below(of.len() as u64) as usize]
    }
}
