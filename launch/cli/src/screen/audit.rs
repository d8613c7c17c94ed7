//! The accounts of all topics on one screen: first where messages are lost, then every account.

use serde_json::Value;

use crate::output::Reader;
use crate::screen::count;
use crate::screen::table::{Cell, Column, Table, Tone};
use crate::screen::topic::{Counter, NOT_DELIVERED, REFUSED};

/// Most places of loss that are shown above the accounts: those that are seen at a glance.
const WORST_MAX: usize = 10;

/// One account.
struct Account<'answer> {
    topic: &'answer str,
    /// As `by car` or `to car.on_drive`.
    end: String,
    counts: &'answer Value,
    reasons: &'static [Counter],
}

impl Account<'_> {
    fn number(&self, key: &str) -> u64 {
        self.counts[key].as_u64().unwrap_or_default()
    }

    fn lost(&self) -> u64 {
        self.reasons.iter().map(|(key, _)| self.number(key)).sum()
    }

    /// The reasons, the most frequent first.
    fn why(&self) -> String {
        let mut reasons: Vec<_> = self
            .reasons
            .iter()
            .map(|(key, name)| (self.number(key), *name))
            .filter(|(lost, _)| *lost > 0)
            .collect();
        reasons.sort_by_key(|(lost, _)| std::cmp::Reverse(*lost));
        reasons.iter().map(|(lost, name)| format!("{name} {}", count(*lost))).collect::<Vec<_>>().join(", ")
    }

    fn waiting(&self) -> u64 {
        self.number("queued") + self.number("running")
    }

    fn done(&self) -> u64 {
        self.number("accepted") + self.number("ok")
    }
}

/// What an audit found, each account with its `verdict`.
pub(crate) fn render(audit: &Value, reader: Reader) -> String {
    // As a topic's screen, it is for people in a pipe too.
    let reader = if reader == Reader::Pipe { Reader::Plain } else { reader };
    let accounts = accounts(audit);
    let mut parts = vec![head(audit, &accounts, reader)];
    parts.extend(worst(&accounts, reader));
    parts.push(all(&accounts, reader));
    parts.join("\n")
}

fn accounts(audit: &Value) -> Vec<Account<'_>> {
    let mut accounts = Vec::new();
    for topic in audit["topics"].as_array().into_iter().flatten() {
        let name = topic["name"].as_str().unwrap_or("-");
        for counts in topic["publishers"].as_array().into_iter().flatten() {
            let end = format!("by {}", counts["node"].as_str().unwrap_or("-"));
            accounts.push(Account { topic: name, end, counts, reasons: &REFUSED });
        }
        for counts in topic["subscriptions"].as_array().into_iter().flatten() {
            let [node, callback] = ["node", "callback"].map(|key| counts[key].as_str().unwrap_or("-"));
            accounts.push(Account {
                topic: name,
                end: format!("to {node}.{callback}"),
                counts,
                reasons: &NOT_DELIVERED,
            });
        }
    }
    accounts
}

fn head(audit: &Value, accounts: &[Account<'_>], reader: Reader) -> String {
    let sum = |of: &dyn Fn(&Account<'_>) -> u64| accounts.iter().map(of).sum::<u64>();
    let (came, lost) = (sum(&|account| account.number("in")), sum(&|account| account.lost()));
    let topics = audit["topics"].as_array().map_or(0, Vec::len);
    let of_verdict = |word: &str| accounts.iter().filter(|account| account.counts["verdict"] == word).count();
    let (unbalanced, moving) = (of_verdict("unbalanced"), of_verdict("moving"));
    let balance = match (unbalanced, moving) {
        (0, 0) => Tone::Good.paint(&format!("all {} accounts balance", accounts.len()), reader),
        (0, moving) => format!("{moving} of {} accounts never stood still", accounts.len()),
        (wrong, _) => {
            Tone::Bad.paint(&format!("{wrong} of {} accounts DO NOT BALANCE", accounts.len()), reader)
        }
    };
    let lost_text = match lost {
        0 => Tone::Good.paint("nothing is lost", reader),
        lost => Tone::Bad.paint(&format!("{} of {} are lost", count(lost), count(came)), reader),
    };
    format!("{lost_text}, {balance} ({topics} topics)\n")
}

/// Where most is lost.
fn worst(accounts: &[Account<'_>], reader: Reader) -> Option<String> {
    let mut losing: Vec<_> = accounts.iter().filter(|account| account.lost() > 0).collect();
    losing.sort_by_key(|account| std::cmp::Reverse(account.lost()));
    let columns =
        vec![Column::number("lost"), Column::text("topic"), Column::text("end"), Column::text("why")];
    let mut table = Table::new(columns);
    for account in losing.iter().take(WORST_MAX) {
        let cells = [account.topic, &account.end, &account.why()].map(Cell::plain);
        table.row(std::iter::once(Cell::bad_count(account.lost())).chain(cells).collect());
    }
    let more = match losing.len().saturating_sub(WORST_MAX) {
        0 => String::new(),
        more => format!("and {more} more, see below\n"),
    };
    (!losing.is_empty()).then(|| table.render(reader) + &more)
}

/// Every account, below its topic.
fn all(accounts: &[Account<'_>], reader: Reader) -> String {
    let numbers = ["in", "done", "lost", "waiting"].map(Column::number);
    let columns = std::iter::once(Column::text("account")).chain(numbers).chain([Column::text("balance")]);
    let mut table = Table::new(columns.collect());
    let mut topic = "";
    for account in accounts {
        if account.topic != topic {
            topic = account.topic;
            let empty = (0..5).map(|_| Cell::plain(""));
            table.row(std::iter::once(Cell::toned(topic, Tone::Strong)).chain(empty).collect());
        }
        let number = |number| Cell::plain(count(number));
        let balance = match account.counts["verdict"].as_str() {
            Some("balanced") => Cell::toned("yes", Tone::Good),
            Some("moving") => Cell::plain("moves"),
            _ => Cell::toned(missing(account), Tone::Bad),
        };
        table.row(vec![
            Cell::plain(format!("  {}", account.end)),
            number(account.number("in")),
            number(account.done()),
            Cell::bad_count(account.lost()),
            number(account.waiting()),
            balance,
        ]);
    }
    table.render(reader)
}

/// By how much an account is off.
fn missing(account: &Account<'_>) -> String {
    let (came, accounted) = (account.number("in"), account.number("accounted"));
    match came.checked_sub(accounted) {
        Some(missing) => format!("NO, {} missing", count(missing)),
        None => format!("NO, {} too many", count(accounted - came)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn audit(node: &str, topic: &str) -> Value {
        json!({ "verdict": "unbalanced", "topics": [
            { "name": "drive", "publishers": [
                { "node": "motion", "in": 1203, "accounted": 1203, "accepted": 1200, "refused_exclusive": 3, "verdict": "balanced" }],
              "subscriptions": [
                { "node": "sim_car", "callback": "on_drive", "in": 1200, "accounted": 1200, "ok": 1200, "verdict": "moving" }] },
            { "name": topic, "publishers": [
                { "node": node, "in": 412, "accounted": 411, "accepted": 411, "verdict": "unbalanced" }],
              "subscriptions": [
                { "node": node, "callback": "on_range", "in": 412, "accounted": 412, "ok": 100, "queued": 2, "overflow": 300,
                  "expired": 10, "verdict": "balanced" }] },
        ]})
    }

    #[test]
    fn where_most_is_lost_stands_first_and_every_account_below() {
        let expected = "\
313 of 3227 are lost, 1 of 4 accounts DO NOT BALANCE (2 topics)

lost  topic  end               why
 310  range  to nav.on_range   overflow 300, expired 10
   3  drive  by motion         exclusive 3

account                 in  done  lost  waiting  balance
drive
  by motion           1203  1200     3        0  yes
  to sim_car.on_drive 1200  1200     0        0  moves
range
  by nav               412   411     0        0  NO, 1 missing
  to nav.on_range      412   100   310        2  yes
";
        let squeeze =
            |text: &str| text.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(&render(&audit("nav", "range"), Reader::Pipe)), squeeze(expected));
    }

    #[test]
    fn with_the_longest_names_it_still_fits_80_columns() {
        let screen = render(&audit(&"n".repeat(48), &"t".repeat(128)), Reader::Plain);
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
        assert!(screen.contains("overflow 300"), "{screen}");
    }
}
