//! The one table of what each level may read (DESIGN, section 8): what is not listed here is shown to nobody.

use super::Disclosure;
use super::Disclosure::{Business, External, Internal};

/// One thing that a view may hold.
#[derive(Clone, Copy, Debug)]
pub struct FieldRow {
    /// Its name in templates and in `data`; a dot leads into an object.
    pub path: &'static str,
    /// The least trusted level that may read it.
    pub level: Disclosure,
    /// Whether it is a list.
    pub list: bool,
    /// What it is, for the reference of templates.
    pub help: &'static str,
}

macro_rules! fields {
    ($($field:ident $path:literal $level:ident $shape:ident $help:literal;)*) => {
        /// The rows of the table, by name.
        #[expect(dead_code, reason = "what every level reads is never asked for, and stands here for the table's sake")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field {
            $(#[doc = $help] $field,)*
        }

        /// Every field with its level; `FIELDS[field as usize]` is the row of a field.
        pub static FIELDS: &[FieldRow] = &[
            $(FieldRow { path: $path, level: $level, list: fields!(@list $shape), help: $help },)*
        ];
    };
    (@list one) => { false };
    (@list list) => { true };
}

// A layered text stands under one name: each level reads its own layer of it, or a less internal one.
fields! {
    About "about" External one "What the message is about: alerts, incident, digest or notice";
    Kind "kind" External one "What the message is for: opening, update, reminder, escalation, holding, resolution";
    Status "status" External one "open, resolved or, for insiders only, lost";
    Reference "reference" External one "The case's name for this audience";
    PublicReference "public_reference" External one "The case's name for outsiders";
    Title "title" External one "One line that names the case";
    Reopened "reopened" External one "Whether the case had ended and came back";
    OpenedAt "opened_at" External one "When the case began";
    ResolvedAt "resolved_at" External one "When the case ended";
    Advice "advice" External one "Of an incident, for outsiders alone: what their programs should do: fall_back, retry or resume";
    WriteUp "write_up" External one "By when the write-up is promised; known once the case has ended";
    Note "note" External one "What is known or being done";
    Workaround "workaround" External one "What works meanwhile";
    DataSafety "data_safety" External one "Whether data is safe";
    Resolution "resolution" External one "What happened, said at the end";
    WriteUpText "write_up_text" External one "What was found and what is changed; known once it was written after the end";
    GoesOnAs "goes_on_as" External one "The case as which it goes on where it was merged, by its name for this audience";
    Stage "stage" External one "investigating, identified, monitoring or resolved";
    StageInWords "stage_in_words" External one "The stage as a sentence";
    Components "components" External list "Affected components that have a public name: name, state";
    ScopeShare "scope.share" External one "How many are affected: some, many, all, or words of one's own";
    ScopeRegions "scope.regions" External list "Where";
    ExpectedEndAt "expected_end.at" External one "When it should end; for outsiders only when it is marked public";
    Total "total" External one "How many cases a digest stands for";
    Cases "cases" External list "The cases of a digest";

    // A change inside is not for outsiders to see; `opened_at` and `resolved_at` are the times that they are told.
    ChangedAt "changed_at" Business one "When the case last changed";
    Severity "severity" Business one "The severity's name";
    Urgent "urgent" Business one "Whether the case is urgent";
    CustomerImpact "customer_impact" Business one "Whether customers are affected";
    ImpactCustomers "impact.customers" Business one "How many customers";
    ImpactShare "impact.share" Business one "Their share of all customers";
    ImpactRevenue "impact.revenue_per_hour" Business one "Lost revenue in an hour";
    ImpactAccounts "impact.accounts" Business list "Customers by name";
    NeedsWhat "needs.what" Business one "What is needed";
    NeedsWho "needs.who" Business one "From whom";
    NeedsBy "needs.by" Business one "By when";
    ExpectedEndConfidence "expected_end.confidence" Business one "How sure the expected end is";
    ExpectedEndPublic "expected_end.public" Business one "Whether outsiders may be told the expected end";
    DataExposure "data_exposure" Business one "Whether data was exposed";
    Regulatory "regulatory" Business one "Whether a regulator must be told";
    Visibility "visibility" Business one "Who outside has noticed: none, customers, public, press";
    CustomerTitle "customer_texts.title" Business one "The public title, as customers read it";
    CustomerNote "customer_texts.note" Business one "The public note, as customers read it";
    CustomerWorkaround "customer_texts.workaround" Business one "The public workaround, as customers read it";
    CustomerDataSafety "customer_texts.data_safety" Business one "The public word on data, as customers read it";
    CustomerResolution "customer_texts.resolution" Business one "The public resolution, as customers read it";
    CustomersToldText "customers_told.text" Business one "What customers were told last, word for word";
    CustomersToldAt "customers_told.at" Business one "When they were told it";
    CaseSeverity "cases.severity" Business one "In each case of a digest: the severity's name";
    CaseAt "cases.at" Business one "In each case of a digest: when it last changed";

    Route "route" Internal one "The row that governs";
    Audience "audience" Internal one "The audience that is told";
    GroupLabels "group_labels" Internal one "The labels that the group is made by";
    Alerts "alerts" Internal list "The alerts: fingerprint, status, severity, labels, annotations, starts_at, ends_at, url, source";
    Firing "firing" Internal one "How many alerts fire";
    Ended "ended" Internal one "How many alerts have ended since they were told";
    Truncated "truncated" Internal one "How many alerts are not shown";
    Incident "incident" Internal one "The incident's own id";
    ReportedSeverity "reported_severity" Internal one "The severity as the source writes it";
    ComponentIds "component_ids" Internal list "Affected components by id";
    BusinessTitle "business_texts.title" Internal one "The business title";
    BusinessNote "business_texts.note" Internal one "The business note";
    BusinessWorkaround "business_texts.workaround" Internal one "The business workaround";
    BusinessDataSafety "business_texts.data_safety" Internal one "The business word on data";
    BusinessResolution "business_texts.resolution" Internal one "The business resolution";
    Commander "commander" Internal one "Who leads the work";
    CommsLead "comms_lead" Internal one "Who leads the communication";
    AcknowledgedBy "acknowledged_by" Internal one "Who has acknowledged the case";
    Labels "labels" Internal one "The incident's labels";
    Source "source" Internal one "Who reported the incident";
    Reason "reason" Internal one "Why the cases of a digest come together";
    Text "text" Internal one "The text of a notice about the work of Tidings itself";
}

impl Field {
    /// Whether a reader of `level` may see it.
    pub(super) fn is_for(self, level: Disclosure) -> bool {
        level.may_read(FIELDS[self as usize].level)
    }
}

/// What the table says of a path that a template names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This level may read it.
    Allowed,
    /// Only a more trusted level may: the least trusted of those.
    Above(Disclosure),
    /// It is not listed.
    Unknown,
}

/// What the table says of `path` for a reader of `level`. An object may be named where any of its fields may be.
pub(super) fn verdict(path: &str, level: Disclosure) -> Verdict {
    let leads = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    // The most exact row first, so that `cases.severity` is not allowed because `cases` is.
    let exact = FIELDS.iter().filter(|row| leads(path, row.path)).max_by_key(|row| row.path.len());
    let found = exact
        .map(|row| row.level)
        .or_else(|| FIELDS.iter().filter(|row| leads(row.path, path)).map(|row| row.level).max());
    match found {
        None => Verdict::Unknown,
        Some(least) if level.may_read(least) => Verdict::Allowed,
        Some(least) => Verdict::Above(least),
    }
}

/// Whether a reader of `level` may read the field of this name (DESIGN, section 8); what is not listed is internal.
pub fn may_read(path: &str, level: Disclosure) -> bool {
    level == Internal || verdict(path, level) == Verdict::Allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(level: Disclosure) -> Vec<&'static str> {
        FIELDS.iter().filter(|row| row.level == level).map(|row| row.path).collect()
    }

    /// The lists of DESIGN, section 8, in words of the table. Whoever opens a field changes this test too, on purpose.
    #[test]
    fn the_table_says_what_the_design_says() {
        let external = "about kind status reference public_reference title reopened opened_at resolved_at advice write_up note \
             workaround data_safety resolution write_up_text goes_on_as stage stage_in_words components scope.share scope.regions \
             expected_end.at total cases";
        let business = "changed_at severity urgent customer_impact impact.customers impact.share \
             impact.revenue_per_hour impact.accounts needs.what needs.who needs.by expected_end.confidence \
             expected_end.public data_exposure regulatory visibility customer_texts.title customer_texts.note \
             customer_texts.workaround customer_texts.data_safety customer_texts.resolution customers_told.text \
             customers_told.at cases.severity cases.at";
        assert_eq!(paths(External).join(" "), external.split_whitespace().collect::<Vec<_>>().join(" "));
        assert_eq!(paths(Business).join(" "), business.split_whitespace().collect::<Vec<_>>().join(" "));
        for word in ["alerts", "labels", "source", "commander", "component_ids", "group_labels", "route"] {
            assert!(paths(Internal).contains(&word), "{word}");
        }
    }

    #[test]
    fn a_path_is_judged_by_its_most_exact_row() {
        assert_eq!(verdict("scope", External), Verdict::Allowed);
        assert_eq!(verdict("scope.share", External), Verdict::Allowed);
        assert_eq!(verdict("impact", External), Verdict::Above(Business));
        assert_eq!(verdict("cases.severity", External), Verdict::Above(Business));
        assert_eq!(verdict("expected_end.confidence", External), Verdict::Above(Business));
        assert_eq!(verdict("alerts.labels", Business), Verdict::Above(Internal));
        assert_eq!(verdict("scopes", External), Verdict::Unknown);
        assert_eq!(verdict("impact.customerz", Internal), Verdict::Unknown);
        for row in FIELDS {
            assert_eq!(verdict(row.path, row.level), Verdict::Allowed, "{}", row.path);
        }
    }
}
