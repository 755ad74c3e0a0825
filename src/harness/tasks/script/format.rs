//! Text from values: formats of f-strings, `str.format` and `%`.

use super::super::repr::python_float;
use super::object::{Object, Res, raise, refuse};

/// A format: `[[fill]align][sign][#][0][width][,][.precision][kind]`.
struct Spec {
    fill: char,
    align: Option<char>,
    sign: char,
    width: usize,
    comma: bool,
    precision: Option<usize>,
    kind: Option<char>,
}

/// The widest field that is filled.
const WIDEST: usize = 10_000;

impl Spec {
    fn read(text: &str) -> Res<Self> {
        let chars: Vec<char> = text.chars().collect();
        let mut spec = Self { fill: ' ', align: None, sign: '-', width: 0, comma: false, precision: None, kind: None };
        let mut at = 0;
        let align = |c: Option<&char>| c.copied().filter(|c| "<>^=".contains(*c));
        if let Some(found) = align(chars.get(1)) {
            (spec.fill, spec.align, at) = (chars[0], Some(found), 2);
        } else if let Some(found) = align(chars.first()) {
            (spec.align, at) = (Some(found), 1);
        }
        if let Some(sign) = chars.get(at).filter(|c| "+- ".contains(**c)) {
            spec.sign = *sign;
            at += 1;
        }
        if chars.get(at) == Some(&'#') {
            return refuse("`#` in a format");
        }
        if chars.get(at) == Some(&'0') && spec.align.is_none() {
            (spec.fill, spec.align) = ('0', Some('='));
            at += 1;
        }
        let number = |at: &mut usize| {
            let digits: String = chars[*at..].iter().take_while(|c| c.is_ascii_digit()).collect();
            *at += digits.len();
            digits.parse::<usize>().ok()
        };
        spec.width = number(&mut at).unwrap_or(0);
        if chars.get(at) == Some(&',') {
            spec.comma = true;
            at += 1;
        }
        if chars.get(at) == Some(&'.') {
            at += 1;
            spec.precision = Some(
                number(&mut at).ok_or(()).or_else(|()| raise("ValueError", "Format specifier missing precision"))?,
            );
        }
        spec.kind = chars.get(at).copied();
        if chars.len() > at + 1 {
            return raise("ValueError", "Invalid format specifier");
        }
        if spec.width > WIDEST || spec.precision.is_some_and(|digits| digits > 300) {
            return refuse("a format this wide");
        }
        Ok(spec)
    }

    fn pad(&self, text: &str, default: char) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let fill = |count: usize| self.fill.to_string().repeat(count);
        match self.align.unwrap_or(default) {
            '<' => format!("{text}{}", fill(missing)),
            '^' => format!("{}{text}{}", fill(missing / 2), fill(missing - missing / 2)),
            '=' => {
                let signs = usize::from(text.starts_with(['-', '+', ' ']));
                format!("{}{}{}", &text[..signs], fill(missing), &text[signs..])
            }
            _ => format!("{}{text}", fill(missing)),
        }
    }

    fn signed(&self, negative: bool, digits: &str) -> String {
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, '+') => "+",
            (false, ' ') => " ",
            _ => "",
        };
        let digits = if self.comma { grouped(digits) } else { digits.to_owned() };
        format!("{sign}{digits}")
    }
}

fn grouped(digits: &str) -> String {
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    let mut out = String::new();
    for (at, c) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out + rest
}

/// `format(value, spec)`.
pub(super) fn formatted(value: &Object, spec: &str) -> Res<String> {
    if spec.is_empty() {
        return value.show();
    }
    let read = Spec::read(spec)?;
    match (value, read.kind) {
        (Object::Text(text), None | Some('s')) => {
            if read.align == Some('=') || read.comma || read.sign != '-' {
                return raise("ValueError", "this format is not allowed for text");
            }
            let cut: String = match read.precision {
                Some(most) => text.chars().take(most).collect(),
                None => text.to_string(),
            };
            Ok(read.pad(&cut, '<'))
        }
        (Object::Int(number), None | Some('d')) if read.precision.is_none() => {
            Ok(read.pad(&read.signed(*number < 0, &number.unsigned_abs().to_string()), '>'))
        }
        (Object::Int(number), Some(radix @ ('b' | 'o' | 'x' | 'X' | 'c')))
            if read.precision.is_none() && !read.comma =>
        {
            let size = number.unsigned_abs();
            let digits = match radix {
                'b' => format!("{size:b}"),
                'o' => format!("{size:o}"),
                'x' => format!("{size:x}"),
                'X' => format!("{size:X}"),
                _ => return refuse("the format `c`"),
            };
            Ok(read.pad(&read.signed(*number < 0, &digits), '>'))
        }
        (Object::Int(_) | Object::Float(_), _) => {
            let number = value.as_float().unwrap_or(f64::NAN);
            Ok(read.pad(&real(&read, number)?, '>'))
        }
        (Object::Bool(_) | Object::None, _) => refuse("a format of True, False or None"),
        (other, _) => raise("TypeError", format!("unsupported format string passed to {}.__format__", other.kind())),
    }
}

fn real(spec: &Spec, number: f64) -> Res<String> {
    if !number.is_finite() {
        let word = if number.is_nan() { "nan" } else { "inf" };
        return Ok(spec.signed(number.is_sign_negative() && !number.is_nan(), word));
    }
    let size = number.abs();
    let negative = number.is_sign_negative();
    let digits = match spec.kind {
        Some('f' | 'F') => format!("{size:.*}", spec.precision.unwrap_or(6)),
        Some('%') => format!("{:.*}%", spec.precision.unwrap_or(6), size * 100.0),
        Some('e') => exponent(&format!("{size:.*e}", spec.precision.unwrap_or(6))),
        Some('g') => general(size, spec.precision.unwrap_or(6)),
        None if spec.precision.is_none() => python_float(size),
        Some(other) => return refuse(format!("the format `{other}` of a number")),
        None => return refuse("a precision without a kind in the format of a number"),
    };
    Ok(spec.signed(negative, &digits))
}

fn exponent(text: &str) -> String {
    let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
}

fn general(size: f64, precision: usize) -> String {
    let precision = precision.max(1);
    let scientific = format!("{size:.*e}", precision - 1);
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let trimmed = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    if power < -4 || power >= precision as i32 {
        let (mantissa, _) = scientific.split_once('e').unwrap_or((&scientific, ""));
        exponent(&format!("{}e{power}", trimmed(mantissa)))
    } else {
        trimmed(&format!("{size:.*}", (precision as i32 - 1 - power).max(0) as usize))
    }
}

/// `pattern % values`.
pub(super) fn percent(pattern: &str, values: &Object) -> Res<String> {
    let list: Vec<Object> = match values {
        Object::Tuple(items) => items.to_vec(),
        Object::Dict(_) => return refuse("`%` with a dictionary"),
        other => vec![other.clone()],
    };
    let (mut out, mut values) = (String::new(), list.into_iter());
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut spec = String::new();
        let kind = loop {
            match chars.next() {
                Some(c) if c.is_ascii_digit() || ".-+ ".contains(c) => spec.push(c),
                Some(c) => break c,
                None => return raise("ValueError", "incomplete format"),
            }
        };
        if kind == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = values.next() else { return raise("TypeError", "not enough arguments for format string") };
        let text = match kind {
            's' => Object::text(&value.show()?),
            'r' => Object::text(&value.repr()?),
            'd' | 'i' => match (&value, value.as_int()) {
                (_, Some(number)) => Object::Int(number),
                (Object::Float(number), _) => Object::Int(number.trunc() as i64),
                _ => return raise("TypeError", "%d format: a real number is required"),
            },
            'f' | 'e' | 'g' => match value.as_float() {
                Some(number) => Object::Float(number),
                None => return raise("TypeError", "must be real number"),
            },
            other => return refuse(format!("`%{other}`")),
        };
        let left = spec.starts_with('-');
        let spec = if left {
            format!("<{}", &spec[1..])
        } else if matches!(text, Object::Text(_)) && !spec.is_empty() {
            format!(">{spec}")
        } else {
            spec
        };
        let kind = if matches!(kind, 'f' | 'e' | 'g') { kind.to_string() } else { String::new() };
        out.push_str(&formatted(&text, &format!("{spec}{kind}"))?);
    }
    if values.next().is_some() {
        return raise("TypeError", "not all arguments converted during string formatting");
    }
    Ok(out)
}
