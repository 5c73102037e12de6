//! Mistakes in rules that open incidents: one each, its code, and the line that it is shown at.

use super::wrong;

const ROW: &str = "[[route]]\nname = \"all\"\nkind = \"alert\"\naudience = \"duty\"\n";

/// More behind the base, and its one mistake: the code and the line.
const TABLE: &[(&str, &str, &str)] = &[
    ("[[incident]]\nname = \"x\"", "incident::no-condition", "[[incident]]"),
    ("[[incident]]\nseverity = \"sev1\"", "key::missing", "[[incident]]"),
    ("[[incident]]\nname = \"x\"\nseverity = \"sev7\"", "severity::unknown-severity", "severity = \"sev7\""),
    (
        "[[incident]]\nname = \"x\"\nmatch = ['a=\"b\"']\nopens = \"sev7\"",
        "severity::unknown-severity",
        "opens = \"sev7\"",
    ),
    (
        "[[incident]]\nname = \"x\"\nmatch = ['a=\"b\"']\ntitle = { publik = \"A\" }",
        "key::value",
        "title = { publik = \"A\" }",
    ),
    ("[[incident]]\nname = \"x\"\nmatch = ['a=\"b\"']\nnote = \"\"", "key::value", "note = \"\""),
    (
        "[[incident]]\nname = \"x\"\nmatch = ['a=\"b\"']\ncomponents = [\"chekout\"]",
        "incident::unknown-component",
        "components = [\"chekout\"]",
    ),
    (
        "[[incident]]\nname = \"x\"\nmatch = ['a=\"b\"']\nresolve_after = \"soon\"",
        "key::value",
        "resolve_after = \"soon\"",
    ),
    (
        "[[incident]]\nname = \"x\"\nseverity = \"sev1\"\n[[incident]]\nname = \"x\" # two\nseverity = \"sev2\"",
        "incident::twice",
        "name = \"x\" # two",
    ),
];

#[test]
fn every_mistake_in_a_rule_is_shown_at_its_line() {
    for (more, code, line) in TABLE {
        assert_eq!(wrong(&format!("{ROW}{more}\n")), [(*code, (*line).to_owned())], "{more}");
    }
}
