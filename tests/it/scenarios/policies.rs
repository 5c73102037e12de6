//! Random policies: a few choices of how rows pace, hold back, promise and want approval.

/// What a policy is made of.
pub(super) type Choices = (u8, u8, u8, u8, u8, u8);

/// How a row to insiders or to business keeps its audience told.
fn inside(choice: u8) -> &'static str {
    [
        "",
        "lasting = \"2m\"\nfirst_within = \"5m\"",
        "update_every = \"10m\"",
        "update_every = \"10m\"\nholding_update = false",
        "ack_within = \"3m\"\nescalate_to = \"desk\"",
        "fallback = { after = \"1m\", via = [\"mail\", \"sms\"] }\nupdate_every = \"30m\"",
        "hold_resolved = \"5m\"\ndeadlines = [\"7m\", \"1h\"]",
        "after = [\"wall\", \"desk\"]\nack_within = \"10m\"",
    ][usize::from(choice) % 8]
}

/// The same of a row about alerts.
fn alerts(choice: u8) -> &'static str {
    if choice % 8 == 1 { "first_within = \"5m\"" } else { inside(choice) }
}

/// The same of a row to outsiders.
fn outsiders(choice: u8) -> &'static str {
    [
        "approve = false",
        "approve = true\nfirst_within = \"6m\"",
        "approve = true\nfirst_within = \"6m\"\nunapproved = { after = \"2m\", escalate_to = \"duty\", at_due = \"nothing\" }",
        "approve = true\nhold_resolved = \"4m\"\nupdate_every = \"15m\"\nfirst_within = \"1m\"",
        "approve = false\nupdate_every = \"10m\"\nfirst_within = \"20m\"",
        "approve = true",
        "approve = false\nhold_resolved = \"10m\"\nafter = [\"duty\"]",
        "approve = true\ndeadlines = [\"9m\"]\nupdate_every = \"on change\"",
    ][usize::from(choice) % 8]
}

/// A policy from a few choices.
pub(super) fn policy(choices: Choices) -> String {
    let shop = include_str!("../../scenarios/policies/shop.toml");
    let (pace, ways, people, rows, keep, outside) = choices;
    let pace = ["", "throttle = { max = 2, per = \"5m\" }", "repeat_every = \"20m\"", "dedupe_for = \"0s\""]
        [usize::from(pace) % 4];
    let via = [
        "[\"mail\"]",
        "[\"sms\"]",
        "{ opening = [\"sms\"], update = [\"mail\"] }",
        "{ urgent = [\"sms\", \"mail\"], other = [\"mail\"], resolution = [\"sms\"] }",
    ][usize::from(ways) % 4];
    let by = ["[\"alertname\"]", "[\"...\"]", "[]"][usize::from(ways) % 3];
    let shop = match people % 3 {
        0 => shop.to_owned(),
        1 => shop.replace("roles = [\"executive\"]", "roles = [\"executive\", \"duty\"]"),
        _ => shop.replace(
            "[audience.executives]\ndisclosure = \"business\"",
            "[audience.executives]\ndisclosure = \"external\"",
        ),
    };
    let jonas = [
        "",
        "backup = \"mara\"\n",
        "backup = \"mara\"\naway = true\n",
        "backup = \"mara\"\naway = { from = \"2026-11-21T12:10:00Z\", until = \"2026-11-21T12:40:00Z\" }\n",
    ][usize::from(people) / 3 % 4];
    let shop = shop.replace("[contact.jonas]\n", &format!("[contact.jonas]\n{jonas}"));
    let approve = if people % 3 == 2 { outsiders(outside) } else { inside(outside) };
    let (pages, kept) = (alerts(keep), inside(keep));
    let customers = outsiders(outside / 8);
    let mut text = format!(
        "{shop}\n[[route]]\nname = \"pages\"\nkind = \"alert\"\naudience = \"duty\"\nvia = {via}\ngroup_by = {by}\n{pace}\n{pages}\n\
         [[route]]\nname = \"incidents\"\nkind = \"incident\"\naudience = \"duty\"\nvia = {via}\n{pace}\n{kept}\n"
    );
    if rows % 2 == 0 {
        text.push_str(&format!(
            "[[route]]\nname = \"executives\"\nkind = \"incident\"\nseverity = \"sev2 or worse\"\naudience = \"executives\"\nvia = {via}\n{approve}\n"
        ));
    }
    if rows % 5 < 2 {
        text.push_str("[[incident]]\nname = \"auto\"\nmatch = [\"alertname=~\\\"A|B\\\"\"]\nlasting = \"1m\"\ngroup_by = [\"cluster\"]\nresolve_after = \"5m\"\n");
    }
    if rows % 3 == 0 {
        text.push_str(&format!(
            "[[route]]\nname = \"customers\"\nkind = \"alert\"\nseverity = \"sev2 or worse\"\naudience = \"customers\"\n{customers}\n"
        ));
    }
    text
}
