//! The cut: from a subject, which holds everything, to the view of one level, by the one table.

use super::layer::{NEUTRAL_WRITE_UP, advice, component_state, layer, neutral_note, stage_in_words};
use super::line::{self, text};
use super::table::Field;
use super::title::title;
use super::view::{
    AlertView, CaseView, CleanLabels, ComponentView, Detail, DigestView, ExpectedEndView, GroupView,
    ImpactView, IncidentView, NeedsView, NoticeView, ScopeView, TextsView, ToldView, View,
};
use super::{About, AlertItem, CaseStatus, DigestItem, Disclosure, IncidentRecord, Subject, Wording};
use crate::event::{Layered, Stage, Time};
use std::borrow::Cow;

/// What a reader of `level` may see of the subject.
pub fn view<'a>(subject: &'a Subject<'a>, level: Disclosure) -> View<'a> {
    let see = Sight(level);
    // Each field is named, so that a new one is either cut here or does not compile.
    let Subject {
        kind,
        status: _,
        severity,
        urgent,
        reopened,
        reference: _,
        public_reference,
        opened_at,
        changed_at,
        resolved_at,
        route,
        audience,
        customers_told,
        write_up,
        hold,
        about,
    } = subject;
    let status = status_of(subject, level);
    let held = *hold && subject.status == CaseStatus::Resolved;
    let (about, detail) = detail(about, status, held, see);
    let advice = match &detail {
        Detail::Incident(incident) if level == Disclosure::External => Some(advice(status, incident.stage)),
        _ => None,
    };
    View {
        level,
        wording: Wording::Free,
        about,
        kind: *kind,
        status,
        severity: see.is(Field::Severity, *severity),
        urgent: see.is(Field::Urgent, *urgent),
        reference: reference_at(subject, level),
        public_reference,
        title: title(subject, level),
        reopened: *reopened,
        opened_at: *opened_at,
        changed_at: see.is(Field::ChangedAt, *changed_at),
        resolved_at: resolved_at.filter(|_| status != CaseStatus::Open),
        route: see.when(Field::Route, || text(route)),
        audience: see.when(Field::Audience, || text(audience)),
        customers_told: told(*customers_told, see),
        write_up: see.maybe(Field::WriteUp, *write_up).filter(|_| status == CaseStatus::Resolved),
        advice,
        detail,
    }
}

/// The word for what it is about, and that part of the view.
fn detail<'a>(
    about: &'a About<'a>,
    status: CaseStatus,
    held: bool,
    see: Sight,
) -> (&'static str, Detail<'a>) {
    match about {
        About::Alerts { group, shown, firing, ended, truncated } => {
            let group = GroupView {
                group_labels: see.is(Field::GroupLabels, CleanLabels(group)),
                alerts: see.when(Field::Alerts, || shown.iter().map(alert).collect()),
                firing: see.is(Field::Firing, *firing),
                ended: see.is(Field::Ended, *ended),
                truncated: see.is(Field::Truncated, *truncated),
            };
            ("alerts", Detail::Group(group))
        }
        About::Incident(record) => {
            ("incident", Detail::Incident(Box::new(incident(record, status, held, see))))
        }
        About::Digest { reason, shown, total } => {
            let cases = shown.iter().map(|item| case(item, see)).collect();
            let digest =
                DigestView { reason: see.when(Field::Reason, || text(reason)), total: *total, cases };
            ("digest", Detail::Digest(digest))
        }
        About::Notice { title: _, text: words, level: made_for } => {
            let readable = see.0.may_read(*made_for);
            ("notice", Detail::Notice(NoticeView { text: readable.then(|| text(words)) }))
        }
    }
}

/// What the subject's case is for a reader of `level`: open as long as its end is held back (R26).
pub(super) fn status_of(subject: &Subject<'_>, level: Disclosure) -> CaseStatus {
    match subject.status {
        CaseStatus::Resolved if subject.hold => CaseStatus::Open,
        status => status_at(status, level),
    }
}

/// What the case is for a reader of `level`: whom nobody told that it ended is not told that it was lost (R5).
pub(super) fn status_at(status: CaseStatus, level: Disclosure) -> CaseStatus {
    match status {
        CaseStatus::Lost if level != Disclosure::Internal => CaseStatus::Open,
        status => status,
    }
}

/// The case's name for a reader of `level`.
pub(super) fn reference_at<'a>(subject: &Subject<'a>, level: Disclosure) -> Cow<'a, str> {
    match level {
        Disclosure::Internal => line::one_line(subject.reference),
        _ => Cow::Borrowed(subject.public_reference),
    }
}

/// One level's eyes on the table.
#[derive(Clone, Copy)]
struct Sight(Disclosure);

impl Sight {
    fn is<T>(self, field: Field, value: T) -> Option<T> {
        field.is_for(self.0).then_some(value)
    }

    fn when<T>(self, field: Field, value: impl FnOnce() -> T) -> Option<T> {
        field.is_for(self.0).then(value)
    }

    fn maybe<T>(self, field: Field, value: Option<T>) -> Option<T> {
        value.filter(|_| field.is_for(self.0))
    }

    fn text<'a>(self, field: Field, words: Option<&'a str>) -> Option<Cow<'a, str>> {
        self.maybe(field, words).map(text)
    }

    fn texts<'a>(self, field: Field, words: &'a [Box<str>]) -> Vec<Cow<'a, str>> {
        if field.is_for(self.0) { texts(words) } else { Vec::new() }
    }

    fn layer<'a>(self, field: Field, words: &'a Option<Layered>) -> Option<Cow<'a, str>> {
        self.text(field, layer(words.as_ref(), self.0))
    }
}

fn told<'a>(said: Option<(&'a str, Time)>, see: Sight) -> Option<ToldView<'a>> {
    let (words, at) = said.filter(|(words, _)| !words.trim().is_empty())?;
    Some(ToldView {
        text: see.text(Field::CustomersToldText, Some(words))?,
        at: see.is(Field::CustomersToldAt, at)?,
    })
}

fn texts(words: &[Box<str>]) -> Vec<Cow<'_, str>> {
    words.iter().filter(|word| !word.trim().is_empty()).map(|word| text(word)).collect()
}

fn alert<'a>(item: &'a AlertItem<'a>) -> AlertView<'a> {
    let AlertItem { fingerprint, status, severity, labels, annotations, starts_at, ends_at, url, source } =
        item;
    AlertView {
        fingerprint: *fingerprint,
        status: *status,
        severity,
        labels: CleanLabels(labels),
        annotations: CleanLabels(annotations),
        starts_at: *starts_at,
        ends_at: *ends_at,
        url: url.filter(|url| line::is_web(url)).map(text),
        source: text(source.as_str()),
    }
}

fn case<'a>(item: &'a DigestItem, see: Sight) -> CaseView<'a> {
    let DigestItem { title, level, status, severity, reference, at } = item;
    // A title made for a more trusted level must not stand here, whoever put it in.
    let readable = see.0.may_read(*level);
    CaseView {
        title: if readable { line::one_line(title) } else { Cow::Borrowed(super::title::NEUTRAL) },
        status: status_at(*status, see.0),
        reference: if readable { line::one_line(reference) } else { Cow::Borrowed("") },
        severity: see.when(Field::CaseSeverity, || line::one_line(severity)),
        at: see.is(Field::CaseAt, *at),
    }
}

fn incident<'a>(record: &'a IncidentRecord, status: CaseStatus, held: bool, see: Sight) -> IncidentView<'a> {
    // Notes are for the timeline and told to nobody (DESIGN, section 9).
    let IncidentRecord {
        id,
        severity,
        stage,
        title: _,
        note,
        customer_impact,
        scope: _,
        components,
        component_names,
        data_safety,
        workaround,
        resolution,
        write_up,
        impact: _,
        needs: _,
        expected_end: _,
        data_exposure,
        regulatory,
        visibility,
        commander,
        comms_lead,
        labels,
        acknowledged_by,
        source,
        notes: _,
        goes_on_as,
    } = record;
    // What goes on as another is not over, whatever is said of this case.
    let status = if goes_on_as.is_some() { CaseStatus::Open } else { status };
    let stage = stage_at(*stage, status, held || see.0 != Disclosure::Internal);
    // What is said at the end is not said before it (R26).
    let over = status == CaseStatus::Resolved;
    // The newest note may tell of an end that is held back.
    let news = see.layer(Field::Note, note).filter(|_| !held);
    let state = component_state(status, stage);
    let components_named = texts(component_names).into_iter().map(|name| ComponentView { name, state });
    IncidentView {
        incident: see.when(Field::Incident, || text(id)),
        stage: see.maybe(Field::Stage, stage),
        stage_in_words: see.maybe(Field::StageInWords, stage.map(stage_in_words)),
        note: news.or(Some(Cow::Borrowed(neutral_note(status, stage)))),
        workaround: see.layer(Field::Workaround, workaround),
        data_safety: see.layer(Field::DataSafety, data_safety),
        resolution: see.layer(Field::Resolution, resolution).filter(|_| over),
        write_up_text: written(see.layer(Field::WriteUpText, write_up), write_up).filter(|_| over),
        goes_on_as: goes_on_as.as_ref().map(|(id, public)| match see.0 {
            Disclosure::Internal => line::one_line(id),
            _ => line::one_line(public),
        }),
        components: components_named.collect(),
        scope: scope(record, see),
        expected_end: expected_end(record, see),
        customer_impact: see.maybe(Field::CustomerImpact, *customer_impact),
        impact: impact(record, see),
        needs: needs(record, see),
        data_exposure: see.maybe(Field::DataExposure, *data_exposure),
        regulatory: see.maybe(Field::Regulatory, *regulatory),
        visibility: see.maybe(Field::Visibility, *visibility),
        customer_texts: see
            .when(Field::CustomerTitle, || layers(record, Disclosure::External, over))
            .filter(TextsView::is_some),
        business_texts: see
            .when(Field::BusinessTitle, || layers(record, Disclosure::Business, over))
            .filter(TextsView::is_some),
        reported_severity: see.text(Field::ReportedSeverity, severity.as_deref()),
        component_ids: see.texts(Field::ComponentIds, components),
        commander: see.text(Field::Commander, commander.as_deref()),
        comms_lead: see.text(Field::CommsLead, comms_lead.as_deref()),
        acknowledged_by: see.text(Field::AcknowledgedBy, acknowledged_by.as_deref()),
        labels: see.is(Field::Labels, CleanLabels(labels)),
        source: see.text(Field::Source, source.as_ref().map(|name| name.as_str())),
    }
}

/// The write-up in a layer that the reader may read; where it has none, that it was written.
fn written<'a>(layer: Option<Cow<'a, str>>, write_up: &Option<Layered>) -> Option<Cow<'a, str>> {
    layer.or_else(|| write_up.as_ref().map(|_| Cow::Borrowed(NEUTRAL_WRITE_UP)))
}

/// The stage for a reader to whom it is over only once the case is over for them too, if they are to wait for that (R26).
fn stage_at(stage: Option<Stage>, status: CaseStatus, waits: bool) -> Option<Stage> {
    match (stage, status) {
        (_, CaseStatus::Resolved) => Some(Stage::Resolved),
        (Some(Stage::Resolved), _) if waits => Some(Stage::Monitoring),
        (stage, _) => stage,
    }
}

/// Every text of exactly this layer; what is said at the end only once the case is over.
fn layers(record: &IncidentRecord, level: Disclosure, over: bool) -> TextsView<'_> {
    TextsView {
        title: layer_of(&record.title, level),
        note: layer_of(&record.note, level),
        workaround: layer_of(&record.workaround, level),
        data_safety: layer_of(&record.data_safety, level),
        resolution: layer_of(&record.resolution, level).filter(|_| over),
    }
}

/// Exactly the layer of `level` and none that stands in for it.
fn layer_of(words: &Option<Layered>, level: Disclosure) -> Option<Cow<'_, str>> {
    let words = words.as_ref()?;
    let own = match level {
        Disclosure::Internal => &words.internal,
        Disclosure::Business => &words.business,
        Disclosure::External => &words.public,
    };
    own.as_deref().filter(|words| !words.trim().is_empty()).map(text)
}

impl TextsView<'_> {
    fn is_some(&self) -> bool {
        let all = [&self.title, &self.note, &self.workaround, &self.data_safety, &self.resolution];
        all.iter().any(|text| text.is_some())
    }
}

fn scope<'a>(record: &'a IncidentRecord, see: Sight) -> Option<ScopeView<'a>> {
    let scope = record.scope.as_ref()?;
    let share = see.text(Field::ScopeShare, scope.share.as_deref());
    let regions = see.texts(Field::ScopeRegions, &scope.regions);
    (share.is_some() || !regions.is_empty()).then_some(ScopeView { share, regions })
}

fn expected_end<'a>(record: &'a IncidentRecord, see: Sight) -> Option<ExpectedEndView<'a>> {
    let end = record.expected_end.as_ref()?;
    let released = end.public || Field::ExpectedEndPublic.is_for(see.0);
    released.then(|| ExpectedEndView {
        at: end.at,
        confidence: see.text(Field::ExpectedEndConfidence, end.confidence.as_deref()),
        public: see.is(Field::ExpectedEndPublic, end.public),
    })
}

fn impact<'a>(record: &'a IncidentRecord, see: Sight) -> Option<ImpactView<'a>> {
    let impact = record.impact.as_ref().filter(|_| Field::ImpactCustomers.is_for(see.0))?;
    Some(ImpactView {
        customers: see.maybe(Field::ImpactCustomers, impact.customers),
        share: see.text(Field::ImpactShare, impact.share.as_deref()),
        revenue_per_hour: see.text(Field::ImpactRevenue, impact.revenue_per_hour.as_deref()),
        accounts: see.texts(Field::ImpactAccounts, &impact.accounts),
    })
}

fn needs<'a>(record: &'a IncidentRecord, see: Sight) -> Option<NeedsView<'a>> {
    let needs = record.needs.as_ref().filter(|_| Field::NeedsWhat.is_for(see.0))?;
    Some(NeedsView {
        what: text(&needs.what),
        who: see.text(Field::NeedsWho, needs.who.as_deref()),
        by: see.maybe(Field::NeedsBy, needs.by),
    })
}
