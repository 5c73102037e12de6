//! Another text of the same configuration: put in place, or only compared with what there is.

use super::act::Came;
use super::world::{World, config};
use tidings::decide::against;

/// `reload "s|old|new|"` …: the same text with these changes.
pub fn reload(world: &mut World, changes: &[&str], text: &mut String) -> Came {
    *text = changed(changes, text);
    let config = config(text);
    (None, world.adopt(config.text, config.policy))
}

/// `against "s|old|new|"` …: what a reload of that would leave behind, a line for each thing; nothing changes.
pub fn left_behind(world: &World, changes: &[&str], text: &str) -> Option<String> {
    let next = config(&changed(changes, text)).policy;
    let found = against(&world.state, &world.policy, &next);
    let line = |orphan: &tidings::decide::Orphan| {
        let whose = orphan.recipient.as_ref().map(|recipient| recipient.as_str().split('#').next());
        let kind = serde_json::to_value(orphan.kind).unwrap();
        let audience = orphan.audience.as_ref().map(|audience| audience.as_str());
        let names = [kind.as_str(), orphan.case.as_deref(), audience, whose.flatten()];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        format!("{}: {}", names.join(" "), orphan.text)
    };
    let lines: Vec<String> = found.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n    -> "))
}

fn changed(changes: &[&str], text: &str) -> String {
    let mut text = text.to_owned();
    for change in changes {
        let parts: Vec<&str> = change.split('|').collect();
        let &["s", old, new, ""] = parts.as_slice() else { panic!("no change: {change}") };
        let (old, new) =
            (old.replace("''", "\"").replace("\\n", "\n"), new.replace("''", "\"").replace("\\n", "\n"));
        assert!(text.contains(&old), "the policy does not hold {old:?}");
        text = text.replace(&old, &new);
    }
    text
}
