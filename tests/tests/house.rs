//! The house keeps its order: which crate may use which, and where `unsafe` may stand.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Crates of this workspace that the manifest of `folder` lists, for its library and binaries.
fn uses(folder: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    let names = dependencies.lines().filter_map(|line| line.split([' ', '.']).next());
    names.filter(|name| name.starts_with("nevil")).map(str::to_owned).collect()
}

fn folders(within: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(within)).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().join("Cargo.toml").is_file());
    folders.map(|entry| format!("{within}/{}", entry.file_name().into_string().unwrap())).collect()
}

#[test]
fn arrows_between_crates_go_one_way_only() {
    let mut rules = vec![
        ("msgs/derive".to_owned(), vec![]),
        ("msgs".to_owned(), vec!["nevil-derive"]),
        ("runtime/sys".to_owned(), vec![]),
        ("runtime".to_owned(), vec!["nevil-derive", "nevil-msgs", "nevil-sys"]),
        ("launch".to_owned(), vec!["nevil-msgs", "nevil-runtime"]),
    ];
    let nodes = folders("nodes");
    assert!(nodes.len() >= 4, "{nodes:?}");
    // What nodes have in common is no node: `nodes/car` is the car, which some of them drive and others reckon with.
    rules.extend(nodes.into_iter().map(|node| (node, vec!["nevil-msgs", "nevil-runtime", "nevil-car"])));
    for (folder, allowed) in rules {
        for used in uses(&folder) {
            assert!(allowed.contains(&used.as_str()), "`{folder}` may use {allowed:?}, and not `{used}`");
        }
    }
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir()
            && entry.file_name() != "target"
            && !entry.file_name().to_string_lossy().starts_with('.')
        {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_in_every_crate_but_the_one_that_holds_it() {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    let in_sys = |file: &PathBuf| file.components().any(|part| part.as_os_str() == "sys");
    let roots = files.iter().filter(|file| {
        let name = file.file_name().unwrap();
        file.parent().unwrap().ends_with("src") && (name == "lib.rs" || name == "main.rs") && !in_sys(file)
    });
    let mut counted = 0;
    for file in roots {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{} does not forbid unsafe code", file.display());
        counted += 1;
    }
    assert!(counted >= 9, "too few crates were found: {counted}");
}

#[test]
fn a_file_has_at_most_400_lines() {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    let long: Vec<_> = files
        .into_iter()
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > 400)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}
