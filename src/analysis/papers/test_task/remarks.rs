//! What a careful reader should know about a printed number: the defects of the published analysis, each said where it
//! bears on a number.

use super::exhibit::Exhibit;
use super::item::ItemPart;
use super::quantity::{PaperQuantity, Quantity, Remark};
use super::scores::{GSM8K, MMLU};
use super::verdict::Printed;
use crate::analysis::Phase;

/// The remark beside a number. Never empty when the number was not reproduced.
pub(super) fn remark(printed: &Printed, recomputed: &Quantity, reproduced: bool) -> String {
    let computed = recomputed.remark.as_ref().map(Remark::to_string);
    let mut remarks: Vec<&str> = computed.as_deref().into_iter().collect();
    let (figure, item, quantity) = (printed.figure, &printed.item, printed.quantity);
    let benchmark = item.benchmark.as_str();

    match figure {
        Exhibit::Reformulation => remarks.push(TYPED),
        Exhibit::Discriminator => remarks.push(CLASSIFIER),
        Exhibit::Recreate if quantity == PaperQuantity::Theta => remarks.push(RECREATED),
        _ => {}
    }
    match quantity {
        PaperQuantity::Theta if figure != Exhibit::Reformulation => {
            if printed.bold {
                remarks.push(CONDITIONAL);
            }
            if figure == Exhibit::Main && benchmark == GSM8K && item.is_adjusted() {
                remarks.push(NO_EVIDENCE);
            }
        }
        PaperQuantity::R2Uncentered => remarks.push(UNCENTRED),
        PaperQuantity::Emergence => remarks.push(NO_INTERVAL),
        PaperQuantity::PsiSe | PaperQuantity::PhiSe => remarks.push(CLASSICAL),
        _ => {}
    }
    if item.is_adjusted() || matches!(figure, Exhibit::CausalDirect | Exhibit::CausalMediated) {
        remarks.push(MAX_RULE);
    }
    if benchmark == MMLU {
        remarks.push(MEAN_OF_62);
    }
    if figure == Exhibit::LeaderboardV2 && matches!(benchmark, "gpqa" | "musr") {
        remarks.push(CHANCE_ZERO);
    }
    match (figure, benchmark, item.part) {
        (Exhibit::LeaderboardV2, "mmlu_pro" | "math_hard", ItemPart::Phase(Phase::Adjusted)) => {
            remarks.push(STILL_SIGNIFICANT);
        }
        (Exhibit::Language, ..) => remarks.push(LANGUAGES),
        (Exhibit::Emergence | Exhibit::Loglinear, GSM8K, _) if recomputed.models < 34 => remarks.push(FEWER_MODELS),
        (Exhibit::Emergence | Exhibit::Loglinear, MMLU, ItemPart::Examples(1..)) => remarks.push(NO_SHOTS),
        _ => {}
    }
    if !reproduced && !explained(figure) {
        remarks.insert(0, UNEXPLAINED);
    }
    remarks.join(" ")
}

/// Whether one of the remarks below says why the printed number cannot be met.
fn explained(figure: Exhibit) -> bool {
    matches!(figure, Exhibit::Reformulation)
}

const UNEXPLAINED: &str =
    "Not reproduced from the published evaluation files by the published method; no cause is known.";
const TYPED: &str = "The printed value is a constant typed into the published notebook; the data beside it give the \
                     recomputed one.";
const CLASSIFIER: &str = "Gradient-boosted trees with the defaults of XGBoost 1.x, leave-one-out; the paper does not print \
                          the settings.";
const RECREATED: &str = "The two halves come from one random split.";
const CONDITIONAL: &str = "Printed bold (p < 0.05) from standard errors that take the break as known and models as \
                           independent; clustered by family they are about twice as large.";
const NO_EVIDENCE: &str = "Not significant is not the same as equal: clustered by family, differences of about ±0.1 are \
                           compatible with these data.";
const UNCENTRED: &str = "Uncentred R² (no intercept): not comparable with the R² of the log-linear fits.";
const NO_INTERVAL: &str = "No interval is given; the fit is forced through chance left of the data, and the published \
                           code replaces any value above 1e23 by 2.1e22 (not needed here).";
const CLASSICAL: &str = "Classical standard error; models of one family are taken as independent.";
const MAX_RULE: &str = "Adjusted is the larger of the unadjusted and the adjusted score, which can only raise it (8 of 53 \
                        models on MMLU, 8 on GSM8K).";
const MEAN_OF_62: &str = "MMLU is the unweighted mean of 62 rows (57 subjects and 5 group rows); the share of correct \
                          items differs by up to 1.5 points.";
const CHANCE_ZERO: &str = "Chance is taken as 0, where guessing scores about 0.25 (GPQA) or 0.36 (MuSR): there is no break \
                           in the data and the fit is a straight line.";
const STILL_SIGNIFICANT: &str = "Significant after adjustment by the paper's own test.";
const LANGUAGES: &str = "Groups are by language of the training data, not by release.";
const NO_SHOTS: &str =
    "The checkpoints of baichuan2-7b were evaluated without examples in the prompt, all others with five.";
const FEWER_MODELS: &str = "Some older models have no checkpoint here.";
