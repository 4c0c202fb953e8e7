//! Makes samples of strings and numbers.

use dropshot_contract::Value;
use serde_json::Number;

use crate::facts::Facts;
use crate::pattern;

/// The longest `maxLength` up to which a text is filled.
const FILLED: u64 = 256;

/// The longest text that is made at all.
const LONGEST: u64 = 100_000;

/// The characters that a text may have in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    /// Any text, also the empty one: JSON strings.
    Json,
    /// Any text but the empty one: the place can escape it.
    Escaped,
    /// Letters, digits and hyphens.
    Plain,
}

/// How much a sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Richness {
    /// As little as allowed. Numbers stand at their lower bounds.
    Minimal,
    /// All parts. Numbers stand at their upper bounds.
    Full,
    /// All parts, with null where it is allowed.
    Nulls,
}

/// A text that meets the facts. `name` and `salt` make it recognisable.
pub(crate) fn text(
    facts: &Facts<'_>,
    name: &str,
    salt: usize,
    richness: Richness,
    charset: Charset,
) -> Option<String> {
    let least = if charset == Charset::Json { 0 } else { 1 };
    let (min, max) = (
        facts.min_length.max(least),
        facts.max_length.unwrap_or(LONGEST),
    );
    if min > LONGEST {
        return None;
    }
    let formatted = facts
        .formats
        .iter()
        .find_map(|format| formatted(format, salt));
    let fits = |text: &str| (min..=max).contains(&(text.chars().count() as u64));
    let matches = |text: &str| {
        facts
            .patterns
            .iter()
            .all(|pattern| pattern::matches(pattern, text))
    };
    if let Some(text) = formatted {
        return (fits(&text) && matches(&text)).then_some(text);
    }
    if !facts.patterns.is_empty() {
        return pattern::matching(&facts.patterns, min, max, salt);
    }
    if richness == Richness::Minimal {
        let plain: String = format!("{salt}")
            .chars()
            .chain(std::iter::repeat('m'))
            .take(usize::try_from(min).ok()?)
            .collect();
        return Some(plain);
    }
    let named: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(24)
        .collect();
    let mut text = match charset {
        Charset::Plain => format!("{named}-{salt}"),
        _ => format!("{named} {salt} é&=+%?#/\\\"'<>;,|"),
    };
    let fill = if max <= FILLED { max } else { min };
    let length = text.chars().count() as u64;
    if length > max {
        // The salt comes first, so that short texts of the same name differ.
        let skip = usize::try_from(length - max).ok()?;
        text = format!("{salt}{named}xyz")
            .chars()
            .chain(text.chars().skip(skip))
            .take(usize::try_from(max).ok()?)
            .collect();
    }
    let filler = if charset == Charset::Plain { 'f' } else { 'ü' };
    text.extend(std::iter::repeat_n(
        filler,
        usize::try_from(fill.saturating_sub(length)).ok()?,
    ));
    Some(text)
}

/// A value of a format, written as Rust's types write it, so that it comes back as it was sent.
fn formatted(format: &str, salt: usize) -> Option<String> {
    let n = salt % 28 + 1;
    Some(match format {
        "date" => format!("2024-02-{n:02}"),
        "date-time" => format!("2024-02-{n:02}T07:08:09Z"),
        "time" => format!("07:08:{n:02}Z"),
        "email" | "idn-email" => format!("someone.{n}+tag@mail.example.org"),
        "hostname" | "idn-hostname" => format!("host-{n}.example.org"),
        "ipv4" | "ip" => format!("192.0.2.{n}"),
        "ipv6" => format!("2001:db8::{n:x}"),
        "uri" | "url" | "iri" => format!("https://example.org/a%20b/{n}?c=d&e=f#g"),
        "uri-reference" => format!("/a/{n}?b=c"),
        "uuid" => format!("6fa459ea-ee8a-4ca4-894e-db77e160{n:04x}"),
        "byte" => {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(format!("bytes {n}"))
        }
        _ => return None,
    })
}

/// A number that meets the facts. If there is a bound, the number stands there, moved inwards by
/// the second salt. If not, the first salt makes it different.
pub(crate) fn number(
    facts: &Facts<'_>,
    integer: bool,
    salts: (usize, usize),
    richness: Richness,
) -> Option<Value> {
    if integer
        || facts
            .types
            .as_ref()
            .is_some_and(|types| types.contains(&"integer"))
    {
        return whole(facts, salts, richness).map(Value::Number);
    }
    fraction(facts, salts, richness).map(Value::Number)
}

fn whole(facts: &Facts<'_>, (salt, item): (usize, usize), richness: Richness) -> Option<Number> {
    let step = facts
        .multiples
        .iter()
        .map(|multiple| exact(multiple, f64::ceil).max(1))
        .fold(1, least_common_multiple);
    let lowest = facts.minima.iter().map(|(bound, exclusive)| {
        let floor = exact(bound, f64::floor);
        let excluded = *exclusive || exact(bound, f64::ceil) != floor;
        floor + i128::from(excluded)
    });
    let highest = facts.maxima.iter().map(|(bound, exclusive)| {
        let ceiling = exact(bound, f64::ceil);
        let excluded = *exclusive || exact(bound, f64::floor) != ceiling;
        ceiling - i128::from(excluded)
    });
    let (lowest, highest) = (lowest.max(), highest.min());
    let (first, last) = (
        lowest.map(|low| up(low, step)),
        highest.map(|high| down(high, step)),
    );
    let salt = i128::try_from(salt).ok()? * step;
    let item = i128::try_from(item).ok()? * step;
    // 2^53 + 1, the least positive integer that a double can't hold.
    let large = up(9_007_199_254_740_993, step);
    let value = match (richness, first, last) {
        (_, Some(first), Some(last)) if first > last => return None,
        (Richness::Minimal, Some(first), last) => (first + item).min(last.unwrap_or(i128::MAX)),
        (Richness::Minimal, None, Some(last)) => last.min(0) - item,
        (Richness::Minimal, None, None) => salt,
        (_, first, Some(last)) => (last - item).max(first.unwrap_or(i128::MIN)),
        (_, first, None) => large.max(first.unwrap_or(0)) + salt,
    };
    Number::from_i128(value)
}

fn fraction(facts: &Facts<'_>, (salt, item): (usize, usize), richness: Richness) -> Option<Number> {
    let step = facts
        .multiples
        .iter()
        .filter_map(|multiple| multiple.as_f64())
        .fold(None, |step: Option<f64>, next| {
            Some(step.map_or(next, |step| step.max(next)))
        });
    let inner = |bound: &(Number, bool), inwards: f64| {
        let value = bound.0.as_f64()?;
        Some(if bound.1 {
            value + inwards * step.unwrap_or(0.5)
        } else {
            value
        })
    };
    let lowest = facts
        .minima
        .iter()
        .filter_map(|bound| inner(bound, 1.0))
        .fold(f64::NEG_INFINITY, f64::max);
    let highest = facts
        .maxima
        .iter()
        .filter_map(|bound| inner(bound, -1.0))
        .fold(f64::INFINITY, f64::min);
    #[allow(clippy::cast_precision_loss)] // salts are small
    let (salt, item) = (salt as f64, item as f64 * step.unwrap_or(0.25));
    let wanted = match richness {
        Richness::Minimal if lowest.is_finite() => highest.min(lowest + item),
        Richness::Minimal => highest.min(salt),
        _ if highest.is_finite() => lowest.max(highest - item),
        _ => lowest.max(1.5 + salt),
    };
    // Two exclusive bounds may be closer together than the steps that are taken inwards.
    let wanted = if lowest > highest {
        f64::midpoint(lowest, highest)
    } else {
        wanted
    };
    let wanted = match step {
        Some(step) if richness == Richness::Minimal && lowest.is_finite() => {
            (wanted / step).ceil() * step
        }
        Some(step) => (wanted / step).floor() * step,
        None => wanted,
    };
    // As doubles, 3 × 0.1 is not 0.3. Rounding to six decimals corrects that.
    let written = format!("{wanted:.6}").parse().ok()?;
    Number::from_f64(written)
}

fn exact(number: &Number, round: fn(f64) -> f64) -> i128 {
    #[allow(clippy::cast_possible_truncation)] // saturating is right for a bound beyond 128 bits
    number
        .as_i128()
        .unwrap_or_else(|| round(number.as_f64().unwrap_or(0.0)) as i128)
}

fn up(value: i128, step: i128) -> i128 {
    down(value, step) + if value.rem_euclid(step) == 0 { 0 } else { step }
}

fn down(value: i128, step: i128) -> i128 {
    value - value.rem_euclid(step)
}

fn least_common_multiple(one: i128, other: i128) -> i128 {
    let (mut a, mut b) = (one, other);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    one / a.max(1) * other
}
