//! `nevil topic find`.

use clap::Args;
use nevil_launch::Request;
use nevil_msgs::nearest;
use serde_json::json;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{print, print_json};

/// Show the topics that carry messages of a type
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil topic find Drive\n  nevil topic find Drive --count-topics")]
pub(crate) struct TopicFindArgs {
    /// The type (see `nevil topic list`)
    #[arg(value_name = "TYPE")]
    type_name: String,
    /// Show only how many they are
    #[arg(short, long, conflicts_with = "json")]
    count_topics: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl TopicFindArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::TopicList)?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let topics = answer["topics"].as_array().into_iter().flatten();
        let (topics, mut types): (Vec<_>, Vec<_>) =
            topics.map(|topic| ((text(&topic["name"]), text(&topic["type"])), text(&topic["type"]))).unzip();
        types.sort_unstable();
        types.dedup();
        let found = topics.into_iter().filter(|(_, carried)| *carried == self.type_name);
        let found: Vec<_> = found.map(|(name, _)| name).collect();
        if found.is_empty() {
            return Err(Failure::Failed(unknown_type(&self.type_name, &types)));
        }
        if self.json {
            return print_json(&json!({ "type": self.type_name, "topics": found }));
        }
        match self.count_topics {
            true => print(format_args!("{}\n", found.len())),
            false => print(found.join("\n") + "\n"),
        }
    }
}

fn unknown_type(given: &str, known: &[String]) -> String {
    // Letters of another case are no errors of one who knows the name.
    let lower: Vec<_> = known.iter().map(|name| name.to_lowercase()).collect();
    let meant = nearest(&given.to_lowercase(), &lower)
        .and_then(|meant| known.iter().find(|name| name.to_lowercase() == meant));
    let meant = meant.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    format!("no topic carries `{given}`{meant}; types on the topics of this robot are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::unknown_type;

    #[test]
    fn an_unknown_type_names_the_nearest_whatever_its_case() {
        let known = ["Drive", "Range"].map(str::to_owned);
        let end = "; types on the topics of this robot are Drive, Range";
        assert_eq!(
            unknown_type("drvie", &known),
            format!("no topic carries `drvie`, did you mean `Drive`?{end}")
        );
        assert_eq!(unknown_type("Camera", &known), format!("no topic carries `Camera`{end}"));
    }
}
