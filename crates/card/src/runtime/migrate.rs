//! Records of earlier builds.
//!
//! What the VM (`hydra_vm`'s `persist`), the runtime and OPEN keep as records has one version, which the image's header
//! carries. Whoever changes what a record means raises it and adds the step that makes the records of the version
//! before into the new ones; steps are taken one after the other and end in one durable step.
//!
//! | version | what changed |
//! |---|---|
//! | 1 | the first that was numbered |

use crate::nvm::{Journal, NvmError, Records, Storage};

/// The version that this build writes.
pub(super) const VERSION: u16 = 1;

/// Makes the step from one version of the records to the next.
type Step = fn(&mut Records);

/// The step from version `n` to `n + 1` at index `n - 1`.
const STEPS: [Step; VERSION as usize - 1] = [];

/// Brings the records to this build's version, in memory and on the medium.
pub(super) fn up_to_date(
    journal: &mut Journal<impl Storage>,
    records: &mut Records,
) -> Result<(), NvmError> {
    let found = journal.content();
    if found == VERSION {
        return Ok(());
    }
    for step in STEPS.iter().skip(usize::from(found).saturating_sub(1)) {
        step(records);
    }
    journal.replace(VERSION, records)
}
