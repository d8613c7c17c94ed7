//! The house keeps its order: a module uses only the modules above it in `lib.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn rust_files(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder of the sources can be read");
        for entry in entries.map(|entry| entry.expect("and so can its entries")) {
            rust_files(&entry.path(), files);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        files.push(path.to_owned());
    }
}

/// Modules of the crate that `text` names, outside of its tests and comments.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = lines.flat_map(|line| line.split("crate::").skip(1));
    names.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn a_module_uses_only_the_modules_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(source.join("lib.rs")).unwrap();
    let order: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("mod ").or_else(|| line.strip_prefix("pub mod ")))
        .filter_map(|line| line.strip_suffix(';'))
        .collect();
    assert!(order.len() > 10, "the modules of lib.rs were not found: {order:?}");
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for (level, module) in order.iter().enumerate() {
        let face = source.join(module).with_extension("rs");
        assert!(face.is_file(), "{} is missing", face.display());
        let mut files = vec![face];
        if source.join(module).is_dir() {
            rust_files(&source.join(module), &mut files);
        }
        for file in files.iter().filter(|file| !is_test(file)) {
            looked_at += 1;
            let text = fs::read_to_string(file).expect("a source can be read");
            // These forms would hide a name from the look below.
            for hidden in ["crate::{", "super::super"] {
                if text.contains(hidden) {
                    wrong.push(format!("{} uses `{hidden}`; write the path out", file.display()));
                }
            }
            for name in used(&text) {
                if order.iter().position(|known| *known == name).is_some_and(|other| other > level) {
                    wrong.push(format!("{} uses `crate::{name}`, which stands below it", file.display()));
                }
            }
        }
    }
    assert!(looked_at > order.len(), "too few files were looked at: {looked_at}");
    assert_eq!(wrong, Vec::<String>::new());
}

fn is_test(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "tests.rs" || name == "loom_tests.rs")
}

#[test]
fn a_use_of_a_module_is_found_wherever_it_stands_in_a_line() {
    let text = "use crate::bus::Bus;\n    let x = f(crate::node::A, crate::log::B);\n// crate::health\n#[cfg(test)]\nmod tests { use crate::safety; }";
    assert_eq!(used(text), ["bus", "log", "node"].map(String::from).into());
}
