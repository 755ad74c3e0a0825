//! The notebooks' calls compile and give what the texts around them speak of. CI runs the notebooks themselves, in the kernel.

use onset::notebook::*;

use crate::support::repository;

#[test]
fn the_lab_notebook_finds_its_figures_and_differences_in_the_committed_scores() {
    let scores = repository("data/lab/quick/observations.csv");
    let quick = lab(scores).expect("a lab");
    for name in ["main", "dose", "reformulation", "emergence", "agreement"] {
        assert_eq!(lab_figure(&quick, name).expect("a figure").name, name);
    }
    let unknown = lab_figure(&quick, "nothing").expect_err("no such figure").to_string();
    assert!(unknown.contains("there are main"), "{unknown}");
    let table = differences(&quick);
    // As pretrained, after each number of task examples, and cloze; for each kind but the reference.
    assert_eq!(table.rows.len(), quick.kinds.len() * (quick.adjusted.len() + 2));
    assert!(table.rows.iter().all(|row| row[4].contains('[')), "{:?}", table.rows);
    let last = &quick.adjusted.last().expect("task examples").1.all.hinge;
    assert!(without_each_family(last).is_ok());
    quick.evcxr_display();
}
