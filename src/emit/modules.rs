// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which hand-written modules a design is made of.

use std::collections::BTreeSet;

use super::{File, HDL, RTL_DIR};

/// The hand-written modules that these files instantiate, and those that they do.
pub(super) fn used(files: &[File]) -> Vec<File> {
    let text = |f: &File| String::from_utf8_lossy(&f.contents).into_owned();
    let mut open: Vec<_> = files.iter().filter(|f| f.path.ends_with(".v")).map(text).collect();
    let mut found = BTreeSet::new();
    while let Some(text) = open.pop() {
        for word in words(&text) {
            let module = HDL.iter().find(|(file, _)| file.strip_suffix(".v") == Some(word));
            if let Some((_, source)) = module.filter(|(file, _)| found.insert(*file)) {
                open.push((*source).to_owned());
            }
        }
    }
    let file = |(name, text): &(&str, &str)| File::new(format!("{RTL_DIR}/{name}"), *text);
    HDL.iter().filter(|(name, _)| found.contains(name)).map(file).collect()
}

/// The identifiers of a Verilog text, comments apart.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_no_code() {
        let found: Vec<_> = words("sf_a u(); // sf_b\n  sf_c # sf-d").collect();
        assert!(found.contains(&"sf_a") && found.contains(&"sf_c"), "{found:?}");
        assert!(!found.contains(&"sf_b") && !found.contains(&"sf-d"), "{found:?}");
    }
}
