//! The settings of rotary positions in their two spellings: `rope_theta`, `rope_scaling`, `rotary_pct` and
//! `partial_rotary_factor` side by side in hub configs, all of them inside `rope_parameters` in transformers 5.

use crate::error::Result;
use crate::lm::keys::Keys;
use crate::lm::position::{Rope, Scaling, Yarn};

/// What a kind of model assumes where its config is silent, and what it can do at all.
pub(in crate::lm) struct Defaults {
    pub theta: f64,
    /// The fraction of a head that is turned.
    pub fraction: f64,
    pub head_dim: usize,
    pub context: usize,
}

/// Reads the settings at the top level; `section` picks one of several in `rope_parameters` (Gemma 3).
pub(in crate::lm) fn read<'a>(keys: &Keys<'a>, defaults: &Defaults, section: Option<&'a str>) -> Result<Rope> {
    read_beside(keys, defaults, section, &[])
}

/// The same where the kind itself reads the keys `others` of the settings.
pub(super) fn read_beside<'a>(
    keys: &Keys<'a>,
    defaults: &Defaults,
    section: Option<&'a str>,
    others: &[&'a str],
) -> Result<Rope> {
    let theta = keys.number_or(&["rope_theta", "rotary_emb_base"], defaults.theta)?;
    let fraction = keys.number_or(&["partial_rotary_factor", "rotary_pct", "rope_pct"], defaults.fraction)?;
    keys.only("rope_interleaved", false)?;
    if keys.number_or(&["rotary_scaling_factor"], 1.0)? != 1.0 {
        return Err(keys.unsupported("`rotary_scaling_factor` other than 1", "1"));
    }
    let mut inner = match keys.object("rope_scaling")? {
        Some(scaling) => Some(scaling),
        None => keys.object("rope_parameters")?,
    };
    if let (Some(name), Some(outer)) = (section, &inner)
        && has_sections(outer)
    {
        inner = outer.object(name)?;
    }
    let Some(inner) = inner else { return finish(keys, theta, fraction, Scaling::None, defaults) };
    inner.ignore(others);
    let theta = inner.number_or(&["rope_theta"], theta)?;
    let fraction = inner.number_or(&["partial_rotary_factor"], fraction)?;
    let rope = finish(keys, theta, fraction, scaling(keys, &inner, defaults)?, defaults)?;
    inner.finish("rotary settings")?;
    Ok(rope)
}

/// Whether the settings are those of each kind of layer.
pub(super) fn has_sections(settings: &Keys<'_>) -> bool {
    settings.has("full_attention") || settings.has("sliding_attention")
}

/// The same rotations as trained, before a longer context changed them.
pub(super) fn unscaled(rope: &Rope) -> Rope {
    Rope { scaling: Scaling::None, ..rope.clone() }
}

fn finish(keys: &Keys<'_>, theta: f64, fraction: f64, scaling: Scaling, defaults: &Defaults) -> Result<Rope> {
    let dims = (defaults.head_dim as f64 * fraction) as usize;
    if fraction > 1.0 || dims < 2 || !dims.is_multiple_of(2) {
        let text = format!("{fraction} of a head of width {} cannot be turned in pairs", defaults.head_dim);
        return Err(keys.problem(text));
    }
    Ok(Rope { theta, dims, interleaved: false, scaling })
}

fn scaling<'a>(keys: &Keys<'a>, inner: &Keys<'a>, defaults: &Defaults) -> Result<Scaling> {
    let kind = inner.text(&["rope_type", "type"])?.unwrap_or("default");
    // Phi-3 writes the first context beside the settings, and there it takes precedence.
    let outer = keys.optional_size(&["original_max_position_embeddings"])?;
    let inside = inner.optional_size(&["original_max_position_embeddings"])?;
    let first_context = outer.or(inside).unwrap_or(defaults.context);
    let growth = defaults.context as f64 / first_context as f64;
    match kind {
        "default" => Ok(Scaling::None),
        "linear" => Ok(Scaling::Linear { factor: inner.number(&["factor"])? }),
        "dynamic" => {
            inner.number(&["factor"])?;
            Ok(Scaling::Dynamic { context: defaults.context })
        }
        "llama3" => Ok(Scaling::Llama3 {
            factor: inner.number(&["factor"])?,
            low: inner.number(&["low_freq_factor"])?,
            high: inner.number(&["high_freq_factor"])?,
            context: first_context,
        }),
        "yarn" => {
            let factor = inner.optional_number(&["factor"])?.unwrap_or(growth);
            let gain = |weight: f64| if factor <= 1.0 { 1.0 } else { 0.1 * weight * factor.ln() + 1.0 };
            let implied = match (inner.optional_number(&["mscale"])?, inner.optional_number(&["mscale_all_dim"])?) {
                (Some(one), Some(all)) => gain(one) / gain(all),
                _ => gain(1.0),
            };
            Ok(Scaling::Yarn(Yarn {
                factor,
                fast: inner.number_or(&["beta_fast"], 32.0)?,
                slow: inner.number_or(&["beta_slow"], 1.0)?,
                context: first_context,
                magnitude: inner.optional_number(&["attention_factor"])?.unwrap_or(implied),
                whole: inner.flag_or("truncate", true)?,
            }))
        }
        "longrope" | "su" => {
            let divisors = |name| {
                let list =
                    inner.numbers(name)?.ok_or_else(|| keys.problem(format!("`rope_scaling.{name}` is missing")))?;
                Ok::<_, crate::Error>(list.into_iter().map(|divisor| divisor as f32).collect())
            };
            let factor = inner.optional_number(&["factor"])?.unwrap_or(growth);
            let implied = if factor <= 1.0 { 1.0 } else { (1.0 + factor.ln() / (first_context as f64).ln()).sqrt() };
            Ok(Scaling::Long {
                short: divisors("short_factor")?,
                long: divisors("long_factor")?,
                context: first_context,
                magnitude: inner.optional_number(&["attention_factor"])?.unwrap_or(implied),
            })
        }
        other => {
            let supported = "default, linear, dynamic, llama3, yarn, longrope";
            Err(keys.unsupported(&format!("the rotary scaling \"{other}\""), supported))
        }
    }
}
