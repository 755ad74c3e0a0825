//! What of the data keeps the usual intervals from holding, one line each, and what is done about it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::models::FitModels;
use super::settings::FitSettings;
use crate::registry::modelset::ModelSet;
use crate::serial::read_by_name;
use crate::stats::covariance::Kind;
use crate::stats::direction::Direction;
use crate::stats::estimate::ONE_FAMILY;

/// What a reader should be careful about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CautionKind {
    /// One cluster holds more than two fifths of the models.
    DominantFamily,
    /// There are fewer than six clusters.
    FewFamilies,
    /// One family alone makes up a group, or all models outside it.
    GroupOfOneFamily,
    /// The groups share no range of the predictor.
    NoCommonRange,
}

impl CautionKind {
    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DominantFamily => "dominant_family",
            Self::FewFamilies => "few_families",
            Self::GroupOfOneFamily => "group_of_one_family",
            Self::NoCommonRange => "no_common_range",
        }
    }
}

read_by_name!(
    CautionKind,
    "caution",
    [CautionKind::DominantFamily, CautionKind::FewFamilies, CautionKind::GroupOfOneFamily, CautionKind::NoCommonRange]
);

/// One of them, with what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caution {
    /// Which.
    pub kind: CautionKind,
    /// The family or the group.
    pub of: Option<String>,
    /// The line for people.
    pub text: String,
}

/// Share of the models in one cluster beyond which CR2 and the wild bootstraps are too short.
const DOMINANT: f64 = 0.4;
/// Clusters below which they are.
const FEWEST: usize = 6;

impl FitModels<'_> {
    /// The same under these settings, for scores that go in `direction`.
    pub(super) fn under(self, settings: &FitSettings, direction: Direction) -> Self {
        let careful = is_careful(&self);
        let covariance = match settings.covariance {
            Kind::Cr2 if careful => Kind::Cr3,
            asked => asked,
        };
        let refused = refusals(&self);
        Self { ceiling: settings.ceiling, direction, level: settings.level, covariance, careful, refused, ..self }
    }
}

/// Whether the clusters of these models are so few or so unequal that CR2 and the wild bootstraps do not hold.
pub(super) fn is_careful(models: &FitModels<'_>) -> bool {
    is_few(models) || models.sample.counted().families().largest_share() > DOMINANT
}

/// Whether there are few clusters.
fn is_few(models: &FitModels<'_>) -> bool {
    models.sample.counted().families().count() < FEWEST
}

/// Why the difference of each varying group can have no interval, where it cannot.
fn refusals(models: &FitModels<'_>) -> Vec<Option<String>> {
    (0..models.places.len())
        .map(|k| {
            if models.sample.is_one_familys(k) {
                return Some(ONE_FAMILY.to_owned());
            }
            no_common_range(models, k).then(|| "no interval: the groups share no range of the predictor".to_owned())
        })
        .collect()
}

/// Whether group `k` (zeros and ones) and the others lie apart on the predictor, or meet in a single place.
fn no_common_range(models: &FitModels<'_>, k: usize) -> bool {
    let sample = models.sample.counted();
    let column = &sample.groups()[k];
    if column.iter().any(|z| *z != 0.0 && *z != 1.0) {
        return false;
    }
    let range = |side: f64| {
        let own = column.iter().zip(sample.x()).filter(|(z, _)| **z == side).map(|(_, x)| *x);
        own.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
    };
    let (others, own) = (range(0.0), range(1.0));
    others.1 <= own.0 || own.1 <= others.0
}

/// The lines under the result.
pub(super) fn cautions(set: &ModelSet, models: &FitModels<'_>) -> Vec<Caution> {
    let mut found = Vec::new();
    let sample = models.sample.counted();
    let families = sample.families();
    let instead = match models.covariance {
        Kind::Cr3 => "its intervals are those of CR3, which are wide and hold",
        _ => "the standard errors asked for are too small there",
    };
    if families.count() > 1 && families.largest_share() > DOMINANT {
        let name = largest(models);
        found.push(Caution {
            kind: CautionKind::DominantFamily,
            text: format!(
                "the cluster {name} holds {:.0} % of the models, more than 40 %: CR2 and the bootstraps are too short; \
                 {instead}",
                100.0 * families.largest_share()
            ),
            of: Some(name),
        });
    }
    if families.count() < FEWEST {
        let what = if families.count() == 1 { "there are no intervals by clusters" } else { instead };
        found.push(Caution {
            kind: CautionKind::FewFamilies,
            of: None,
            text: format!(
                "{} {} fewer than six: the bootstraps do not hold; {what}",
                families.count(),
                if families.count() == 1 { "cluster is" } else { "clusters are" }
            ),
        });
    }
    for (k, place) in models.places.iter().enumerate() {
        let group = set.groups[*place].to_string();
        if models.sample.is_one_familys(k) {
            found.push(Caution {
                kind: CautionKind::GroupOfOneFamily,
                text: format!(
                    "one family alone makes up {group}, or all models outside it: its difference cannot be told from the \
                     family's own, and has no interval"
                ),
                of: Some(group),
            });
        } else if no_common_range(models, k) {
            found.push(Caution {
                kind: CautionKind::NoCommonRange,
                text: format!(
                    "{group} and the other models share no range of {}: their difference rests on the form of the curve \
                     alone, and has no interval",
                    set.predictor.name
                ),
                of: Some(group),
            });
        }
    }
    found
}

/// The name of the largest cluster.
fn largest(models: &FitModels<'_>) -> String {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, row) in models.rows.iter().enumerate() {
        if models.sample.weight(i) > 0.0 {
            *sizes.entry(row.cluster.as_str()).or_default() += 1;
        }
    }
    sizes.into_iter().max_by_key(|(_, size)| *size).map_or_else(String::new, |(name, _)| name.to_owned())
}
