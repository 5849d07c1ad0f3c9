//! `docs/guides.md`, from the steps.

use std::fmt::Write;

use super::{Guide, Guides};

pub(super) fn render(guides: &Guides) -> String {
    let mut text = format!("# Four hand-install guides, done by kboot\n\n{}\n", guides.about.trim());
    text.push_str("\nWhat differs in every unit, and why:\n\n");
    for difference in &guides.every_unit {
        let names: Vec<String> = difference.what.iter().map(|name| format!("`{name}`")).collect();
        writeln!(text, "- {}: {}", names.join(", "), difference.why.trim().replace('\n', " ")).unwrap();
    }
    for guide in &guides.guides {
        render_guide(&mut text, guide).unwrap();
    }
    text.push_str("\n## Steps outside kboot\n\n| step | what kboot has for it |\n|---|---|\n");
    for outside in &guides.outside {
        writeln!(text, "| {} | {} |", cell(&outside.what), cell(&outside.kboot)).unwrap();
    }
    text
}

fn cell(text: &str) -> String {
    text.trim().replace('\n', " ").replace('|', "\\|")
}

fn render_guide(text: &mut String, guide: &Guide) -> std::fmt::Result {
    writeln!(text, "\n## Guide {}: {}\n\n{}", guide.name, guide.title, guide.about.trim())?;
    let example = &guide.example;
    writeln!(text, "\nCluster file: [`examples/guides/{example}.yaml`](../examples/guides/{example}.yaml).")?;
    text.push_str("\n| step | by hand | with kboot |\n|---|---|---|\n");
    for step in &guide.steps {
        writeln!(text, "| {} | {} | {} |", cell(&step.step), cell(&step.by_hand), cell(&step.kboot))?;
    }
    text.push_str("\nWhere kboot writes the guide's files:\n\n| guide | kboot |\n|---|---|\n");
    for (theirs, ours) in &guide.files {
        writeln!(text, "| `{theirs}` | `{ours}` |")?;
    }
    text.push_str("\nWhat differs on purpose, and why:\n");
    for step in guide.steps.iter().filter(|step| !step.differs.is_empty()) {
        writeln!(text, "\n- **{}**", step.step)?;
        for difference in &step.differs {
            writeln!(text, "  - {}", difference.why.trim().replace('\n', " "))?;
            for what in &difference.what {
                writeln!(text, "    - `{what}`")?;
            }
        }
    }
    text.push_str("\nMistakes of the guide that people copy:\n\n");
    for mistake in &guide.mistakes {
        writeln!(text, "- {}", mistake.trim().replace('\n', " "))?;
    }
    Ok(())
}
