//! The reference of templates, made from the table of fields: `docs/templates.md`.

use crate::message::{Disclosure, FIELDS, TEMPLATE_WORDS};
use std::fmt::Write;

const INTRODUCTION: &str = r#"<!-- Generated from the table of fields: do not edit. UPDATE_EXPECT=1 writes it anew. -->
# Templates

A template says in the words of the house what Tidings says in its own where there is none. A row names it as `template`.
It is read when the configuration is: a field that its readers may not see, or that there is not, is a mistake with its line
and column. What fails to render while messages are written gives the built-in text: no message is lost by a template.

```toml
# fragment
[template.partners]
agreed_by = "legal, 2026-10-01"
body      = "{{ stage_in_words | default('We are working on it.') }}"
opening   = { short = "Something does not work as it should ({{ reference }})." }

[template.partners.resolution]
body = "This is over. What happened you will read by {{ write_up | time | default('the end of the week') }}."

[template.partners.component.checkout]
short = "Paying is disturbed ({{ reference }})."

[component.checkout]
public = "Checkout"

[audience.partners]
disclosure   = "external"
destinations = ["screen:partners"]

[[route]]
name            = "partners"
kind            = "incident"
customer_impact = true
audience        = "partners"
approve         = false
template        = "partners"
```

## Which text is used

A template has three parts: `title` and `short`, which are one line, and `body`, which is Markdown. Each part is looked for
by itself, and the first that is there is used:

1. of the first affected component that the template knows, of the phase: `[template.NAME.component.ID.opening]`;
2. of that component: `[template.NAME.component.ID]`;
3. the same for the next component, in the order of the event;
4. of the phase: `[template.NAME.opening]`, or `opening = { … }`;
5. the template's own: `[template.NAME]`;
6. what Tidings writes.

Phases are `opening`, `update`, `reminder`, `holding`, `escalation` and `resolution`. Whoever first hears of a case when it is
over reads the resolution. What is written up after the end is always written by Tidings (R27). Only a component with a
public name can have texts: by another, outsiders would learn of it.

The promise of the next update and the remark that a message is late are added to every body; `{{ next_update() }}` and
`{{ delay() }}` put them elsewhere.

## Agreed texts

With `agreed_by`, which says who agreed and when, a template may name only the fields marked *agreed* below: those that nobody
writes freely. Such a text needs no approval where it serves as holding update or as the word that is due and still
unapproved (R23). It is written from a case without any free text, so nothing can slip into it. Where a message must be in
agreed words and the row's template is not agreed on, Tidings' own agreed words are used.

`tidings preview --audience NAME CASE.json` shows every phase on every sort of channel; `--agreed` shows it in agreed words.
Where the event has a `write_up`, its word after the end is shown too, as `write-up`; no template writes that one.

## The language

"#;

/// `docs/templates.md`: how templates are chosen and written, and every field with who may read it.
pub fn templates_md() -> String {
    let mut out = INTRODUCTION.to_owned();
    out.push_str(
        "It is that of Jinja, as far as listed. `{{ field }}` prints; in a body, what is printed forms no mark-up.\n\
         A field that is not known is none: `default` gives a value for it, and `{% if … %}` asks.\n\n| what | there is |\n|---|---|\n",
    );
    for (what, words) in TEMPLATE_WORDS {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let _ = writeln!(out, "| {what} | {} |", words.join(", "));
    }
    for level in Disclosure::ALL.into_iter().rev() {
        let readers = match level {
            Disclosure::External => "Every audience may read these.",
            Disclosure::Business => "Internal and business audiences may read these too.",
            Disclosure::Internal => "Internal audiences alone may read these.",
        };
        let _ =
            write!(out, "\n## Fields: {level}\n\n{readers}\n\n| field | agreed | what |\n|---|---|---|\n");
        for row in FIELDS.iter().filter(|row| row.level == level) {
            let (agreed, list) =
                (if row.is_agreed() { "yes" } else { "" }, if row.list { " (a list)" } else { "" });
            let _ = writeln!(out, "| `{}` | {agreed} | {}{list} |", row.path, row.help);
        }
    }
    out
}
