//! Money, energy and tariffs: reads a tariff file, writes the compiled document that the electricity applet works with,
//! and recomputes a bill from intervals, exactly as the applet has to.
//!
//! Integers alone, each with its unit in its type. It fetches nothing, keeps nothing, and knows neither clocks nor time
//! zones: a rate applies by the UTC minute in which an interval starts.
//!
//! ```
//! use hydra_tariff::{Interval, Pence, Tariff, Wh};
//!
//! let tariff = Tariff::from_toml(r#"
//!     name = "two-rate"
//!     standing_charge = "53.35"
//!     vat_percent = "5"
//!     [[rate]]
//!     name = "night"
//!     price = "9.5"
//!     windows = ["00:30-07:30"]
//!     [[rate]]
//!     name = "day"
//!     price = "31.17"
//! "#)?;
//! // One kWh at 01:00 and one at noon, 1970-01-01.
//! let intervals = [(3_600, 1_000), (43_200, 1_000)].map(|(start, wh)| Interval { start, wh });
//! let bill = tariff.bill(&intervals, 1)?;
//! assert_eq!(bill.lines[0].pence, Pence(10)); // 9.5, half away from zero
//! assert_eq!(bill.lines[1].wh, Wh(1_000));
//! assert_eq!(bill.total, Pence(10 + 31 + 53 + 5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(missing_docs)]

mod bill;
mod compiled;
mod document;
mod period;
mod rate;
mod unit;

pub use bill::{Bill, BillTooLarge, Interval, Line};
pub use compiled::CompiledError;
pub use document::DocumentError;
pub use period::{Period, PeriodError};
pub use rate::{MinuteOfDay, Rate, Tariff, TariffError, Window};
pub use unit::{Days, Pence, Price, VatRate, Wh};
