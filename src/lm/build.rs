//! Taking a model's tensors out of its weights: the one place that turns roles into names.

use candle_core::Tensor;

use super::architecture::Architecture;
use super::attention::{Attention, Inputs};
use super::config::{Config, Experts, Gating, Norm, Packing, QkNorm};
use super::experts::{Bank, FeedForward, Mixture, Shared};
use super::layer::Layer;
use super::linear::{Linear, Matrix};
use super::mlp::Mlp;
use super::normaliser::Normaliser;
use super::weights::Weights;
use crate::error::Result;

pub(super) struct Builder<'a> {
    pub config: Config,
    weights: &'a Weights,
    /// Whether the file leaves out the prefix that the names have.
    rootless: bool,
    ones: Tensor,
    zeros: Tensor,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(mut config: Config, weights: &'a Weights) -> Result<Self> {
        let embed = format!("{}.weight", config.names.embed);
        let short = embed.strip_prefix(config.names.root).unwrap_or(&embed).to_owned();
        let rootless = !weights.has(&embed) && weights.has(&short);
        if config.architecture == Architecture::StableLmAlpha {
            // Its config does not say how wide the MLP is, and a model of another size may round differently.
            let name = format!("{}.weight", config.names.up.replace("{}", "0"));
            if let Some([both, _]) = weights.shape(&name) {
                config.intermediate_size = both / 2;
            }
        }
        config.head.tied &= !weights.holds_another_head(&config)?;
        let longest = config.hidden_size.max(config.heads * config.head_dim);
        let ones = Tensor::ones(longest, weights.dtype(), weights.device())?;
        let zeros = ones.zeros_like()?;
        Ok(Self { config, weights, rootless, ones, zeros })
    }

    pub(crate) fn layer(&self, number: usize) -> Result<Layer> {
        let config = &self.config;
        let names = &config.names;
        let named = |name: &str| name.replace("{}", &number.to_string());
        let hidden = config.hidden_size;
        let (heads, kv, width) = (config.heads, config.kv_heads, config.head_dim);
        let biased = config.attention.input_bias;
        let inputs = match config.attention.packing {
            Packing::Separate => Inputs::Separate {
                query: self.linear(&named(names.query), heads * width, hidden, biased)?,
                key: self.linear(&named(names.key), kv * width, hidden, biased)?,
                value: self.linear(&named(names.value), kv * width, hidden, biased)?,
            },
            _ => Inputs::Packed(self.linear(&named(names.packed), (heads + 2 * kv) * width, hidden, biased)?),
        };
        let attention = Attention {
            inputs,
            output: self.linear(&named(names.output), hidden, heads * width, config.attention.output_bias)?,
            query_norm: self.head_norm(&named(names.query_norm), heads)?,
            key_norm: self.head_norm(&named(names.key_norm), kv)?,
            layer: number,
        };
        let feed_forward = match &config.experts {
            Some(experts) if experts.layers[number] => FeedForward::Mixture(self.mixture(experts, &named)?),
            _ => FeedForward::Dense(self.mlp(&named)?),
        };
        Ok(Layer {
            attention_norm: self.norm(&named(names.attention_norm))?,
            attention,
            attention_post_norm: self.norm(&named(names.attention_post_norm))?,
            mlp_norm: self.norm(&named(names.mlp_norm))?,
            feed_forward,
            mlp_post_norm: self.norm(&named(names.mlp_post_norm))?,
        })
    }

    fn mlp(&self, named: &dyn Fn(&str) -> String) -> Result<Mlp> {
        let (names, mlp) = (&self.config.names, self.config.mlp);
        let (hidden, inner) = (self.config.hidden_size, self.config.intermediate_size);
        let gate = match mlp.gating {
            Gating::Separate => Some(self.linear(&named(names.gate), inner, hidden, mlp.bias)?),
            _ => None,
        };
        let outputs = if matches!(mlp.gating, Gating::GateThenUp | Gating::UpThenGate) { 2 * inner } else { inner };
        Ok(Mlp {
            gate,
            up: self.linear(&named(names.up), outputs, hidden, mlp.bias)?,
            down: self.linear(&named(names.down), hidden, inner, mlp.bias)?,
        })
    }

    fn mixture(&self, experts: &Experts, named: &dyn Fn(&str) -> String) -> Result<Mixture> {
        let (names, hidden) = (&self.config.names.experts, self.config.hidden_size);
        let there = |name: &str| self.weights.has(&self.stored(name));
        let routers: Vec<String> = names.router.iter().map(|name| named(name)).collect();
        let router = routers.iter().find(|name| there(&format!("{name}.weight"))).or(routers.first());
        let joined: Vec<[String; 2]> = names.joined.iter().map(|pair| pair.map(named)).collect();
        let held = joined.iter().find(|[gate_up, _]| there(gate_up));
        let bank = match (held.or(joined.first().filter(|_| names.single.is_empty())), names.single.first()) {
            (Some([gate_up, down]), _) => Bank::Joined {
                gate_up: self.dense(gate_up, &[experts.count, 2 * experts.width, hidden])?,
                down: self.dense(down, &[experts.count, hidden, experts.width])?,
            },
            (None, single) => {
                let single = single.copied().unwrap_or_default();
                let of = |expert: usize| {
                    let names = single.map(|name| named(name).replace("{e}", &expert.to_string()));
                    self.gated(&names, experts.width)
                };
                Bank::Single((0..experts.count).map(of).collect::<Result<_>>()?)
            }
        };
        let shared = match experts.shared {
            None => None,
            Some(width) => {
                let [gate, up, down, output] = names.shared.map(named);
                let mlp = self.gated(&[gate, up, down], width)?;
                Some(Shared { mlp, gate: self.linear(&output, 1, hidden, false)? })
            }
        };
        let router = self.linear(router.map_or("", String::as_str), experts.count, hidden, false)?;
        Ok(Mixture { router, bank, shared })
    }

    fn gated(&self, [gate, up, down]: &[String; 3], width: usize) -> Result<Mlp> {
        let hidden = self.config.hidden_size;
        Ok(Mlp {
            gate: Some(self.linear(gate, width, hidden, false)?),
            up: self.linear(up, width, hidden, false)?,
            down: self.linear(down, hidden, width, false)?,
        })
    }

    /// A norm over the residual stream; none where it has no name.
    pub(crate) fn norm(&self, name: &str) -> Result<Option<Normaliser>> {
        if name.is_empty() {
            return Ok(None);
        }
        self.normaliser(name, self.config.norm, self.config.hidden_size).map(Some)
    }

    fn head_norm(&self, name: &str, heads: usize) -> Result<Option<Normaliser>> {
        let width = self.config.head_dim;
        match self.config.attention.qk_norm {
            QkNorm::None => Ok(None),
            QkNorm::Head(norm) => self.normaliser(name, norm, width).map(Some),
            QkNorm::All(norm) => self.normaliser(name, norm, heads * width).map(Some),
            QkNorm::Rows(norm) => {
                let weight = self.dense(&format!("{name}.weight"), &[heads, width])?;
                Ok(Some(Normaliser::new(norm, vec![weight], self.zeros.narrow(0, 0, heads * width)?)))
            }
            QkNorm::EachHead(norm) => {
                let weight = |head| self.dense(&format!("{name}.norms.{head}.weight"), &[width]);
                let weights = (0..heads).map(weight).collect::<Result<_>>()?;
                Ok(Some(Normaliser::new(norm, weights, self.zeros.narrow(0, 0, heads * width)?)))
            }
        }
    }

    fn normaliser(&self, name: &str, norm: Norm, width: usize) -> Result<Normaliser> {
        let part = |present: bool, ending: &str, otherwise: &Tensor| match present {
            true => self.dense(&format!("{name}.{ending}"), &[width]),
            false => Ok(otherwise.narrow(0, 0, width)?),
        };
        let weight = part(norm.weight, "weight", &self.ones)?;
        Ok(Normaliser::new(norm, vec![weight], part(norm.bias, "bias", &self.zeros)?))
    }

    pub(crate) fn linear(&self, name: &str, outputs: usize, inputs: usize, biased: bool) -> Result<Linear> {
        let matrix = match self.config.stored_transposed {
            true => Matrix::Transposed(self.dense(&format!("{name}.weight"), &[inputs, outputs])?),
            false => self.weights.matrix(&self.stored(&format!("{name}.weight")), outputs, inputs)?,
        };
        let matrix = self.weights.adapted(name, matrix, outputs, inputs)?;
        let bias = biased.then(|| self.dense(&format!("{name}.bias"), &[outputs])).transpose()?;
        Ok(Linear { matrix, bias })
    }

    /// The embedding or the head, which GPT-2 does not store transposed.
    pub(crate) fn table(&self, name: &str, rows: usize, width: usize) -> Result<Matrix> {
        self.weights.matrix(&self.stored(&format!("{name}.weight")), rows, width)
    }

    pub(crate) fn dense(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.weights.dense(&self.stored(name), shape)
    }

    /// The name of the head that the file uses.
    pub(crate) fn head_name(&self) -> String {
        let names = &self.config.names;
        let used = |name: &str| ["weight", "bias"].iter().any(|end| self.weights.has(&format!("{name}.{end}")));
        if !names.head_alias.is_empty() && !used(names.head) && used(names.head_alias) {
            names.head_alias.to_owned()
        } else {
            names.head.to_owned()
        }
    }

    /// Tensors that repeat others: a head that is tied, stored all the same.
    pub(crate) fn may_be_left(&self) -> Vec<String> {
        let names = &self.config.names;
        let heads = [names.head, names.head_alias].map(|name| format!("{name}.weight"));
        let divisors = ["rope_factors_short.weight", "rope_factors_long.weight"].map(str::to_owned);
        match self.config.head.tied {
            true => heads.into_iter().chain(divisors).collect(),
            false => divisors.to_vec(),
        }
    }

    fn stored(&self, name: &str) -> String {
        match name.strip_prefix(self.config.names.root) {
            Some(short) if self.rootless => short.to_owned(),
            _ => name.to_owned(),
        }
    }
}
