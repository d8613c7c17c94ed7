//! The rows of our table: where we differ from others, and by which of their settings that shows.

use serde_json::Value;

/// The question of a row.
pub(crate) fn question(row: &str) -> &'static str {
    match row {
        "wait" => "is the wait over at exactly the duration?",
        "success" => "can a success open the circuit?",
        "equal" => "rate equal to the threshold?",
        "neutral" => "ignored error, cancelled call",
        "late" => "result of a call admitted before the last transition",
        "permits" => "half-open permits",
        "closes" => "closes after",
        "panic" => "panic, deadline missed",
        "refused" => "refused calls, zombies and slots",
        "forced" => "forced open / forced closed / disabled / metrics only",
        "window" => "window",
        "clock" => "monotonic only",
        other => panic!("there is no row `{other}`"),
    }
}

/// Whether the settings of a scenario differ from ours in this row, so that it may be left there at `step`.
pub(crate) fn differs(row: &str, config: &Value, step: &Value) -> bool {
    let (trip, half_open) = (&config["trip"], &config["half_open"]);
    match row {
        "wait" => config["open_cmp"] == "gt",
        // Of a rate of failures a success decides nothing here.
        "success" => trip["kind"] == "rate" && config["evaluate_on"] == "result" && step["failure"].is_null(),
        "equal" => trip["rate_cmp"] == "gt",
        "neutral" => {
            config["ignored"] != "neutral" || !matches!(config["cancel"].as_str(), None | Some("neutral"))
        }
        "late" => config["late"] != "generation",
        "permits" => {
            half_open["permits_mode"] != "in_flight"
                || half_open["max_wait_to"] != "open"
                || half_open["permits"].is_null()
        }
        "closes" => half_open["decide"] != "consecutive" || config["streaks"] == "reset_on_close",
        "panic" => config["panic"] != "failure",
        "refused" => config["zombie_holds_slot"] != true,
        "forced" => config["force_open"] != "sticky",
        "window" => {
            matches!(trip["kind"].as_str(), Some("cumulative" | "ema"))
                || trip["full_plus_one"] == true
                || half_open["full_plus_one"] == true
                || trip["window"]["kind"] == "unbounded"
        }
        "clock" => config["clock"] == "wall",
        _ => false,
    }
}
