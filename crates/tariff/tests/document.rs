//! Tariff files that are refused, each with the line of the value that is to blame.

use hydra_tariff::{Price, Tariff, VatRate, Window};

const GOOD: &str = r#"name = "two-rate"
standing_charge = "53.35"        # pence a day, up to 4 decimals
vat_percent = "5"                # up to 2 decimals
[[rate]]
name = "night"
price = "9.5"                    # pence per kWh, up to 4 decimals
windows = ["00:30-07:30"]        # start inclusive, end exclusive; may wrap midnight
[[rate]]
name = "day"                     # exactly one rate without windows takes the rest
price = "31.17"
"#;

#[test]
fn the_example_reads_as_written() {
    let tariff = Tariff::from_toml(GOOD).unwrap();
    assert_eq!(tariff.name(), "two-rate");
    assert_eq!(tariff.standing_charge(), Price(533_500));
    assert_eq!(tariff.vat(), VatRate(500));
    let [night, day] = tariff.rates() else {
        panic!("{:?}", tariff.rates());
    };
    assert_eq!((night.name.as_str(), night.price), ("night", Price(95_000)));
    assert_eq!(
        night.windows,
        [Window {
            start: 30,
            end: 450
        }]
    );
    assert_eq!((day.name.as_str(), day.price), ("day", Price(311_700)));
    assert!(day.windows.is_empty());
}

#[test]
fn midnight_as_an_end_is_the_end_of_the_day() {
    for text in ["22:00-00:00", "22:00-24:00"] {
        let tariff = Tariff::from_toml(&GOOD.replace("00:30-07:30", text)).unwrap();
        assert_eq!(
            tariff.rates()[0].windows,
            [Window {
                start: 1_320,
                end: 1_440
            }]
        );
    }
}

#[test]
fn bad_values_are_refused_with_their_line() {
    // What to replace, by what, the line to blame, and a part of the reason.
    let cases = [
        (r#""two-rate""#, r#""""#, 1, "1 to 32 bytes"),
        (r#""two-rate""#, "7", 1, "in quotes"),
        (r#"name = "two-rate""#, "", 1, "`name` is missing"),
        (
            r#"name = "two-rate""#,
            "nome = \"x\"",
            1,
            "unknown key `nome`",
        ),
        (r#""53.35""#, "53.35", 2, "stay exact"),
        (r#""53.35""#, r#""53.35001""#, 2, "more than 4 decimals"),
        (r#""53.35""#, r#""-53.35""#, 2, "not a number"),
        (r#""53.35""#, r#""5e3""#, 2, "not a number"),
        (r#""53.35""#, r#""53.""#, 2, "not a number"),
        (r#""53.35""#, r#""٣""#, 2, "not a number"),
        (r#""53.35""#, r#""500000""#, 2, "too large"),
        (r#""53.35""#, r#""99999999999999999999""#, 2, "too large"),
        (r#""5""#, r#""5.125""#, 3, "more than 2 decimals"),
        (r#""5""#, r#""656""#, 3, "at most 655.35"),
        (r#""night""#, r#""""#, 5, "1 to 16 bytes"),
        (r#""night""#, r#""seventeen letters""#, 5, "1 to 16 bytes"),
        (r#""day""#, r#""night""#, 9, "same name"),
        (r#""9.5""#, "[]", 6, "stay exact"),
        (r#"["00:30-07:30"]"#, r#""00:30-07:30""#, 7, "a list"),
        (r#""00:30-07:30""#, "3", 7, "in quotes"),
        ("00:30-07:30", "00:30", 7, "not a window"),
        ("00:30-07:30", "0:30-07:30", 7, "not a window"),
        ("00:30-07:30", "00:30-24:01", 7, "not a window"),
        ("00:30-07:30", "00:60-07:30", 7, "not a window"),
        ("00:30-07:30", "24:00-07:30", 7, "00:00…23:59"),
        ("00:30-07:30", "07:30-07:30", 7, "another time of the day"),
        (
            r#"["00:30-07:30"]"#,
            "[\"22:00-01:00\",\n \"00:30-07:30\"]",
            8,
            "overlaps",
        ),
        (
            r#"windows = ["00:30-07:30"] "#,
            "windows = [] ",
            8,
            "second",
        ),
        (
            r#"price = "31.17""#,
            "price = \"31.17\"\nwindows = [\"07:30-08:00\"]",
            4,
            "here all have",
        ),
        (r#"price = "31.17""#, "", 8, "`price` is missing"),
        (
            r#"price = "31.17""#,
            "price = \"31.17\"\nprices = \"1\"",
            11,
            "unknown key `prices`",
        ),
        (r#"price = "31.17""#, "price = ", 10, ""),
    ];
    for (from, to, line, reason) in cases {
        assert!(GOOD.contains(from), "{from}");
        let error = Tariff::from_toml(&GOOD.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.line, line, "{from} → {to}: {error}");
        assert!(error.what.contains(reason), "{from} → {to}: {error}");
        assert!(error.to_string().starts_with(&format!("line {line}: ")));
    }
}

#[test]
fn more_than_eight_of_anything_is_refused() {
    let rates = |count: u32| {
        let more = (1..count).map(|n| {
            format!("[[rate]]\nname = \"r{n}\"\nprice = \"1\"\nwindows = [\"0{n}:00-0{n}:30\"]\n")
        });
        format!(
            "name = \"n\"\nstanding_charge = \"0\"\nvat_percent = \"0\"\n[[rate]]\nname = \"rest\"\nprice = \"1\"\n{}",
            more.collect::<String>()
        )
    };
    assert_eq!(Tariff::from_toml(&rates(8)).unwrap().rates().len(), 8);
    let error = Tariff::from_toml(&rates(9)).unwrap_err();
    assert_eq!(
        (error.line, error.what.as_str()),
        (35, "a tariff has 1 to 8 rates")
    );

    let windows = |count: u32| {
        let list: Vec<String> = (0..count).map(|n| format!("\"0{n}:00-0{n}:30\"")).collect();
        GOOD.replacen("\"00:30-07:30\"", &list.join(", "), 1)
    };
    assert_eq!(
        Tariff::from_toml(&windows(8)).unwrap().rates()[0]
            .windows
            .len(),
        8
    );
    let error = Tariff::from_toml(&windows(9)).unwrap_err();
    assert_eq!(
        (error.line, error.what.as_str()),
        (4, "a rate has at most 8 windows")
    );
}
