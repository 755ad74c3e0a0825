//! The check that `onset models check` runs.

use crate::lm::{Check, Placement};

use crate::support::fixture;

#[test]
fn every_fixture_passes_the_check_and_a_changed_weight_fails_it() -> Result<(), Box<dyn std::error::Error>> {
    let models = fixture("models");
    let check = Check { gradients: true, ..Check::default() };
    for entry in std::fs::read_dir(&models)?.chain(std::fs::read_dir(fixture("kinds"))?) {
        let folder = entry?.path();
        if folder.is_dir() {
            for finding in check.run(&folder, &Placement::default())? {
                assert!(finding.passed(), "{}: {finding:?}", folder.display());
            }
        }
    }
    let changed = tempfile::tempdir()?;
    for name in ["config.json", "model.safetensors", "reference.json", "reference.safetensors"] {
        std::fs::copy(models.join("qwen3").join(name), changed.path().join(name))?;
    }
    let file = changed.path().join("model.safetensors");
    let mut bytes = std::fs::read(&file)?;
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&2.5f32.to_le_bytes());
    std::fs::write(&file, bytes)?;
    let findings = check.run(changed.path(), &Placement::default())?;
    assert!(!findings[0].passed() && findings[1].passed(), "{findings:?}");
    Ok(())
}

#[test]
fn a_model_whose_rotations_change_with_length_is_checked_beyond_the_border() -> Result<(), Box<dyn std::error::Error>> {
    // Its 20 tokens go beyond a border of 16: no piece may be read before it and continued after it.
    let variants = fixture("variants");
    for name in ["llama-longrope", "phi3-long"] {
        let findings = Check::default().run(&variants.join(name), &Placement::default())?;
        assert!(findings.iter().all(crate::lm::Finding::passed), "{name}: {findings:?}");
    }
    Ok(())
}

#[test]
fn gradients_that_cannot_be_compared_are_an_error() -> Result<(), Box<dyn std::error::Error>> {
    let check = Check { gradients: true, ..Check::default() };
    let fixtures = fixture("");
    let error = check.run(&fixtures.join("variants/llama-linear"), &Placement::default()).expect_err("no gradients");
    assert!(error.to_string().contains("no gradients"), "{error}");
    let folder = tempfile::tempdir()?;
    for name in ["config.json", "model.safetensors", "reference.json"] {
        std::fs::copy(fixtures.join("models/qwen3").join(name), folder.path().join(name))?;
    }
    let mut tensors =
        candle_core::safetensors::load(fixtures.join("models/qwen3/reference.safetensors"), &candle_core::Device::Cpu)?;
    let norm = tensors.remove("grad.model.norm.weight").ok_or("no gradient")?;
    tensors.insert("grad.model.norms.weight".to_owned(), norm);
    candle_core::safetensors::save(&tensors, folder.path().join("reference.safetensors"))?;
    let error = check.run(folder.path(), &Placement::default()).expect_err("a gradient of nothing");
    assert!(error.to_string().contains("model.norms.weight"), "{error}");
    Ok(())
}
