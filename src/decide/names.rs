//! What a case is called, for insiders and for outsiders.

use super::fact::CaseAbout;
use super::policy::Policy;
use super::state::Case;
use crate::event::id::{CaseId, Digest};

/// The names that a subject borrows.
pub(super) struct Names {
    pub reference: String,
    pub public_reference: String,
}

impl Names {
    pub fn of(policy: &Policy, id: CaseId, case: &Case) -> Names {
        let reference = match &case.about {
            CaseAbout::Group { row, labels, .. } => format!("{row}{labels}"),
            CaseAbout::Incident { id } => id.to_string(),
            CaseAbout::Desk { audience } => audience.to_string(),
        };
        Names { reference, public_reference: public_reference(policy, id) }
    }
}

/// What outsiders know a case by: a keyed hash.
pub fn public_reference(policy: &Policy, id: CaseId) -> String {
    let hash = Digest::keyed(&policy.reference_key, &[b"reference", &id.0.to_le_bytes()]);
    format!("R-{}", &hash.to_string()[..8].to_uppercase())
}
