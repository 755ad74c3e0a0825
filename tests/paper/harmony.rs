//! The figures of the second paper (arXiv 2507.05195), drawn as the program draws them.

use onset::analysis::figure::{Cell, Layer};
use onset::analysis::papers::train_before_test::{run, tables};
use onset::plot::{Theme, draw};

#[test]
fn nine_figures_can_be_drawn_and_every_cell_of_the_heat_maps_has_its_number() {
    let harmonised =
        run(&tables().expect("the tables inside the program are sound")).expect("the paper is regenerated");
    let mut cells_of = Vec::new();
    for figure in &harmonised.figures {
        let drawing = draw(figure, &Theme::default()).expect("it can be drawn");
        let cells: Vec<&Cell> = figure
            .panels
            .iter()
            .flat_map(|panel| &panel.layers)
            .filter_map(|layer| if let Layer::Cells { cells, .. } = layer { Some(cells) } else { None })
            .flatten()
            .collect();
        // A number that did not fit its cell would have been left out.
        assert_eq!(drawing.svg().matches("class=\"cell\"").count(), cells.len(), "{}", figure.name);
        cells_of.push((figure.name.as_str(), figure.panels.len(), cells.len()));
    }
    // Name, panels, cells of heat maps; most have a panel for scores as published and one after adjustment.
    let expected = [
        ("agreement", 2, 2 * 24 * 23),
        ("categories", 2, 2 * 36),
        ("benchmarks", 1, 0),
        ("perplexity", 3, 3 * 3 * 24),
        ("corpora", 3, 0),
        ("components", 2, 0),
        ("compute", 2, 0),
        ("ranks", 2, 0),
        ("each_benchmark", 24, 0),
    ];
    assert_eq!(cells_of, expected);
}
