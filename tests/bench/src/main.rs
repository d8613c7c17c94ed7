//! `./nevil bench`: what Nevil costs, beside what the hardware costs and what others offer.
//!
//! * `rows`: what is measured; a row is a list of subjects, `goals` what is promised of them
//! * `nevil`: Nevil's part, `peers`: that of others, `floors`: that of the hardware and the kernel
//! * `paced`, `flood`: the two loops that all of them share; `payload`: what travels
//! * `run`, `stats`: rounds, and what they say; `report`, `page`: how it is shown
#![forbid(unsafe_code)]

mod child;
mod flood;
mod floors;
mod goals;
mod machine;
mod measure;
mod nevil;
mod paced;
mod page;
mod payload;
mod peers;
mod report;
mod rows;
mod run;
mod stats;
mod words;

use std::fs;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

use nevil_sys::alloc::CountingAllocator;

use crate::machine::{Machine, Near, load_average};
use crate::measure::Unmeasured;
use crate::report::{Extent, Report, goal_table, row_table};
use crate::rows::{Row, Scale, Setting};
use crate::words::{HELP, Words};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    if let [word, quiet_ms] = words.as_slice()
        && word == child::WORD
    {
        return be_child(quiet_ms);
    }
    if let [word, words @ ..] = words.as_slice()
        && word == nevil::ring::WORD
    {
        return tell(nevil::ring::be_other(words));
    }
    match Words::parse().map_err(Failure::Usage).and_then(|words| obey(&words)) {
        Ok(code) => code,
        Err(Failure::Usage(text)) => {
            complain(&format!("{text}; `./nevil bench --help` shows what there is"));
            ExitCode::from(2)
        }
        Err(Failure::Failed(text)) => {
            complain(&text);
            ExitCode::FAILURE
        }
    }
}

/// Why there is no report.
enum Failure {
    /// A word is wrong.
    Usage(String),
    /// Something else is.
    Failed(String),
}

fn obey(words: &Words) -> Result<ExitCode, Failure> {
    if words.help {
        print(HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let mut report = match &words.from {
        Some(file) => read(file)?,
        None => {
            let near = Near::find().map_err(|error| Failure::Failed(error.to_string()))?;
            let rows = chosen(rows::all(&setting(words, near)?), &words.only)?;
            if words.list {
                rows.iter().for_each(|row| print(&format!("{:<24} {}\n", row.name, row.title)));
                return Ok(ExitCode::SUCCESS);
            }
            measure(words, near, rows)
        }
    };
    if words.from.is_some() {
        report.rows.iter().for_each(|row| print(&row_table(row)));
    }
    if let Some(file) = &words.with {
        report.add(read(file)?);
    }
    print(&goal_table(&report.rows));
    if let Some(warning) = report.extent.warning(report.rounds) {
        print(&format!("\n{warning}\n"));
    }
    if let Some(file) = &words.json {
        let text = serde_json::to_string(&report).map_err(|error| Failure::Failed(error.to_string()))?;
        write(file, &text)?;
    }
    if let Some(file) = &words.page {
        write(file, &page::page(&report))?;
    }
    let failed = report.rows.iter().any(|row| !row.failures().is_empty());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn setting(words: &Words, near: Near) -> Result<Setting, Failure> {
    let cores = nevil_runtime::os::thread_cores().map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(Setting {
        near,
        receiver_cores: cores.into_iter().filter(|&core| core != near.send).collect(),
        scale: if words.extent == Extent::Quick { Scale::QUICK } else { Scale::FULL },
        nevil: words.nevil.clone(),
        root: Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
    })
}

fn chosen(rows: Vec<Row>, only: &[String]) -> Result<Vec<Row>, Failure> {
    let names: Vec<_> = rows.iter().map(|row| row.name).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        let known = names.join(", ");
        return Err(Failure::Usage(format!("unknown row `{unknown}`; known rows are {known}")));
    }
    Ok(rows.into_iter().filter(|row| only.is_empty() || only.iter().any(|name| name == row.name)).collect())
}

fn measure(words: &Words, near: Near, rows: Vec<Row>) -> Report {
    let mut machine = Machine::describe(near);
    machine.push("load before", load_average());
    print(&format!("{} rounds on {}\n", words.rounds, near.describe()));
    let count = rows.len();
    let measure = |(index, row): (usize, Row)| {
        let name = row.name;
        let mut tell =
            |round| show_progress(&format!("{}/{count} {name}, round {round}/{}", index + 1, words.rounds));
        let measured = run::measure(row, words.rounds, &mut tell);
        show_progress("");
        print(&row_table(&measured));
        measured
    };
    let rows = rows.into_iter().enumerate().map(measure).collect();
    machine.push("load after", load_average());
    Report { rounds: words.rounds, words: words.text.clone(), extent: words.extent, machine, rows }
}

/// One line that is written over, where somebody looks at it.
fn show_progress(text: &str) {
    if stderr().is_terminal() {
        // Nobody sees it: nothing is lost.
        let _ = write!(stderr(), "\r\x1b[K{text}");
    }
}

fn print(text: &str) {
    // Whoever reads it may have gone; the JSON and the page are still written.
    let _ = stdout().write_all(text.as_bytes());
}

fn complain(text: &str) {
    // There is nowhere else to complain.
    let _ = writeln!(stderr(), "nevil bench: {text}");
}

fn read(file: &Path) -> Result<Report, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::Failed(format!("{}: cannot be read as a report: {error}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|error| cannot(&error))?;
    serde_json::from_str(&text).map_err(|error| cannot(&error))
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text)
        .map_err(|error| Failure::Failed(format!("{}: cannot be written: {error}", file.display())))
}

fn be_child(quiet_ms: &str) -> ExitCode {
    let idle = quiet_ms.parse().map_err(Unmeasured::because).and_then(child::idle);
    tell(idle.and_then(|idle| serde_json::to_string(&idle).map_err(Unmeasured::because)))
}

/// What a child says to the benchmark that has started it.
fn tell(result: Result<String, Unmeasured>) -> ExitCode {
    match result {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}
