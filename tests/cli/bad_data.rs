// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Images and labels that do not fit: each command that reads them says what is wrong.

use crate::models::{expand, text};
use crate::run::Place;

/// A place with `net.sfir`, which takes images of the student's size, and its build `b`.
fn place() -> Place {
    let place = Place::without_tools();
    place.file("net.sfir", text(784, 16, 4));
    place.good("compile net.sfir --target icebreaker -o b");
    place
}

/// An idx file with this header.
fn idx(shape: &[u32], bytes: usize) -> Vec<u8> {
    let mut data = vec![0, 0, 8, u8::try_from(shape.len()).unwrap()];
    shape.iter().for_each(|d| data.extend(d.to_be_bytes()));
    data.resize(data.len() + bytes, 7);
    data
}

#[track_caller]
fn refused(place: &Place, rest: &str, code: &str, words: &str) {
    for command in ["simulate b", "simulate net.sfir", "verify b", "energy b"] {
        place.refused(&format!("{command} {rest}"), 1, code, words);
    }
}

#[test]
fn images() {
    let place = place();
    let before = place.tree().len();
    let images = std::fs::read(expand("{images}")).unwrap();
    let pixels = 784;
    let mut damaged = images.clone();
    damaged[images.len() / 2] ^= 0x55;
    let cases: &[(&str, Vec<u8>, &str, &str)] = &[
        ("empty", vec![], "SF0010", "the format is not known"),
        ("garbage", b"this is no image".to_vec(), "SF0010", "the format is not known"),
        (
            "header",
            idx(&[3, 28, 28], 0)[..11].to_vec(),
            "SF0010",
            "the file ends in the idx header",
        ),
        (
            "short",
            idx(&[3, 28, 28], 3 * pixels - 1),
            "SF0010",
            "needs 2352 bytes of elements, the file has 2351",
        ),
        ("long", idx(&[3, 28, 28], 3 * pixels + 1), "SF0010", "the file has 2353"),
        ("cut.gz", images[..images.len() / 2].to_vec(), "SF0010", "damaged"),
        ("noise.gz", [&[0x1f, 0x8b], &[9; 50][..]].concat(), "SF0010", ""),
        ("damaged.gz", damaged, "SF0010", ""),
        ("type", [&[0, 0, 10, 1], &[0, 0, 0, 1][..], &[0; 4]].concat(), "SF0010", "not known"),
        (
            "real",
            [&[0, 0, 13, 2], &[0, 0, 0, 1, 0, 0, 3, 16][..], &[0; 4 * 784]].concat(),
            "SF0016",
            "real",
        ),
        // Claims that nothing is allocated for.
        ("many", idx(&[u32::MAX, 28, 28], pixels), "SF0015", "more than the limit"),
        ("four-billion", idx(&[u32::MAX], pixels), "SF0015", "more than the limit"),
        ("overflow", idx(&[u32::MAX; 8], pixels), "SF0015", "more than the limit"),
        ("half-gigabyte", idx(&[1 << 19, 28, 28], pixels), "SF0010", "the file has 784"),
        ("no-images", idx(&[0, 28, 28], 0), "SF0010", "no inputs"),
        ("no-images-overflow", idx(&[0, u32::MAX, u32::MAX, u32::MAX], 0), "SF0010", "no inputs"),
        ("no-pixels", idx(&[3, 28, 0], 0), "SF0010", "no values"),
        ("scalar", idx(&[], 1), "SF0010", "the format is not known"),
        ("other-shape", idx(&[3, 28, 27], 3 * 756), "SF0011", "756 pixels, the model takes 784"),
    ];
    for (name, bytes, code, words) in cases {
        let file = place.file(name, bytes);
        refused(&place, &format!("--images {name}"), code, words);
        place.refused(&format!("verify b --images {name}"), 1, code, name);
        std::fs::remove_file(file).unwrap();
    }
    refused(&place, "--images nowhere", "SF0001", "nowhere: cannot read");
    refused(&place, "--images b", "SF0010", "a file stands beside the directories of classes");
    assert_eq!(place.tree().len(), before);
}

#[test]
fn a_reader_of_the_right_shape_is_satisfied() {
    let place = place();
    place.file("flat", idx(&[3, 784], 3 * 784));
    place.file("three", idx(&[3], 3));
    assert_eq!(place.json("simulate b --images flat --labels three")["images"], 3);
    place.good("verify b --images flat");
}

#[test]
fn labels() {
    let place = place();
    for (name, bytes, code, words) in [
        ("five", idx(&[5], 5), "SF0014", "labels of shape [5] for 1000 inputs"),
        ("square", idx(&[1000, 1], 1000), "SF0014", "labels of shape [1000, 1] for 1000 inputs"),
        ("short", idx(&[1000], 999), "SF0010", "the file has 999"),
        ("garbage", b"abc".to_vec(), "SF0010", "the format is not known"),
    ] {
        place.file(name, bytes);
        let rest = format!("--images {{images}} --labels {name}");
        refused(&place, &rest, code, words);
        refused(&place, &rest, code, name);
    }
    refused(&place, "--images {images} --labels nowhere", "SF0001", "nowhere");
}

/// Bytes for a model of real inputs: 0 to 255, or 0 to 1? Both give numbers.
#[test]
fn levels_of_unknown_worth() {
    let place = place();
    let net = |scale: &str| {
        format!(
            r#"synfire-ir 1
graph "g" timesteps 2
%in = input() : real[12] static {{"shape":[12],"is_static":true}}
%scaled = scale(%in) : real[12] static {{"factor":{scale}}}
%n = lif(%scaled) : spikes[12] {{"leak":0.5,"gain":1.0,"bias":0.0,"threshold":1.0,"reset":"soft","compare":"at-least"}}
%y = readout(%n) : real[12] {{"kind":"sum","gain":1.0,"offset":0.0}}
output %y
"#
        )
    };
    // Normalised pixels, and bytes that the model divides itself.
    place.file("unit.sfir", net("3.2456"));
    place.file("bytes.sfir", net("0.00392156862745098"));
    let mut file = idx(&[2, 12], 24);
    *file.last_mut().unwrap() = 255;
    place.file("pixels", &file);
    let line = "simulate unit.sfir --images pixels";
    for words in ["pixels: levels up to 255", "--input-bits 8 --input-scale 1/255"] {
        place.refused(line, 1, "SF0017", words);
    }
    place.good("simulate bytes.sfir --images pixels");
    file.truncate(file.len() - 24);
    file.extend([0, 1, 1, 0].repeat(6));
    place.file("spikes", &file);
    place.good("simulate unit.sfir --images spikes");
}

#[test]
fn levels_that_are_too_large() {
    let place = place();
    place.file(
        "net.sfir",
        text(12, 8, 4).replace("; 8]", "; 4]").replace("\"bits\":8", "\"bits\":4"),
    );
    let mut file = idx(&[2, 12], 24);
    place.file("fits", &file);
    place.good("simulate net.sfir --images fits");
    *file.last_mut().unwrap() = 16;
    place.file("large", file);
    let words = "large: image 1: level 16 does not fit into the model's 4 bits";
    place.refused("simulate net.sfir --images large", 1, "SF0011", words);
}

#[test]
fn counts() {
    let place = place();
    refused(&place, "--count 0", "SF0003", "--count 0: at least one");
    refused(&place, "--images {images} --count 0", "SF0003", "--count 0: at least one");
    refused(&place, "--count 99999999999999", "SF0003", "at most 1369568 inputs of 784");
    // More than there are is all there are.
    assert_eq!(place.json("simulate b --images {images} --count 9999999999")["images"], 1000);
}

#[test]
fn clocks() {
    let place = place();
    for clock in ["0", "nan", "inf"] {
        place.refused(&format!("energy b --count 1 --clock {clock}"), 1, "SF0003", "--clock");
    }
    place.good("compile {small} --target ice40up5k -o device");
    place.refused("energy device --count 1", 1, "SF0003", "give --clock MHZ");
}
