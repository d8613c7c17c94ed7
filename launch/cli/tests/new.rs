//! `nevil new`, as people and scripts use it. That what it writes compiles is seen by `./nevil test scaffold`.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder for projects; removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nevil-new-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Code, standard output and standard error of `nevil new` in this folder.
    fn new_words(&self, words: &str) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nevil"));
        let output = command.arg("new").args(words.split(' ')).current_dir(&self.0).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn ok(&self, words: &str) -> String {
        let (code, out, complaint) = self.new_words(words);
        assert_eq!((code, &*complaint), (Some(0), ""), "{words}");
        out
    }

    fn fails(&self, words: &str) -> (Option<i32>, String) {
        let (code, out, complaint) = self.new_words(words);
        assert_eq!(out, "", "{words}");
        (code, complaint)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    /// All files, by their paths in the folder.
    fn files(&self) -> Vec<String> {
        fn collect(folder: &Path, within: &Path, files: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    collect(&path, within, files);
                } else {
                    files.push(path.strip_prefix(within).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let mut files = Vec::new();
        collect(&self.0, &self.0, &mut files);
        files.sort();
        files
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_robot_is_written_as_a_whole_with_its_name_everywhere() {
    let place = Place::new("robot");
    let out = place.ok("robot r2-d2");
    assert!(out.starts_with("robot `r2-d2` is in `r2-d2`:\n  .gitignore\n"), "{out}");
    assert!(out.ends_with("  cd r2-d2\n  cargo test\n  cargo run -- launch launch/r2-d2.yaml\n"), "{out}");
    let files = place.files();
    let shown: Vec<_> = out.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert_eq!(files.iter().map(|file| &file[6..]).collect::<Vec<_>>(), shown[..files.len()]);
    for file in &files {
        let text = place.read(file);
        assert!(!text.contains("sample") && !text.contains("CHECKOUT"), "{file}");
    }
    let manifest = place.read("r2-d2/Cargo.toml");
    assert!(manifest.contains("name = \"r2-d2\"") && manifest.contains("/launch/cli\" }"), "{manifest}");
    assert!(place.read("r2-d2/launch/r2-d2.yaml").contains("robot: r2-d2\n"));
    assert!(!place.read("r2-d2/src/main.rs").contains("r2_d2"));
}

#[test]
fn a_robot_that_cannot_be_written_leaves_nothing_behind() {
    let place = Place::new("nothing");
    let (code, complaint) = place.fails("robot match");
    assert_eq!((code, complaint.contains("is a word of Rust or cargo")), (Some(2), true), "{complaint}");
    let (code, complaint) = place.fails("robot rover --nevil .");
    assert_eq!((code, complaint.contains("`.` is no checkout of Nevil")), (Some(1), true), "{complaint}");
    let (code, complaint) = place.fails("robot rover --path no/such");
    assert_eq!(
        (code, complaint.contains("`no/such/rover` cannot be written")),
        (Some(1), true),
        "{complaint}"
    );
    assert_eq!(place.files(), [""; 0]);

    fs::write(place.0.join("rover"), "mine").unwrap();
    let (code, complaint) = place.fails("robot rover");
    assert_eq!((code, complaint.contains("`./rover` is there already")), (Some(1), true), "{complaint}");
    assert_eq!((place.files(), place.read("rover")), (vec!["rover".to_owned()], "mine".to_owned()));
}

#[test]
fn a_node_is_added_to_a_project_once_and_no_file_is_overwritten() {
    let place = Place::new("node");
    place.ok("robot rover");
    let out = place.ok("node edge_sensor --path rover");
    let expected = "node `edge_sensor` is in `src/nodes/edge_sensor.rs`\nadded to:\n  src/main.rs\n  \
                    launch/rover.yaml\nnext:\n  cargo test\n";
    assert_eq!(out, expected);
    let main = place.read("rover/src/main.rs");
    assert!(main.contains("mod nodes {\n    pub mod edge_sensor;\n    pub mod pilot;\n}"), "{main}");
    assert!(main.contains(".with::<nodes::edge_sensor::EdgeSensor>(\"edge_sensor\")\n"), "{main}");
    assert!(place.read("rover/launch/rover.yaml").contains("\n  edge_sensor: "));
    assert!(place.read("rover/src/nodes/edge_sensor.rs").contains("impl Node for EdgeSensor {"));

    let before: Vec<_> = place.files().into_iter().map(|file| (place.read(&file).to_owned(), file)).collect();
    let (code, complaint) = place.fails("node edge_sensor --path rover");
    assert_eq!((code, complaint.contains("is there already, and stays as it is")), (Some(1), true));
    assert_eq!(place.fails("node motion --path rover").0, Some(2));
    assert_eq!(place.fails("node range --path rover").0, Some(2));
    let (code, complaint) = place.fails("node horn");
    assert_eq!((code, complaint.contains("`.` is no robot project")), (Some(1), true), "{complaint}");
    let after: Vec<_> = place.files().into_iter().map(|file| (place.read(&file), file)).collect();
    assert_eq!(before, after);
}

#[test]
fn lines_that_cannot_be_added_safely_are_told() {
    let place = Place::new("told");
    place.ok("robot rover");
    let main = "mod pilot;\nfn main() {}\n";
    fs::write(place.0.join("rover/src/main.rs"), main).unwrap();
    fs::write(place.0.join("rover/launch/other.yaml"), "robot: other\n").unwrap();
    let launch = place.read("rover/launch/rover.yaml");
    let out = place.ok("node horn --path rover");
    let expected = "node `horn` is in `src/nodes/horn.rs`\nto be added by you to `src/main.rs`:\n  pub mod horn;\n      in \
                    `mod nodes { … }`\n  .with::<nodes::horn::Horn>(\"horn\")\n      behind `nevil::shipped_nodes()`\nto be \
                    added by you to `launch/…`:\n  horn: {}\n      under `nodes:`\nnext:\n  cargo test\n";
    assert_eq!(out, expected);
    let unchanged = (place.read("rover/src/main.rs"), place.read("rover/launch/rover.yaml"));
    assert_eq!(unchanged, (main.to_owned(), launch));
}

#[test]
fn what_was_written_can_be_had_as_json() {
    let place = Place::new("json");
    let json = |words: &str| serde_json::from_str::<serde_json::Value>(&place.ok(words)).unwrap();
    let robot = json("robot rover --json");
    assert_eq!((robot["robot"].as_str(), robot["folder"].as_str()), (Some("rover"), Some("rover")));
    assert_eq!(robot["files"].as_array().map(Vec::len), Some(place.files().len()));
    let node = json("node horn --path rover --json");
    assert_eq!(node["file"], "src/nodes/horn.rs");
    assert_eq!(node["changed"], serde_json::json!(["src/main.rs", "launch/rover.yaml"]));
    assert_eq!(node["left"], serde_json::json!([]));
}
