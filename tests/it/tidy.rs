//! What no compiler checks and every file here keeps to (DESIGN, section 6); each check is shown to bite.

mod bite;
mod check;
mod source;

fn demand(rule: &str, check: fn(&[source::Source]) -> check::Offences) {
    let offences = check(&source::repository());
    assert!(offences.is_empty(), "{rule}\n  {}\n", offences.join("\n  "));
}

#[test]
fn every_file_opens_with_a_sentence() {
    demand(
        "Each .rs file opens with one `//!` sentence that says what it is for:",
        check::opens_with_a_sentence,
    );
}

#[test]
fn imports_go_one_way() {
    demand(
        "event ← message ← decide ← {ingest, journal, deliver, history} ← config ← daemon ← cli; siblings never meet:",
        check::imports,
    );
}

#[test]
fn event_message_and_decide_are_pure() {
    demand(
        "No async, clock, chance, environment, logging, metrics, floats or unordered maps there:",
        check::purity,
    );
}

#[test]
fn files_are_short() {
    demand("A file that long has more than one reason to change: split it:", check::file_size);
}

#[test]
fn functions_fit_a_screen() {
    demand("Split the function:", check::function_size);
}

#[test]
fn no_module_is_a_drawer() {
    demand("Name a module after what is in it:", check::module_names);
}

#[test]
fn nothing_is_left_unfinished() {
    demand("Do it, or write an issue:", check::unfinished);
}

#[test]
fn no_lint_is_allowed_and_no_test_ignored() {
    demand("Use `#[expect(lint, reason = …)]`; assert wrong behaviour with its reason:", check::attributes);
}

#[test]
fn nothing_panics_on_purpose_outside_tests() {
    demand("Return an error, or `expect(\"why this cannot happen\")`:", check::panics);
}

#[test]
fn the_repository_speaks_of_the_project_alone() {
    demand("Say it without this word, path or address:", check::banned_words);
}

#[test]
fn a_kind_of_channel_is_one_file_and_a_few_lines() {
    demand("What is particular to a kind of channel belongs into its own file:", check::channel_kinds);
}
