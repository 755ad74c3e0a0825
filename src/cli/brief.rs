//! The short help (`-h`): of commands with many options those that most people need; `--help` has all of them.

use clap::Command;

/// Options that the short help of a command shows, beside its arguments and `-h`.
const SHOWN: &[(&str, &[&str])] = &[
    ("fit", &["score", "adjusted", "before", "after", "family", "cutoff", "chance", "curve", "predict", "out"]),
    ("report", &["score", "adjusted", "before", "after", "family", "cutoff", "chance", "out"]),
    ("explore", &["score", "adjusted", "before", "after", "family", "cutoff", "chance", "port"]),
    #[cfg(feature = "models")]
    (
        "evaluate",
        &["tasks", "data", "task_dir", "out", "server", "shots", "limit", "apply_chat_template", "device", "dry_run"],
    ),
    ("loss-law", &["compute", "loss", "params", "tokens", "params_unit", "tokens_unit", "cluster", "out"]),
    (
        "loss-then-score",
        &["score", "loss", "metric", "loss_metric", "at_most", "train", "all", "target", "average", "out"],
    ),
    ("emergence-law", &["score", "metric", "adjusted", "chance", "only", "at_most", "cluster", "out"]),
    ("observational", &["score", "from", "at_most", "train", "all", "predict", "components", "chance", "out"]),
    ("agree", &["score", "adjusted", "before", "after", "metric", "out"]),
];

/// The program's commands with their short helps.
pub(super) fn command(whole: Command) -> Command {
    SHOWN.iter().fold(whole, |command, (name, shown)| {
        command.mut_subcommand(name, |command| {
            command.mut_args(|arg| {
                let hidden = !arg.is_positional() && !shown.contains(&arg.get_id().as_str());
                arg.hide_short_help(hidden)
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    #[test]
    fn the_short_help_shows_the_options_named_and_the_long_one_all() {
        let mut command = command(Cli::command());
        command.build();
        for &(name, shown) in SHOWN {
            let own = command.find_subcommand_mut(name).expect("a command");
            let (short, long) = (own.render_help().to_string(), own.render_long_help().to_string());
            for id in shown {
                let arg = own.get_arguments().find(|arg| arg.get_id() == id).unwrap_or_else(|| panic!("{name}: {id}"));
                let flag = format!("--{}", arg.get_long().expect("an option"));
                assert!(short.contains(&flag) && long.contains(&flag), "{name} {flag}");
            }
            let has = |text: &str, flag: &str| text.lines().any(|line| line.trim_start().starts_with(flag));
            let others =
                own.get_arguments().filter(|arg| !shown.contains(&arg.get_id().as_str()) && !arg.is_hide_set());
            let others: Vec<String> = others.filter_map(|arg| arg.get_long()).map(|long| format!("--{long}")).collect();
            let left: Vec<&String> = others.iter().filter(|flag| has(&short, flag)).collect();
            assert!(left.is_empty(), "{name}: {left:?}");
            assert!(others.iter().any(|flag| has(&long, flag)), "{name}");
        }
    }
}
