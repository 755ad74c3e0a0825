//! Groups of tasks: what a group file says of its result, and the result from those of its tasks.

use super::aggregate::{AggregatedMetric, GroupMetric};
use super::node::{Content, Node};
use crate::error::Result;

/// Several tasks under one name, with a result of their own.
#[derive(Debug, Clone)]
pub(crate) struct TaskGroup {
    pub(super) name: String,
    pub(super) alias: String,
    pub(super) version: String,
    pub(super) members: Vec<String>,
    pub(super) tasks: Vec<String>,
    pub(super) metrics: Vec<GroupMetric>,
    pub(super) whole: bool,
}

impl TaskGroup {
    /// The group's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// `group_alias`, or the name.
    pub(crate) fn alias(&self) -> &str {
        &self.alias
    }

    /// `metadata.version`, or `N/A`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Tasks and groups directly in it, as results files list them under `group_subtasks`.
    pub(crate) fn members(&self) -> &[String] {
        &self.members
    }

    /// All tasks in it, also through inner groups.
    #[cfg(feature = "models")]
    pub(crate) fn tasks(&self) -> &[String] {
        &self.tasks
    }

    /// Whether all of its members can be run.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The group's results from those of its tasks, which `of` gives by name. Empty where the group asks for none.
    pub(crate) fn aggregate<'m>(&self, of: impl Fn(&str) -> Option<&'m [AggregatedMetric]>) -> Vec<AggregatedMetric> {
        let tasks: Vec<&[AggregatedMetric]> = self.tasks.iter().filter_map(|task| of(task)).collect();
        self.metrics.iter().flat_map(|metric| metric.of(&tasks)).collect()
    }
}

/// What `aggregate_metric_list` asks for.
pub(super) fn group_metrics(list: Option<&Node>) -> Result<Vec<GroupMetric>> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let entries = match &list.content {
        Content::List(entries) => entries.as_slice(),
        _ => std::slice::from_ref(list),
    };
    let metric = |entry: &Node| {
        let name = entry.given("metric").ok_or_else(|| entry.wrong("an aggregated metric has no `metric`"))?;
        let mut metric = GroupMetric { name: name.text()?.to_owned(), filters: None, weight_by_size: true };
        for (key, node) in entry.entries().iter().filter(|(_, node)| !node.is_null()) {
            match key.as_str() {
                "metric" => {}
                "filter_list" => metric.filters = Some(node.texts()?),
                "weight_by_size" => metric.weight_by_size = node.flag()?,
                "aggregation" if matches!(&node.content, Content::Scalar(value) if value.as_text() == Some("mean")) => {
                }
                "aggregation" => return Err(node.wrong("groups can only be aggregated by `mean`")),
                // It was written here by mistake in many group files and says nothing about the result.
                "higher_is_better" => {}
                _ => return Err(node.wrong(format!("`{key}` is not known under `aggregate_metric_list`"))),
            }
        }
        Ok(metric)
    };
    entries.iter().map(metric).collect()
}
