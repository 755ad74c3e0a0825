//! Whether all weights are finite numbers: one pass over the bytes, on all cores.

use candle_core::quantized::GgmlDType;
use candle_core::{DType, Tensor};
use rayon::prelude::*;

/// Bytes looked at by one core at a time; a multiple of every number's size.
const PIECE: usize = 1 << 20;

/// Fails on NaN and infinity, whose exponent bits are all ones.
pub(super) fn check(bytes: &[u8], dtype: DType) -> Result<(), String> {
    let (size, exponent): (usize, u32) = match dtype {
        DType::F32 => (4, 0x7f80_0000),
        DType::F16 => (2, 0x7c00),
        DType::BF16 => (2, 0x7f80),
        DType::F64 => return double(bytes),
        other => return Err(format!("holds {} numbers, not floating-point weights", other.as_str())),
    };
    let bad = |piece: &[u8]| {
        let hit = |bits: u32| u32::from(bits & exponent == exponent);
        let hits: u32 = match size {
            4 => piece.chunks_exact(4).map(|b| hit(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))).sum(),
            _ => piece.chunks_exact(2).map(|b| hit(u32::from(u16::from_le_bytes([b[0], b[1]])))).sum(),
        };
        u64::from(hits)
    };
    report(bytes.par_chunks(PIECE).map(bad).sum(), bytes.len() / size)
}

/// The same of blocks: of their scales, which are all that is not an integer.
pub(super) fn check_blocks(bytes: &[u8], dtype: GgmlDType) -> Result<(), String> {
    let scales: &[usize] = match dtype {
        GgmlDType::F32 => return check(bytes, DType::F32),
        GgmlDType::F16 => return check(bytes, DType::F16),
        GgmlDType::BF16 => return check(bytes, DType::BF16),
        GgmlDType::Q4_0 | GgmlDType::Q5_0 | GgmlDType::Q8_0 => &[0],
        GgmlDType::Q4_1 | GgmlDType::Q5_1 | GgmlDType::Q4K | GgmlDType::Q5K => &[0, 2],
        GgmlDType::Q6K => &[208],
        _ => &[],
    };
    let bad = |block: &[u8]| {
        let hit = |&at: &usize| u16::from_le_bytes([block[at], block[at + 1]]) & 0x7c00 == 0x7c00;
        u64::from(scales.iter().any(hit))
    };
    report(bytes.par_chunks_exact(dtype.type_size()).map(bad).sum(), bytes.len() / dtype.type_size())
}

/// The same of a tensor in memory.
pub(super) fn check_tensor(tensor: &Tensor) -> Result<(), String> {
    let sum = tensor.to_dtype(DType::F32).and_then(|t| (t * 0.0)?.sum_all()?.to_scalar::<f32>());
    match sum {
        Ok(0.0) => Ok(()),
        Ok(_) => Err("holds NaN or infinity".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn double(bytes: &[u8]) -> Result<(), String> {
    let finite = |b: &[u8]| b.try_into().is_ok_and(|b| f64::from_le_bytes(b).is_finite());
    report(bytes.chunks_exact(8).filter(|b| !finite(b)).count() as u64, bytes.len() / 8)
}

fn report(bad: u64, of: usize) -> Result<(), String> {
    if bad == 0 { Ok(()) } else { Err(format!("holds NaN or infinity in {bad} of {of} places")) }
}
