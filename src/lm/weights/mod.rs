//! Weights as "tensor by name", from any kind of file.
//!
//! A folder may hold `model.safetensors`, several of them with an index, the same of PyTorch's `.bin`, or one GGUF file; a
//! path may also name such a file. Each tensor is read when it is taken, and held once. Every tensor
//! is checked for shape and for numbers that are not finite when it is taken; tensors that nobody takes are an
//! error too, since a model that does not use them is not the model they were made for.

mod finite;
mod folder;
mod pickle;
mod safetensors;
mod stored;
mod text_part;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::quantized::{QStorage, QTensor};
use candle_core::{DType, Device, Tensor};

use super::config::Config;
use super::gguf;
use super::linear::{Adapter, Matrix};
use super::names::is_buffer;
use super::source::{Aligned, Source};
use crate::error::{Error, Result};

pub(super) use folder::{REFERENCE, files};
pub(crate) use stored::TensorInfo;

use stored::Stored;

/// All tensors of a model, on disk or in memory.
pub struct Weights {
    /// The folder or file, for messages.
    path: PathBuf,
    files: Vec<Opened>,
    tensors: BTreeMap<String, Stored>,
    device: Device,
    dtype: DType,
    taken: RefCell<BTreeSet<String>>,
    /// By the name of the matrix without its ending.
    adapters: HashMap<String, Adapter>,
    /// Makes tensors that are nowhere yet.
    maker: Option<Maker>,
}

/// From name and shape to a tensor.
type Maker = Box<dyn Fn(&str, &[usize]) -> Result<Tensor>>;

/// Bytes of two tensors that are compared at a time.
const PIECE: usize = 16 << 20;

struct Opened {
    path: PathBuf,
    /// Nothing for PyTorch's files, which are read through their archive.
    source: Option<Source>,
}

impl Weights {
    /// Reads the headers of the weights at `path`, without a look for adapters; see [`open`](Self::open).
    pub(super) fn open_file(path: &Path, device: &Device, dtype: DType) -> Result<Self> {
        let mut weights = Self {
            path: path.to_owned(),
            files: Vec::new(),
            tensors: BTreeMap::new(),
            device: device.clone(),
            dtype,
            taken: RefCell::default(),
            adapters: HashMap::new(),
            maker: None,
        };
        let place = folder::place(path)?;
        for file in &place.files {
            weights.add(file)?;
        }
        for (name, number) in place.indexed {
            let found = weights.tensors.get(&name).and_then(Stored::file);
            if found != Some(number) && !is_buffer(&name) {
                let tensor = name.clone();
                let problem = "is not in this file, which its index names".to_owned();
                return Err(Error::Tensor { path: place.files[number].clone(), tensor, problem });
            }
        }
        weights.tensors = text_part::of(std::mem::take(&mut weights.tensors));
        Ok(weights)
    }

    /// Weights that are in memory already, for instance the variables of a training run; they are used as they are.
    #[must_use]
    pub fn from_tensors(tensors: &HashMap<String, Tensor>, device: &Device, dtype: DType) -> Self {
        let held = |(name, tensor): (&String, &Tensor)| (name.clone(), Stored::Held(tensor.clone()));
        Self {
            path: PathBuf::from("weights in memory"),
            files: Vec::new(),
            tensors: tensors.iter().map(held).collect(),
            device: device.clone(),
            dtype,
            taken: RefCell::default(),
            adapters: HashMap::new(),
            maker: None,
        }
    }

    /// Weights of a new model: `make` is called with the name and shape of every tensor the decoder asks for.
    pub(crate) fn made(
        make: impl Fn(&str, &[usize]) -> Result<Tensor> + 'static,
        device: &Device,
        dtype: DType,
    ) -> Self {
        Self { maker: Some(Box::new(make)), ..Self::from_tensors(&HashMap::new(), device, dtype) }
    }

    /// The same with changes of low rank to matrices of layers, which are named as the architecture does (not the file)
    /// and without `.weight`.
    #[must_use]
    pub(crate) fn with_adapters(self, adapters: HashMap<String, Adapter>) -> Self {
        Self { adapters, ..self }
    }

    /// Names of the tensors that a decoder was made of.
    #[must_use]
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.borrow().iter().filter(|name| self.tensors.contains_key(*name)).cloned().collect()
    }

    /// The device that tensors are put on.
    #[must_use]
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// The dtype that tensors are given.
    #[must_use]
    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// Every stored tensor that is learned, sorted by name.
    #[must_use]
    pub(crate) fn infos(&self) -> Vec<TensorInfo> {
        let info = |(name, stored): (&String, &Stored)| TensorInfo {
            name: name.clone(),
            dtype: stored.dtype_name(),
            shape: stored.shape().to_vec(),
            bytes: stored.bytes(),
        };
        self.tensors.iter().filter(|(name, _)| !is_buffer(name)).map(info).collect()
    }

    /// All tensors that are learned, dense and in `dtype`, by name: the start of a training run.
    ///
    /// # Errors
    /// As the decoder's reading of each tensor.
    pub(crate) fn all(&self) -> Result<HashMap<String, Tensor>> {
        let names = self.tensors.keys().filter(|name| !is_buffer(name));
        names.map(|name| Ok((name.clone(), self.dense(name, self.tensors[name].shape())?))).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(Stored::shape)
    }

    /// The tensor `name` of exactly `shape`, dense.
    pub(super) fn dense(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        if let Some(make) = &self.maker {
            return make(name, shape);
        }
        let stored = self.find(name, shape)?;
        let tensor = match stored {
            Stored::Held(tensor) => return Ok(tensor.clone()),
            Stored::Dense { file, dtype, bytes, .. } => {
                let bytes = self.bytes(*file, bytes)?;
                finite::check(&bytes, *dtype).map_err(|problem| self.wrong(name, problem))?;
                Tensor::from_raw_buffer(&bytes, *dtype, shape, &self.device)?
            }
            Stored::Blocks { .. } => self.blocks(name, stored)?.dequantize(&self.device)?,
            Stored::Pickled { file, .. } => {
                let tensor = pickle::read(&self.files[*file].path, name)?;
                finite::check_tensor(&tensor).map_err(|problem| self.wrong(name, problem))?;
                tensor.to_device(&self.device)?
            }
        };
        Ok(tensor.to_dtype(self.dtype)?)
    }

    /// The matrix `name` of `outputs` × `inputs`, quantised if it is stored so.
    pub(super) fn matrix(&self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix> {
        if self.maker.is_some() {
            return Ok(Matrix::Dense(self.dense(name, &[outputs, inputs])?));
        }
        match self.find(name, &[outputs, inputs])? {
            stored @ Stored::Blocks { dtype, .. } if dtype.block_size() > 1 => {
                Ok(Matrix::Quantised(Arc::new(self.blocks(name, stored)?)))
            }
            _ => Ok(Matrix::Dense(self.dense(name, &[outputs, inputs])?)),
        }
    }

    /// Whether a head is stored that is not the embedding, although the config ties the two. transformers uses it then.
    pub(super) fn holds_another_head(&self, config: &Config) -> Result<bool> {
        let names = &config.names;
        let stored = |name: &'static str| {
            let short = name.strip_prefix(names.root).unwrap_or(name);
            [name, short].into_iter().map(|name| format!("{name}.weight")).find(|name| self.has(name))
        };
        let heads = [names.head, names.head_alias];
        let head = heads.into_iter().filter(|name| !name.is_empty()).find_map(stored);
        let (true, Some(head), Some(embed)) = (config.head.tied, head, stored(names.embed)) else { return Ok(false) };
        let (one, other) = (&self.tensors[&head], &self.tensors[&embed]);
        if one.shape() != other.shape() {
            return Ok(true);
        }
        if let (Stored::Dense { file, dtype, bytes, .. }, Stored::Dense { file: second, dtype: kind, bytes: place, .. }) =
            (one, other)
            && dtype == kind
        {
            if bytes.len() != place.len() {
                return Ok(true);
            }
            let piece = |range: &Range<usize>, at: usize| range.start + at..range.end.min(range.start + at + PIECE);
            for at in (0..bytes.len()).step_by(PIECE) {
                if *self.bytes(*file, &piece(bytes, at))? != *self.bytes(*second, &piece(place, at))? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let difference = (self.untaken(&head)? - self.untaken(&embed)?)?.abs()?.flatten_all()?.max(0)?;
        Ok(difference.to_dtype(DType::F32)?.to_scalar::<f32>()? != 0.0)
    }

    /// A tensor to look at: it does not count as taken.
    fn untaken(&self, name: &str) -> Result<Tensor> {
        let taken = self.taken.borrow().contains(name);
        let tensor = self.dense(name, self.tensors[name].shape())?;
        if !taken {
            self.taken.borrow_mut().remove(name);
        }
        Ok(tensor)
    }

    /// `matrix` of `outputs` × `inputs` with its adapter, if it has one.
    pub(super) fn adapted(&self, name: &str, matrix: Matrix, outputs: usize, inputs: usize) -> Result<Matrix> {
        let Some(adapter) = self.adapters.get(name) else { return Ok(matrix) };
        let (down, up) = (adapter.down.dims(), adapter.up.dims());
        if down.last() != Some(&inputs) || up.first() != Some(&outputs) {
            let problem = format!("has an adapter of {down:?} and {up:?}, the matrix is {outputs} × {inputs}");
            return Err(self.wrong(name, problem));
        }
        self.taken.borrow_mut().insert(adapter_of(name));
        Ok(Matrix::Adapted(Arc::new(matrix), adapter.clone()))
    }

    /// Fails if a tensor was not taken that holds something learned; `allowed` are those that may be left.
    pub(super) fn expect_all_taken(&self, allowed: &[String]) -> Result<()> {
        let taken = self.taken.borrow();
        if let Some(name) = self.adapters.keys().find(|name| !taken.contains(&adapter_of(name))) {
            let problem = "has an adapter, but the model has no such matrix in its layers; adapters of embeddings and \
                           of the head are not supported";
            return Err(self.wrong(name, problem.to_owned()));
        }
        let left = |name: &&String| !taken.contains(*name) && !is_buffer(name) && !allowed.contains(name);
        match self.tensors.keys().find(left) {
            None => Ok(()),
            Some(name) => Err(self.wrong(name, "is not part of the architecture that the config describes".to_owned())),
        }
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let number = self.files.len();
        let kind = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if matches!(kind, "bin" | "pt" | "pth") {
            for (name, shape) in pickle::list(path)? {
                self.insert(path, name, Stored::Pickled { file: number, shape })?;
            }
            self.files.push(Opened { path: path.to_owned(), source: None });
            return Ok(());
        }
        let source = Source::open(path)?;
        if kind == "gguf" || source.head(4)?.starts_with(b"GGUF") {
            for tensor in gguf::Header::of(&source)?.tensors {
                let gguf::TensorPlace { name, dtype, shape, bytes } = tensor;
                self.insert(path, name, Stored::Blocks { file: number, dtype, shape, bytes })?;
            }
        } else {
            for entry in safetensors::of(&source)? {
                let safetensors::Entry { name, dtype, shape, bytes } = entry;
                self.insert(path, name, Stored::Dense { file: number, dtype, shape, bytes })?;
            }
        }
        self.files.push(Opened { path: path.to_owned(), source: Some(source) });
        Ok(())
    }

    fn insert(&mut self, path: &Path, name: String, stored: Stored) -> Result<()> {
        if let Some(first) = self.tensors.get(&name) {
            let other = first.file().and_then(|file| self.files.get(file));
            let other = other.map_or(path, |file| &file.path).display();
            let problem = format!("is there twice, the first time in {other}");
            return Err(Error::Tensor { path: path.to_owned(), tensor: name, problem });
        }
        self.tensors.insert(name, stored);
        Ok(())
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<&Stored> {
        let Some(stored) = self.tensors.get(name) else {
            return Err(Error::Tensor {
                path: self.path.clone(),
                tensor: name.to_owned(),
                problem: format!("is missing; the file has {} tensors", self.tensors.len()),
            });
        };
        if stored.shape() != shape {
            let problem = format!("has the shape {:?}, the config asks for {shape:?}", stored.shape());
            return Err(self.wrong(name, problem));
        }
        self.taken.borrow_mut().insert(name.to_owned());
        Ok(stored)
    }

    fn blocks(&self, name: &str, stored: &Stored) -> Result<QTensor> {
        let Stored::Blocks { file, dtype, shape, bytes } = stored else {
            return Err(self.wrong(name, "is not quantised".to_owned()));
        };
        let bytes = self.bytes(*file, bytes)?;
        finite::check_blocks(&bytes, *dtype).map_err(|problem| self.wrong(name, problem))?;
        let storage = QStorage::from_data(std::borrow::Cow::Borrowed(&bytes), &self.device, *dtype)?;
        Ok(QTensor::new(storage, shape.as_slice())?)
    }

    /// Bytes of a file, whose range was checked against its length when the header was read.
    fn bytes(&self, file: usize, range: &Range<usize>) -> Result<Aligned> {
        match &self.files[file].source {
            Some(source) => source.bytes(range),
            None => Err(Error::backend("a tensor of an archive has no place in its file".to_owned())),
        }
    }

    fn wrong(&self, name: &str, problem: String) -> Error {
        let file = self.tensors.get(name).and_then(Stored::file);
        let path = file.map_or(&self.path, |file| &self.files[file].path).clone();
        Error::Tensor { path, tensor: name.to_owned(), problem }
    }
}

/// The adapter of a matrix among the names of what was taken.
fn adapter_of(name: &str) -> String {
    format!("{name}.adapter")
}
