//! The check that `onset models check` runs.

#![cfg(feature = "models")]

use std::path::Path;

use onset::lm::{Check, Placement};

#[test]
fn every_fixture_passes_the_check_and_a_changed_weight_fails_it() -> Result<(), Box<dyn std::error::Error>> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models");
    let check = Check { gradients: true, ..Check::default() };
    for entry in std::fs::read_dir(&models)? {
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
