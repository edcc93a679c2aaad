// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Tensors whose data are in a file beside the model (onnx.proto, `external_data`).
//!
//! A model may come from anywhere, so the place it names is checked: a relative path
//! without `..`, which ends in the model's own folder or below it with all links
//! resolved. No more is read than the named files hold together.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::proto::tensor_proto::DataLocation;
use super::proto::{ModelProto, TensorProto};
use crate::diag::{Diagnostic, Result, codes};

/// Largest file that is read from, in bytes.
const MAX_FILE: u64 = 1 << 31;

/// Reads what the model's initializers keep in other files of `folder`, and says how many
/// bytes that were.
///
/// # Errors
/// [`codes::ONNX_EXTERNAL`] at the tensor.
pub(super) fn load(model: &mut ModelProto, folder: &Path) -> Result<usize> {
    let mut files = Files { folder, open: HashMap::new(), total: 0, used: 0 };
    let tensors = model.graph.iter_mut().flat_map(|g| g.initializer.iter_mut());
    for tensor in tensors.filter(|t| is_external(t)) {
        let bytes = files.read(tensor).map_err(|d| d.at(format!("tensor {}", tensor.name())))?;
        tensor.raw_data = Some(bytes);
        tensor.data_location = None;
        tensor.external_data.clear();
    }
    Ok(usize::try_from(files.used).unwrap_or(usize::MAX))
}

fn is_external(t: &TensorProto) -> bool {
    t.data_location() == DataLocation::External
}

fn bad(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::ONNX_EXTERNAL, message).help(
        "keep the data file where the exporter wrote it, beside the model; or export with `external_data=False`",
    )
}

struct Files<'f> {
    folder: &'f Path,
    /// Each file and its size.
    open: HashMap<PathBuf, (File, u64)>,
    /// Bytes of all files.
    total: u64,
    /// Bytes that were read.
    used: u64,
}

impl Files<'_> {
    fn read(&mut self, tensor: &TensorProto) -> Result<Vec<u8>> {
        let entry = |key: &str| tensor.external_data.iter().find(|e| e.key() == key);
        let number = |key: &str| match entry(key).map(|e| e.value().parse::<u64>()) {
            None => Ok(None),
            Some(Ok(n)) => Ok(Some(n)),
            Some(Err(e)) => Err(bad(format!("its `{key}` is no number: {e}"))),
        };
        let location = entry("location").map_or("", |e| e.value());
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        let path = self.resolve(location)?;
        if !self.open.contains_key(&path) {
            let fail = |e: std::io::Error| bad(format!("`{location}` cannot be read: {e}"));
            let file = File::open(&path).map_err(fail)?;
            let size = file.metadata().map_err(fail)?.len();
            if size > MAX_FILE {
                return Err(bad(format!(
                    "`{location}` has {size} bytes; at most {MAX_FILE} are read"
                )));
            }
            self.total += size;
            self.open.insert(path.clone(), (file, size));
        }
        let Some((file, size)) = self.open.get_mut(&path) else {
            return Err(Diagnostic::internal("onnx external data", "a file that was just opened"));
        };
        let length = length.unwrap_or_else(|| size.saturating_sub(offset));
        if offset.checked_add(length).is_none_or(|end| end > *size) {
            return Err(bad(format!(
                "bytes {offset} to {offset} + {length} are not all in `{location}`, which has {size}"
            )));
        }
        // Tensors that overlap could otherwise make much out of little.
        self.used += length;
        if self.used > self.total {
            return Err(bad("the tensors take more bytes than the files have: they overlap"));
        }
        let fail = |e: std::io::Error| bad(format!("`{location}` cannot be read: {e}"));
        file.seek(SeekFrom::Start(offset)).map_err(fail)?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map_err(fail)?;
        if u64::try_from(bytes.len()).ok() != Some(length) {
            return Err(bad(format!("`{location}` became shorter while it was read")));
        }
        Ok(bytes)
    }

    /// The file, inside the folder.
    fn resolve(&self, location: &str) -> Result<PathBuf> {
        let path = Path::new(location);
        let is_plain = |c: Component<'_>| matches!(c, Component::Normal(_) | Component::CurDir);
        // A backslash separates folders on other systems.
        if location.is_empty()
            || location.contains(['\\', '\0'])
            || !path.components().all(is_plain)
        {
            return Err(bad(format!(
                "its data are said to be in {location:?}; only a path below the model's folder is followed"
            )));
        }
        let fail = |e: std::io::Error| bad(format!("`{location}` cannot be read: {e}"));
        let folder = self.folder.canonicalize().map_err(fail)?;
        let file = folder.join(path).canonicalize().map_err(fail)?;
        if !file.starts_with(&folder) || !file.is_file() {
            return Err(bad(format!("`{location}` is no file below the model's folder")));
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::proto::{GraphProto, StringStringEntryProto};

    fn tensor(entries: &[(&str, &str)]) -> TensorProto {
        let entry = |(k, v): &(&str, &str)| StringStringEntryProto {
            key: Some((*k).to_owned()),
            value: Some((*v).to_owned()),
        };
        TensorProto {
            name: Some("w".to_owned()),
            data_location: Some(DataLocation::External.into()),
            external_data: entries.iter().map(entry).collect(),
            ..TensorProto::default()
        }
    }

    /// Loads tensors beside a file `a/data` of the bytes 0 to 9, and a link out of there.
    fn run(tensors: Vec<TensorProto>) -> std::result::Result<Vec<Vec<u8>>, String> {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("model");
        std::fs::create_dir_all(folder.join("a")).unwrap();
        std::fs::write(folder.join("a/data"), (0..10).collect::<Vec<u8>>()).unwrap();
        std::fs::write(outer.path().join("secret"), [0; 10]).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outer.path().join("secret"), folder.join("link")).unwrap();
        let graph = GraphProto { initializer: tensors, ..GraphProto::default() };
        let mut model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        match load(&mut model, &folder) {
            Ok(_) => Ok(model
                .graph
                .unwrap()
                .initializer
                .into_iter()
                .map(|t| t.raw_data.unwrap())
                .collect()),
            Err(d) => Err(format!("{} {d}", d.code.id)),
        }
    }

    #[test]
    fn parts_of_a_file_are_read() {
        let all = tensor(&[("location", "a/data")]);
        assert_eq!(run(vec![all]).unwrap(), [(0..10).collect::<Vec<u8>>()]);
        let part = tensor(&[("location", "./a/data"), ("offset", "2"), ("length", "3")]);
        let rest = tensor(&[("location", "a/data"), ("offset", "7")]);
        assert_eq!(run(vec![part, rest]).unwrap(), [vec![2, 3, 4], vec![7, 8, 9]]);
    }

    #[test]
    fn only_files_below_the_model_are_followed() {
        for location in
            ["", "/etc/passwd", "../secret", "a/../../secret", "link", "a", "b", "..\\secret"]
        {
            let error = run(vec![tensor(&[("location", location)])]).unwrap_err();
            assert!(error.starts_with("SF0106 tensor w"), "{location}: {error}");
        }
        assert!(run(vec![tensor(&[])]).unwrap_err().starts_with("SF0106"));
    }

    #[test]
    fn no_more_is_read_than_there_is() {
        for (offset, length) in
            [("8", "3"), ("11", "0"), ("1", "18446744073709551615"), ("x", "1"), ("-1", "1")]
        {
            let t = tensor(&[("location", "a/data"), ("offset", offset), ("length", length)]);
            assert!(run(vec![t]).unwrap_err().starts_with("SF0106"), "{offset} {length}");
        }
        let all = tensor(&[("location", "a/data")]);
        assert!(run(vec![all.clone(), all]).unwrap_err().contains("overlap"));
    }
}
