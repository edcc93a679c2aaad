// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Text inside XML, and how wide it gets.

/// Escapes what XML gives a meaning, in text and in attributes; characters that XML forbids
/// become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Width of a text in a sans-serif font of `size` pixels, on the safe side.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'l' | 'j' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.34,
        'm' | 'w' | 'M' | 'W' | '→' | '…' | '±' | '×' | '≥' | '≈' | '%' => 0.92,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' => 0.42,
        c if c.is_ascii_uppercase() => 0.72,
        c if c.is_ascii() => 0.62,
        _ => 1.05,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// Leaves out the middle of a text of more than `limit` characters; the end says more.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let count = text.chars().count();
    if count <= limit {
        return text.to_owned();
    }
    let head = limit / 3;
    let tail = limit - head - 1;
    text.chars().take(head).chain(['…']).chain(text.chars().skip(count - tail)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_attribute() {
        assert_eq!(escape("a<b>&\"'\u{1}\n"), "a&lt;b&gt;&amp;&quot;&#39;\u{fffd} ");
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shorten("/model/layers.3/attention/Add_output", 13), "/mod…d_output");
        assert_eq!(shorten("fc1", 13), "fc1");
    }
}
