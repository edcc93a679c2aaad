// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Training: phases of epochs of batches.

mod check;
mod checkpoint;
mod clip;
mod curves;
mod evaluate;
mod gate;
mod guide;
mod keeper;
mod members;
mod optimise;
mod partition;
mod phase;
mod prepare;
mod run;

pub use checkpoint::{load_model, load_run, save_model, write_whole};
pub use evaluate::{Evaluation, Setting, evaluate};
pub use gate::{Gated, gated, needs};
pub use guide::Guide;
pub use members::subsets;
pub use partition::clustered;
pub use phase::{Epoch, Observer, Silent, Trainer};
pub use prepare::members_of;
pub use run::{Outcome, Part, Run};
