// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Wrong texts of the integer operators: a code, a place, the rule in words.
#![allow(clippy::unwrap_used, clippy::panic)]

use synfire::ir::{parse, print};

const TEXT: &str = r#"synfire-ir 1
graph "g" timesteps 2
%in = input() : spikes[2x2] {"shape":[2,2],"bits":1,"is_static":false}
%h = fixed-scale(%in) : current[2x2; fixed(6, 4)] {"gain":[30,-41],"offset":[5,8],"shift":1,"width":6,"frac":4}
%n = fixed-lif(%h) : spikes[2x2] {"leak_num":[1,2],"leak_shift":1,"frac":2,"width":9,"bias":[10,-7],"threshold":[30,25],"reset":"hard","compare":"at-least","sign":[1,-1],"reset_to":[3,0],"start":[0,9]}
%li = fixed-li(%h) : current[2x2; fixed(8, 5)] {"leak_num":1,"leak_shift":2,"frac":1,"width":8,"bias":[0,5],"sign":[0,1],"start":[7,9]}
%nf = fixed-scale(%n) : current[2x2; fixed(6, 5)] {"gain":[16,16],"offset":[0,0],"shift":0,"width":6,"frac":5}
%sum = add(%li, %nf) : current[2x2; fixed(9, 5)] {}
%flat = reshape(%sum) : current[4; fixed(9, 5)] {"shape":[4]}
%fc = linear(%flat) : current[2; fixed(12, 5)] {"weights":{"integer":{"rows":2,"values":[1,-2,3,0,0,1,1,1],"scale":1.0}},"bias":null}
%y = fixed-readout(%fc) : current[2; fixed(9, 5)] {"kind":"last","frac":5,"gain":[1,2],"offset":[0,-9],"gain_width":2,"width":9}
output %y
"#;

/// `TEXT` with a replacement is refused with this code, at this place, in these words.
#[track_caller]
fn refused(from: &str, to: &str, code: &str, place: &str, words: &str) {
    assert_eq!(TEXT.matches(from).count(), 1, "`{from}` must occur once");
    let text = TEXT.replace(from, to);
    let Err(d) = parse(&text) else { panic!("`{to}` is accepted") };
    let at = d.location.path.clone().unwrap_or_default();
    assert_eq!((d.code.id, at.as_str()), (code, place), "{d}");
    assert!(d.message.contains(words), "`{words}` is not in: {}", d.message);
}

#[track_caller]
fn wrong(from: &str, to: &str, place: &str, words: &str) {
    refused(from, to, "SF0202", place, words);
}

#[test]
fn the_text_is_right_before_it_is_made_wrong() {
    let text = print(&parse(TEXT).unwrap()).unwrap();
    assert_eq!(print(&parse(&text).unwrap()).unwrap(), text);
}

#[test]
fn lists_have_an_entry_a_channel_or_an_element() {
    let by = "2 channels";
    wrong(
        "\"gain\":[30,-41]",
        "\"gain\":[30,-41,3]",
        "h",
        &format!("`gain` has 3 entries for {by}"),
    );
    wrong("\"offset\":[5,8]", "\"offset\":[]", "h", "`offset` has 0 entries");
    wrong("\"bias\":[10,-7]", "\"bias\":[10]", "n", "`bias` has 1 entries");
    wrong("\"threshold\":[30,25]", "\"threshold\":[3,2,5]", "n", "`threshold` has 3 entries");
    wrong("\"leak_num\":[1,2]", "\"leak_num\":[1,2,2]", "n", "`leak_num` has 3 entries");
    wrong("\"sign\":[1,-1]", "\"sign\":[1]", "n", "`sign` has 1 entries");
    wrong("\"reset_to\":[3,0]", "\"reset_to\":[3]", "n", "`reset_to` has 1 entries");
    wrong("\"start\":[0,9]", "\"start\":[3,3,3]", "n", "`start` has 3 entries");
    wrong("\"bias\":[0,5]", "\"bias\":[0]", "li", "`bias` has 1 entries");
    wrong("\"sign\":[0,1]", "\"sign\":[0]", "li", "`sign` has 1 entries");
    wrong("\"start\":[7,9]", "\"start\":[7]", "li", "`start` has 1 entries");
    wrong(
        "\"gain\":[1,2],\"offset\":[0,-9]",
        "\"gain\":[1],\"offset\":[0,-9]",
        "y",
        "`gain` has 1",
    );
}

#[test]
fn parameters_keep_to_their_ranges() {
    wrong("\"sign\":[1,-1]", "\"sign\":[1,2]", "n", "`sign`[1] must be −1, 0 or 1");
    wrong("\"sign\":[0,1]", "\"sign\":[-2,1]", "li", "`sign`[0] must be");
    wrong("\"leak_num\":[1,2]", "\"leak_num\":[1,3]", "n", "`leak_num`[1] must be at most");
    wrong("\"leak_shift\":2", "\"leak_shift\":17", "li", "`leak_shift`[0] must be at most 16");
    wrong("\"reset\":\"hard\"", "\"reset\":\"soft\"", "n", "`reset_to` is for a hard reset");
    wrong("\"reset_to\":[3,0]", "\"reset_to\":[300,0]", "n", "`reset_to`[0] must be within");
    wrong("\"start\":[0,9]", "\"start\":[0,-257]", "n", "`start`[1] must be within");
    wrong("\"start\":[7,9]", "\"start\":[128,9]", "li", "`start`[0] must be within");
    wrong("\"bias\":[0,5]", "\"bias\":[0,-129]", "li", "`bias`[1] must be within");
    wrong("\"shift\":1", "\"shift\":62", "h", "`shift`[0] must be at most 61");
    wrong("\"threshold\":[30,25]", "\"threshold\":[30,0]", "n", "`threshold`[1] must be > 0");
    refused("\"kind\":\"last\"", "\"kind\":\"mean\"", "SF0201", "line 11", "unknown variant");
}

#[test]
fn widths_hold_what_can_come() {
    let sized = |from: &str, to: &str| {
        let line = TEXT.lines().find(|l| l.contains(from)).unwrap();
        let (was, is) = (format!("\"width\":{}", &from[6..7]), format!("\"width\":{}", &to[6..7]));
        (line.to_owned(), line.replace(from, to).replace(&was, &is))
    };
    let (line, narrow) = sized("fixed(6, 4)", "fixed(5, 4)");
    wrong(&line, &narrow, "h", "a scaled stream can need 6 bits, but 5 are declared");
    let (line, narrow) = sized("fixed(8, 5)", "fixed(6, 5)");
    let narrow = TEXT.replace(&line, &narrow).replacen("fixed(9, 5)", "fixed(7, 5)", 2);
    let d = parse(&narrow.replace("fixed(12, 5)] {\"w", "fixed(10, 5)] {\"w")).unwrap_err();
    assert!(d.message.contains("a membrane can need 7 bits, but 6 are declared"), "{d}");
    wrong("\"width\":9,\"bias\"", "\"width\":7,\"bias\"", "n", "a membrane can need 8 bits, but 7");
    wrong("\"gain\":[30,-41]", "\"gain\":[4611686018427387904,1]", "h", "can need over 62 bits");
    let most = i64::MIN.to_string();
    wrong("\"offset\":[5,8]", &format!("\"offset\":[{most},8]"), "h", "can need over 62 bits");
    // Two timesteps can need what the last alone cannot.
    wrong("\"kind\":\"last\",", "", "y", "a logit can need 10 bits, but 9 are declared");
}

#[test]
fn streams_of_different_units_do_not_meet() {
    let other = "\"width\":6,\"frac\":5";
    let text = TEXT.replace(other, "\"width\":6,\"frac\":3").replace("fixed(6, 5)", "fixed(6, 3)");
    let d = parse(&text).unwrap_err();
    assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0202", Some("sum")), "{d}");
    assert!(d.message.contains("integers of unit 1"), "{d}");
    let spikes = TEXT.replace("add(%li, %nf)", "concat(%li, %n)").replace("{}", "{\"axis\":0}");
    assert!(parse(&spikes).unwrap_err().message.contains("integers of unit 1"));
    for real in [
        r#"relu(%h) : current[2x2; fixed(6, 4)] {}"#,
        r#"scale(%h) : real[2x2] {"factor":0.5}"#,
        r#"threshold(%h) : spikes[2x2] {"threshold":0.5,"compare":"above"}"#,
        r#"li(%h) : real[2x2] {"leak":0.5,"gain":1.0,"bias":0.0}"#,
        r#"readout(%h) : real[2x2] {"kind":"sum","gain":1.0,"offset":0.0}"#,
        r#"pool(%h) : real[2x1] {"kind":"average","window":{"kernel":[2],"stride":[1],"padding":[[0,0]],"dilation":[1]}}"#,
    ] {
        let text = TEXT.replace("output %y", &format!("%x = {real}\noutput %y"));
        match parse(&text) {
            Ok(_) => assert!(real.starts_with("relu"), "{real}"),
            Err(d) => assert!(d.message.contains("integers of unit 1"), "{real}: {d}"),
        }
    }
}
