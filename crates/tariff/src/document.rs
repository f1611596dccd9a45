use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::rate::DAY;
use crate::{MinuteOfDay, Price, Rate, Tariff, TariffError, VatRate, Window};

/// Why a text is no tariff file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct DocumentError {
    /// The line, from 1, of the value that is refused.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Tariff {
    /// Reads a tariff file (TOML 1.0): `name`, `standing_charge` in pence a day, `vat_percent`, and `[[rate]]` tables of
    /// `name`, `price` in pence per kWh and `windows`. Decimal numbers are strings, so that none is ever a float.
    pub fn from_toml(text: &str) -> Result<Self, DocumentError> {
        let source = Source { text };
        let document = DeTable::parse(text).map_err(|error| {
            source.error(error.span().unwrap_or(0..0), error.message().to_owned())
        })?;
        let whole = document.span();
        let table = document.get_ref();
        let known = ["name", "standing_charge", "vat_percent", "rate"];
        source.only(table, &known)?;

        let name = source.required(table, "name", &whole)?;
        let standing = source.required(table, "standing_charge", &whole)?;
        let vat = source.required(table, "vat_percent", &whole)?;
        let rates = source.required(table, "rate", &whole)?;
        let DeValue::Array(rate_values) = rates.get_ref() else {
            return Err(source.refuse(rates, "`rate` must be written as [[rate]] tables"));
        };
        let rate_tables = rate_values
            .iter()
            .map(|rate| source.rate(rate))
            .collect::<Result<Vec<(Rate, RateSpans)>, DocumentError>>()?;
        let vat_rate = source.decimal(vat, 2)?;
        let vat_rate = u16::try_from(vat_rate)
            .map_err(|_| source.refuse(vat, "VAT must be at most 655.35 percent"))?;

        let (parts, spans): (Vec<Rate>, Vec<RateSpans>) = rate_tables.into_iter().unzip();
        Self::new(
            source.text(name)?.to_owned(),
            Price(source.decimal(standing, 4)?),
            VatRate(vat_rate),
            parts,
        )
        .map_err(|error| {
            let span = match error {
                TariffError::Name => name.span(),
                TariffError::RateCount => spans
                    .last()
                    .map_or_else(|| rates.span(), |s| s.table.clone()),
                TariffError::NoRest => spans
                    .first()
                    .map_or_else(|| rates.span(), |s| s.table.clone()),
                TariffError::RateName { rate } | TariffError::RepeatedName { rate } => {
                    spans[rate].name.clone()
                }
                TariffError::SecondRest { rate } | TariffError::WindowCount { rate } => {
                    spans[rate].table.clone()
                }
                TariffError::Window { rate, window } | TariffError::Overlap { rate, window } => {
                    spans[rate].windows[window].clone()
                }
            };
            source.error(span, error.to_string())
        })
    }
}

/// Where a rate's parts are in the text.
struct RateSpans {
    table: Range<usize>,
    name: Range<usize>,
    windows: Vec<Range<usize>>,
}

struct Source<'a> {
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, span: Range<usize>, what: String) -> DocumentError {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        DocumentError { line, what }
    }

    fn refuse(&self, value: &Value<'_>, what: impl Into<String>) -> DocumentError {
        self.error(value.span(), what.into())
    }

    fn only(&self, table: &DeTable<'_>, known: &[&str]) -> Result<(), DocumentError> {
        match table
            .keys()
            .find(|key| !known.contains(&key.get_ref().as_ref()))
        {
            Some(key) => {
                let what = format!(
                    "unknown key `{}`; known are {}",
                    key.get_ref(),
                    known.join(", ")
                );
                Err(self.error(key.span(), what))
            }
            None => Ok(()),
        }
    }

    fn required<'t, 'i>(
        &self,
        table: &'t DeTable<'i>,
        key: &str,
        place: &Range<usize>,
    ) -> Result<&'t Value<'i>, DocumentError> {
        table
            .get(key)
            .ok_or_else(|| self.error(place.clone(), format!("`{key}` is missing")))
    }

    fn text<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, DocumentError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.refuse(value, "a text in quotes is needed here")),
        }
    }

    /// A number without sign or exponent, scaled by ten to the power of `places`.
    fn decimal(&self, value: &Value<'_>, places: usize) -> Result<u32, DocumentError> {
        let DeValue::String(text) = value.get_ref() else {
            let what = "numbers are written in quotes, like \"53.35\", so that they stay exact";
            return Err(self.refuse(value, what));
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            let what = format!("`{text}` is not a number without sign, like 53.35");
            return Err(self.refuse(value, what));
        }
        if fraction.len() > places {
            let what = format!("`{text}` has more than {places} decimals");
            return Err(self.refuse(value, what));
        }
        format!("{whole}{fraction:0<places$}")
            .parse()
            .map_err(|_| self.refuse(value, format!("`{text}` is too large")))
    }

    fn rate(&self, value: &Value<'_>) -> Result<(Rate, RateSpans), DocumentError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.refuse(value, "`rate` must be written as [[rate]] tables"));
        };
        self.only(table, &["name", "price", "windows"])?;
        let span = value.span();
        let name = self.required(table, "name", &span)?;
        let price = self.required(table, "price", &span)?;
        let mut windows = Vec::new();
        let mut window_spans = Vec::new();
        if let Some(list) = table.get("windows") {
            let DeValue::Array(list) = list.get_ref() else {
                return Err(self.refuse(list, "windows are a list, like [\"00:30-07:30\"]"));
            };
            for window in list.iter() {
                windows.push(self.window(window)?);
                window_spans.push(window.span());
            }
        }
        let rate = Rate {
            name: self.text(name)?.to_owned(),
            price: Price(self.decimal(price, 4)?),
            windows,
        };
        let spans = RateSpans {
            table: span,
            name: name.span(),
            windows: window_spans,
        };
        Ok((rate, spans))
    }

    fn window(&self, value: &Value<'_>) -> Result<Window, DocumentError> {
        let text = self.text(value)?;
        let window = text.split_once('-').and_then(|(start, end)| {
            let start = minute(start)?;
            // Midnight as an end is the end of the day.
            let end = minute(end)?;
            Some(Window {
                start,
                end: if end == 0 { DAY } else { end },
            })
        });
        window.ok_or_else(|| {
            self.refuse(
                value,
                format!("`{text}` is not a window like 00:30-07:30 between 00:00 and 24:00"),
            )
        })
    }
}

/// `HH:MM`, up to 24:00.
fn minute(text: &str) -> Option<MinuteOfDay> {
    let [h1, h0, b':', m1, m0] = text.as_bytes() else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let hours = digit(*h1)? * 10 + digit(*h0)?;
    let minutes = digit(*m1)? * 10 + digit(*m0)?;
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}
