//! The figure recreate: the gap made on purpose, and closed again.
//!
//! The older models are split into two halves. One half is fine-tuned for one epoch, which makes a gap like that between
//! newer and older models; then every model is fine-tuned (the one half for two epochs, the other for one and then two
//! more) and the gap closes. The halves are the published ones (data/recreate_halves.csv).

use std::collections::BTreeMap;
use std::path::Path;

use super::built::{Built, cover_lines, shared_range};
use super::exhibit::Exhibit;
use super::item::{Item, ItemPart};
use super::panel::{GroupNames, PanelSpec, chance_layer, comparison_panel, compute_axis, points, score_axis};
use super::scores::{ByModel, Paper, Reading, adjustment_for, known};
use crate::analysis::Phase;
use crate::analysis::figure::{Figure, Hue, Layer, Marker, Panel};
use crate::error::Result;
use crate::registry::table::{Column, Kind, Table};
use crate::registry::{Condition, Model};

const HALVES: &str = include_str!("../../../../data/recreate_halves.csv");
const COLUMNS: &[Column] =
    &[Column::required("model", Kind::Text, "name"), Column::required("half", Kind::Text, "control or treated")];

const NAMES: GroupNames = GroupNames { reference: "Older models", comparison: "Older models, first fine-tuned" };

/// Which half a model belongs to: `true` for the half that is fine-tuned first.
fn halves() -> Result<BTreeMap<String, bool>> {
    let table = Table::parse(HALVES.as_bytes(), Path::new("recreate_halves.csv"), COLUMNS)?;
    (0..table.rows())
        .map(|row| {
            let treated = match table.text(row, "half")? {
                "treated" => true,
                "control" => false,
                other => {
                    return Err(table.cell_error(row, "half", format!("`{other}` is neither control nor treated")));
                }
            };
            Ok((table.text(row, "model")?.to_owned(), treated))
        })
        .collect()
}

/// MMLU and GSM8K with no model, some models and all models fine-tuned.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn recreate(paper: &Paper<'_>) -> Result<Built> {
    let halves = halves()?;
    let mut figure = Figure {
        name: "recreate".into(),
        caption:
            "Older models only. Fine-tuning one half of them (middle) makes a gap like the one between newer and older \
                  models; fine-tuning all of them (right) closes it."
                .into(),
        panels: Vec::new(),
        columns: 3,
        aspect: 1.25,
        legend: NAMES.legend(),
        row_titles: Vec::new(),
        footer: String::new(),
        title: String::new(),
    };
    let mut numbers = Vec::new();
    for id in ["mmlu", "gsm8k"] {
        let benchmark = known(id)?;
        let stages = stages(paper, id)?;
        let [none, some, all] = stages.map(|(control, treated)| {
            let pick = |(model, &is_treated): (&String, &bool)| {
                let score = if is_treated { treated.get(model) } else { control.get(model) };
                score.map(|&score| (model.clone(), score))
            };
            halves.iter().filter_map(pick).collect::<ByModel>()
        });
        let chance = paper.chance(benchmark);
        let range = shared_range([&none, &some, &all], chance);
        let is_treated = |model: &Model| halves.get(&model.name).copied().unwrap_or(false);
        figure.panels.push(Panel {
            title: "No model fine-tuned".into(),
            x: compute_axis(),
            y: score_axis("Accuracy", Some(range)),
            layers: vec![
                chance_layer(chance),
                Layer::Points {
                    series: NAMES.reference.into(),
                    hue: Hue::Reference,
                    marker: Marker::Circle,
                    points: points(&paper.grouped(&none, |_| false)?),
                },
            ],
            notes: Vec::new(),
        });
        for (title, phase, scores) in
            [("Some models fine-tuned", Phase::Unadjusted, &some), ("All models adjusted", Phase::Adjusted, &all)]
        {
            let scored = paper.grouped(scores, is_treated)?;
            let spec = PanelSpec {
                figure: Exhibit::Recreate,
                item: Item::new(id, ItemPart::SomeFineTuned(phase)),
                title: title.into(),
                y: "Accuracy",
                range,
                chance,
                with_r2: false,
                names: NAMES,
            };
            let (panel, found) = comparison_panel(paper.reading(), &spec, &scored)?;
            numbers.extend(found);
            figure.panels.push(panel);
        }
        figure.row_titles.push(benchmark.name.to_string());
    }
    cover_lines(&mut figure.panels);
    Ok(Built { figure, quantities: numbers })
}

/// Scores of the control half and of the treated half when no model, the treated half, and every model is fine-tuned. In
/// the published reading each is the larger of the score and the one it started from.
fn stages(paper: &Paper<'_>, id: &str) -> Result<[(ByModel, ByModel); 3]> {
    let base = paper.unadjusted(id)?;
    let after = |epochs: &str| paper.scores(id, &Condition::epochs(adjustment_for(id), epochs));
    let (one, two, three) = (after("1")?, after("2")?, after("3")?);
    let no_less = |scores: &ByModel, start: &ByModel| -> ByModel {
        scores
            .iter()
            .map(|(model, &score)| {
                let floor = start.get(model).filter(|_| paper.reading() == Reading::Published);
                (model.clone(), floor.map_or(score, |&s| score.max(s)))
            })
            .collect()
    };
    Ok([
        (base.clone(), base.clone()),
        (base.clone(), no_less(&one, &base)),
        (no_less(&two, &base), no_less(&three, &one)),
    ])
}
