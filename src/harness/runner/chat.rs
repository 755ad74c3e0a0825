//! How a user asks for chat prompts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::harness::evaluation::ChatRecord;
use crate::harness::tasks::{ChatTemplate, Prompting, Value};
use crate::lm::ChatTemplates;

/// Whether and how prompts are wrapped as a conversation. The default is plain text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChatSettings {
    /// The model's chat template; plain text where `None`.
    pub template: Option<TemplateChoice>,
    /// A system instruction, before the task's description.
    pub system: Option<String>,
    /// Whether examples are turns of their own; where `None`, they are if there is a template.
    pub multiturn: Option<bool>,
    /// Names that the template finds beside its own, such as `enable_thinking`.
    pub switches: BTreeMap<String, Value>,
}

/// Which of a model's chat templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateChoice {
    /// The one it has, or its default.
    Own,
    /// The one of this name.
    Named(String),
}

/// Settings with the template of a model.
#[derive(Debug, Clone, Default)]
pub(super) struct Chat {
    template: Option<ChatTemplate>,
    system: Option<String>,
    multiturn: bool,
}

impl ChatSettings {
    /// What the settings mean for a model with these templates.
    ///
    /// # Errors
    /// [`Error::Argument`] for a template that the model does not have or that cannot be read, and for settings that ask
    /// for turns without a template.
    pub(super) fn of(&self, templates: &ChatTemplates) -> Result<Chat> {
        let template = match &self.template {
            None if self.multiturn == Some(true) => {
                return Err(Error::Argument(
                    "examples are turns (--fewshot-as-multiturn) only in a chat: add --apply-chat-template".to_owned(),
                ));
            }
            None if !self.switches.is_empty() => {
                return Err(Error::Argument(
                    "--chat-template-args needs a chat template: add --apply-chat-template".to_owned(),
                ));
            }
            None => None,
            Some(choice) => {
                let name = match choice {
                    TemplateChoice::Own => None,
                    TemplateChoice::Named(name) => Some(name.as_str()),
                };
                let template = ChatTemplate::new(templates.source(name)?, &templates.tokens, &self.switches);
                Some(template.map_err(|problem| Error::Argument(format!("the model's chat template: {problem}")))?)
            }
        };
        let multiturn = self.multiturn.unwrap_or(template.is_some());
        Ok(Chat { template, system: self.system.clone().filter(|text| !text.is_empty()), multiturn })
    }

    /// Prompts as the turns themselves, for a server that wraps them in a template of its own.
    ///
    /// # Errors
    /// [`Error::Argument`] for names that a template should find: the server's is not told of them.
    pub(super) fn turns(&self) -> Result<Chat> {
        if !self.switches.is_empty() {
            return Err(Error::Argument(
                "the server's own chat template is not told of --chat-template-args: leave them out, or start the server \
                 with them"
                    .to_owned(),
            ));
        }
        let template = ChatTemplate::new("{{ messages | tojson }}", &[], &self.switches)
            .map_err(|problem| Error::Argument(format!("the turns of a chat: {problem}")))?;
        let system = self.system.clone().filter(|text| !text.is_empty());
        Ok(Chat { template: Some(template), system, multiturn: self.multiturn.unwrap_or(true) })
    }
}

impl Chat {
    pub(crate) fn prompting(&self) -> Prompting<'_> {
        Prompting { template: self.template.as_ref(), system: self.system.as_deref(), multiturn: self.multiturn }
    }

    pub(crate) fn record(&self) -> ChatRecord {
        let template = self.template.as_ref();
        ChatRecord {
            template: template.map(|template| template.source().to_owned()),
            system: self.system.clone(),
            multiturn: template.map(|_| self.multiturn),
        }
    }
}
