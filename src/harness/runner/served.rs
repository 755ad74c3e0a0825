//! A model behind a server, asked in the tokens of a tokenizer that lies here.
//!
//! Prompts are then those of a model in this process, token for token: the server puts nothing in front, the boundary
//! between context and continuation is counted and not searched, and texts are scored as a whole in windows.

use super::encode::{Encoder, Prompt, PromptWork};
use crate::error::Result;
use crate::harness::request::{Request, Respond, Response};
use crate::harness::server::{Ids, Server};

/// A server with the tokenizer of its model.
#[derive(Debug)]
pub(super) struct Tokenised<'a> {
    server: Server,
    encoder: Encoder<'a>,
}

impl<'a> Tokenised<'a> {
    /// Of a server that takes the encoder's ids.
    pub(super) fn new(server: Server, encoder: Encoder<'a>) -> Self {
        Self { server, encoder }
    }
}

impl Respond for Tokenised<'_> {
    fn check(&self, request: &Request) -> Result<()> {
        self.server.check_ids(request)
    }

    fn respond(&mut self, requests: &[Request], done: &mut dyn FnMut(usize, Response) -> Result<()>) -> Result<()> {
        let mut asked: Vec<(&Request, Vec<Ids>)> = requests.iter().map(|request| (request, Vec::new())).collect();
        for prompt in self.encoder.encode(requests)? {
            asked[prompt.request].1.push(ids(prompt));
        }
        self.server.respond_to_ids(&asked, done)
    }
}

/// What is sent: a prompt with the last of its scored tokens, which a model in this process does not need to read.
fn ids(prompt: Prompt) -> Ids {
    let Prompt { mut tokens, work, .. } = prompt;
    match work {
        PromptWork::Score(scored) => {
            tokens.extend(scored.last());
            let scored_from = tokens.len() - scored.len();
            Ids { tokens, scored_from }
        }
        PromptWork::Write(_) | PromptWork::Draw(_) => Ids { scored_from: tokens.len(), tokens },
    }
}
