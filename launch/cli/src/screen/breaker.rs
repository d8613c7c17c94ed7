//! Breakers on one screen.

use std::time::Duration;

use nevil_launch::duration_text;
use serde_json::Value;

use crate::output::Reader;
use crate::screen::count;
use crate::screen::table::{Cell, Column, Table, Tone};

/// What every node has besides the callbacks that it declares.
const PHASES: [&str; 5] = ["activate", "deactivate", "input_down", "params_changed", "shutdown"];

/// The breakers, one a line. Phases in which nothing went wrong are left out, unless `all` are wanted.
pub(crate) fn list(answer: &Value, all: bool, reader: Reader) -> String {
    let columns = [Column::text("breaker"), Column::text("state")];
    let numbers = ["ok", "failed", "in a row", "refused", "opened"].map(Column::number);
    let mut table = Table::new(columns.into_iter().chain(numbers).collect());
    let breakers = answer["breakers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (left_out, shown): (Vec<_>, Vec<_>) = breakers.iter().partition(|one| !all && is_quiet_phase(one));
    for breaker in shown {
        let stats = |key: &str| breaker["stats"][key].as_u64().unwrap_or_default();
        table.row(vec![
            Cell::plain(name(&breaker["name"])),
            state(breaker),
            Cell::plain(count(stats("successful_requests"))),
            Cell::bad_count(stats("failed_requests")),
            Cell::bad_count(stats("consecutive_failures")),
            Cell::bad_count(stats("rejected_requests")),
            Cell::bad_count(breaker["opened"].as_u64().unwrap_or_default()),
        ]);
    }
    let mut text = table.render(reader);
    if !left_out.is_empty() && reader != Reader::Pipe {
        text += &format!("\nphases of nodes that went well: {} (--all shows them)\n", left_out.len());
    }
    text
}

fn is_quiet_phase(breaker: &Value) -> bool {
    let is_phase =
        name(&breaker["name"]).rsplit_once('.').is_some_and(|(_, callback)| PHASES.contains(&callback));
    is_phase && breaker["mode"] == "closed" && breaker["stats"]["failed_requests"] == 0
}

/// All about one breaker.
pub(crate) fn show(shown: &Value, reader: Reader) -> String {
    // A screen is for people: in a pipe it has its lines of names too, and 80 columns.
    let reader = if reader == Reader::Pipe { Reader::Plain } else { reader };
    let mut parts = vec![head(shown, reader)];
    for (title, key) in [("why it opened, the oldest first", "at_opening"), ("the last calls", "latest")] {
        let title = Tone::Strong.paint(title, reader);
        parts.extend(calls(&shown[key]).map(|table| format!("{title}\n{}", table.render(reader))));
    }
    parts.push(counts(shown).render(reader));
    parts.push(policy(&shown["policy"], reader));
    parts.join("\n")
}

fn head(shown: &Value, reader: Reader) -> String {
    let breaker = &shown["breaker"];
    let ms = |key: &str| Duration::from_millis(shown[key].as_u64().unwrap_or_default());
    let title = Tone::Strong.paint(&name(&breaker["name"]), reader);
    let (words, tone) = state_of(breaker);
    let state = tone.paint(&words, reader);
    let since = duration_text(ms("for_ms"));
    let next = match breaker["mode"].as_str() {
        _ if breaker["emergency"] == true => "refuses until `nevil estop --reset`".to_owned(),
        Some("open") if ms("retry_after_ms").is_zero() => "the next call is a probe".to_owned(),
        Some("open") => format!("lets a probe through in {}", duration_text(ms("retry_after_ms"))),
        Some("half_open") => "probes decide".to_owned(),
        Some("closed") => return format!("{title}: {state} for {since}\n"),
        _ => "until an operator says otherwise".to_owned(),
    };
    format!("{title}: {state} for {since}; {next}\n")
}

/// The calls of a history, if there are any.
fn calls(calls: &Value) -> Option<Table> {
    let columns = vec![
        Column::number("ago"),
        Column::number("took"),
        Column::number("message"),
        Column::text("end"),
        Column::text("error"),
    ];
    let mut table = Table::new(columns);
    let calls = calls.as_array().map(Vec::as_slice).unwrap_or_default();
    for call in calls {
        let ago = Duration::from_millis(call["ago_ms"].as_u64().unwrap_or_default());
        let took = call["took_us"].as_u64().map(|us| format!("{:?}", Duration::from_micros(us)));
        let sequence = call["sequence"].as_u64().map(|sequence| sequence.to_string());
        let or_none = |text: Option<String>| Cell::plain(text.unwrap_or_else(|| "-".to_owned()));
        let ending = name(&call["ending"]);
        let tone =
            if matches!(&*ending, "failed" | "panicked" | "timed_out") { Tone::Bad } else { Tone::Plain };
        table.row(vec![
            Cell::plain(duration_text(ago)),
            or_none(took),
            or_none(sequence),
            Cell::toned(words(&ending), tone),
            Cell::plain(match (name(&call["kind"]), name(&call["text"])) {
                (kind, text) if kind.is_empty() => text,
                (kind, text) => format!("{kind}: {text}"),
            }),
        ]);
    }
    (!calls.is_empty()).then_some(table)
}

/// What became of the calls. What never went wrong is left out.
fn counts(shown: &Value) -> Table {
    let breaker = &shown["breaker"];
    let of = |value: &Value| value.as_u64().unwrap_or_default();
    let stats = &breaker["stats"];
    let calls = [
        ("called for", of(&stats["total_requests"])),
        ("ok", of(&stats["successful_requests"])),
        ("under way", of(&stats["concurrent_requests"])),
    ];
    let troubles = [
        ("failed", of(&stats["failed_requests"])),
        ("of these, panicked", of(&breaker["panicked"])),
        ("of these, timed out", of(&breaker["timed_out"])),
        ("failures in a row", of(&stats["consecutive_failures"])),
        ("cancelled", of(&breaker["cancelled"])),
        ("ignored", of(&breaker["ignored"])),
        ("too late to decide", of(&breaker["late"])),
        ("not returned", of(&breaker["zombies"])),
        ("results lost", of(&breaker["lost"])),
        ("refused while open", of(&shown["refused"]["open"])),
        ("refused beside probes", of(&shown["refused"]["probing"])),
        ("refused by an operator", of(&shown["refused"]["forced_open"])),
        ("refused by the emergency stop", of(&shown["refused"]["emergency"])),
        ("refused for lack of room", of(&shown["refused"]["full"])),
        ("opened", of(&breaker["opened"])),
        ("would have opened", of(&shown["would_open"])),
    ];
    let mut table = Table::new(vec![Column::text("calls"), Column::number("")]);
    for (what, number) in calls {
        table.row(vec![Cell::plain(what), Cell::plain(count(number))]);
    }
    for (what, number) in troubles.into_iter().filter(|(_, number)| *number > 0) {
        table.row(vec![Cell::plain(what), Cell::bad_count(number)]);
    }
    table
}

/// A policy, with the keys of a launch file.
pub(crate) fn policy(policy: &Value, reader: Reader) -> String {
    let reader = if reader == Reader::Pipe { Reader::Plain } else { reader };
    let time = |value: &Value| value.as_u64().map(|us| format!("{:?}", Duration::from_micros(us)));
    let number = |value: &Value| (!value.is_null()).then(|| value.to_string());
    let mut table = Table::new(vec![Column::text("policy"), Column::text("value")]);
    let mut row = |key: &str, value: Option<String>| {
        table.row(vec![Cell::plain(key), Cell::plain(value.unwrap_or_else(|| "off".to_owned()))]);
    };
    row("failures", number(&policy["failures"]));
    for rate in policy["rates"].as_array().into_iter().flatten() {
        let window = &rate["window"];
        match number(&window["calls"]) {
            Some(calls) => row("rate.window.calls", Some(calls)),
            None => {
                row("rate.window.length", time(&window["length_us"]));
                row("rate.window.buckets", number(&window["buckets"]));
            }
        }
        row("rate.failure_rate", number(&rate["failure_rate"]));
        row("rate.slow_rate", number(&rate["slow_rate"]));
        row("rate.min_calls", number(&rate["min_calls"]));
    }
    row("slow_after", time(&policy["slow_after_us"]));
    row("open", time(&policy["open_us"]));
    row("backoff.multiplier", number(&policy["backoff"]["multiplier"]));
    row("backoff.max", time(&policy["backoff"]["max_us"]));
    row("backoff.jitter", number(&policy["backoff"]["jitter"]));
    row("half_open.permits", number(&policy["half_open"]["permits"]));
    row("half_open.successes", number(&policy["half_open"]["successes"]));
    row("half_open.episode_max", time(&policy["half_open"]["episode_max_us"]));
    row("concurrent_max", number(&policy["concurrent_max"]));
    let ignored: Vec<_> = policy["ignore"].as_array().into_iter().flatten().map(name).collect();
    row("ignore", Some(format!("[{}]", ignored.join(", "))));
    row("criticality", Some(name(&policy["criticality"])));
    table.render(reader)
}

fn state(breaker: &Value) -> Cell {
    let (words, tone) = state_of(breaker);
    Cell::toned(words, tone)
}

fn state_of(breaker: &Value) -> (String, Tone) {
    if breaker["emergency"] == true {
        return ("emergency stop".to_owned(), Tone::Bad);
    }
    let mode = name(&breaker["mode"]);
    let tone = match mode.as_str() {
        "closed" => Tone::Good,
        "open" | "forced_open" => Tone::Bad,
        _ => Tone::Strong,
    };
    (words(&mode), tone)
}

/// A name of the protocol as people read it.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A name of an answer. A terminal must not obey what it holds.
fn name(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
