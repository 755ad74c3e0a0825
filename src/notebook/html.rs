//! A table as HTML that is read without a style sheet.

use crate::report::csv::CsvTable;

/// The table with a caption (none if empty). Columns whose every cell begins like a number are set to the right.
pub(crate) fn table(table: &CsvTable, caption: &str) -> String {
    let right: Vec<bool> = (0..table.columns.len()).map(|k| is_numeric(table, k)).collect();
    let row = |tag: &str, cells: &[String]| {
        let cells = cells.iter().zip(&right).map(|(cell, right)| {
            let side = if *right { "right" } else { "left" };
            format!("<{tag} style=\"text-align:{side}\">{}</{tag}>", escape(cell))
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let caption = if caption.is_empty() {
        String::new()
    } else {
        format!("<caption style=\"text-align:left\">{}</caption>\n", escape(caption))
    };
    let body: String = table.rows.iter().map(|cells| row("td", cells)).collect();
    format!("<table>\n{caption}<thead>\n{}</thead>\n<tbody>\n{body}</tbody>\n</table>", row("th", &table.columns))
}

fn is_numeric(table: &CsvTable, column: usize) -> bool {
    let mut cells = table.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).peekable();
    let digit = |cell: &str| cell.trim_start_matches(['−', '-']).starts_with(|c: char| c.is_ascii_digit());
    cells.peek().is_some() && cells.all(|cell| digit(cell))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_called_like_a_tag_stays_text() {
        let mut models = CsvTable::new(&["model", "score"]);
        models.rows.push(vec!["<script>".into(), "0.5".into()]);
        let html = table(&models, "a & b");
        assert!(html.contains("<td style=\"text-align:left\">&lt;script&gt;</td>"), "{html}");
        assert!(html.contains("a &amp; b") && html.contains("<td style=\"text-align:right\">0.5</td>"), "{html}");
    }
}
