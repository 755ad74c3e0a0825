from __future__ import annotations

import datetime
import decimal
import random
import warnings

import pytest

import onset_curves as onset

OPTIONS = {"score": "exam", "chance": 0.25, "bootstrap": 99}


def alike(fit: onset.Fit, other: onset.Fit) -> bool:
    one, two = fit.to_dict(), other.to_dict()
    one.pop("tables"), two.pop("tables")
    return one == two


@pytest.fixture(scope="module")
def plain(columns):
    return onset.fit(columns, **OPTIONS)


def test_pandas_in_pandas_out(columns, plain):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns)
    fit = onset.fit(frame, **OPTIONS)
    assert alike(fit, plain)
    tidy = fit.tidy()
    assert isinstance(tidy, pandas.DataFrame) and tidy["estimate"].dtype == "float64"
    assert isinstance(onset.datasets.models(), pandas.DataFrame)
    assert fit.glance()["n_models"].item() == 32


def test_polars_in_polars_out(columns, plain):
    polars = pytest.importorskip("polars")
    fit = onset.fit(polars.DataFrame(columns), **OPTIONS)
    assert alike(fit, plain)
    tidy = fit.tidy()
    assert isinstance(tidy, polars.DataFrame) and tidy["estimate"].dtype == polars.Float64
    with pytest.raises(onset.InputError, match="collect"):
        onset.fit(polars.DataFrame(columns).lazy(), **OPTIONS)


def test_pyarrow_and_duckdb(columns, plain):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(columns)
    assert alike(onset.fit(table, **OPTIONS), plain)
    chunks = pyarrow.concat_tables([table.slice(0, 7), table.slice(7)])
    assert alike(onset.fit(chunks, **OPTIONS), plain)
    assert isinstance(onset.fit(table, **OPTIONS).tidy(), pyarrow.Table)
    duckdb = pytest.importorskip("duckdb")
    assert alike(onset.fit(duckdb.from_arrow(table), **OPTIONS), plain)


def test_records_and_lists_of_tables(columns, plain):
    records = [dict(zip(columns, row)) for row in zip(*columns.values())]
    assert alike(onset.fit(records, **OPTIONS), plain)
    scores = {name: columns[name] for name in ("model", "exam")}
    models = {name: columns[name] for name in ("model", "family", "compute", "release")}
    assert alike(onset.fit([models, scores], **OPTIONS), onset.fit([models, scores], **OPTIONS))


def test_numbers_stay_the_same_to_the_last_bit(columns):
    pandas = pytest.importorskip("pandas")
    third = 1.0 / 3.0
    odd = {**columns, "exam": [value + third * 1e-9 for value in columns["exam"]]}
    frames = [odd, pandas.DataFrame(odd), pandas.DataFrame(odd).astype({"exam": "object"})]
    found = [onset.fit(frame, **OPTIONS).augment(frame="onset")["score"] for frame in frames]
    assert found[0][:32] == odd["exam"] == found[1][:32] == found[2][:32]


def test_an_index_of_names_is_a_column(columns, plain):
    pandas = pytest.importorskip("pandas")
    indexed = pandas.DataFrame(columns).set_index("model")
    assert alike(onset.fit(indexed, **OPTIONS), plain)
    filtered = pandas.DataFrame(columns).iloc[::-1]
    assert sorted(onset.fit(filtered, **OPTIONS).augment(frame="onset")["model"]) == sorted(columns["model"])


def test_kinds_of_cells(columns, plain):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns)
    for change in (
        {"family": "category"},
        {"model": "string"},
        {"compute": "Float64"},
        {"release": "datetime64[ns]"},
        {"compute": "float64", "exam": "object"},
    ):
        assert alike(onset.fit(frame.astype(change), **OPTIONS), plain), change
    dates = {**columns, "release": [datetime.date.fromisoformat(month + "-15") for month in columns["release"]]}
    assert alike(onset.fit(dates, **OPTIONS), plain)
    decimals = {**columns, "exam": [decimal.Decimal(repr(value)) for value in columns["exam"]]}
    assert alike(onset.fit(decimals, **OPTIONS), plain)


def test_missing_values_are_missing_in_every_spelling(columns):
    pandas = pytest.importorskip("pandas")
    spelled = [None, float("nan"), pandas.NA, pandas.NaT]
    found = []
    for missing in spelled:
        odd = {**columns, "exam": [missing, *columns["exam"][1:]]}
        for frame in (odd, pandas.DataFrame(odd)):
            report = onset.fit(frame, **OPTIONS).to_dict()
            found.append((report["n_models"], [dropped["model"] for dropped in report["dropped_models"]]))
    assert set(map(repr, found)) == {repr((31, [columns["model"][0]]))}


def test_a_time_zone_is_asked_about(columns):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns)
    for zone in ("Asia/Tokyo", "UTC"):
        moved = frame.assign(release=pandas.to_datetime(frame["release"]).dt.tz_localize(zone))
        if zone == "UTC":
            assert onset.fit(moved, **OPTIONS).to_dict()["n_models"] == 32
        else:
            fit = onset.fit(moved, **OPTIONS)
            assert any("Asia/Tokyo" in note for note in fit.notes)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"exam": "text"}, "a column is a list of values"),
        ({"exam": [0.5] * 3}, "all columns need the same number"),
        ({"exam": ["a"] * 32}, "row 0"),
        ({"exam": [{}] * 32}, "row 0"),
        ({"compute": [20.0] * 32}, "compute"),
    ],
)
def test_wrong_columns_are_named(columns, change, text):
    with pytest.raises(onset.InputError, match=text):
        onset.fit({**columns, **change}, **OPTIONS)


def test_no_table_at_all():
    for nothing in (None, {}, [], 7, object(), {"model": []}):
        with pytest.raises(onset.OnsetError):
            onset.fit(nothing, score="exam")


def test_two_columns_of_one_name(columns):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns)
    doubled = pandas.concat([frame, frame[["exam"]]], axis=1)
    with pytest.raises(onset.InputError, match="two columns"):
        onset.fit(doubled, **OPTIONS)


def test_frames_go_out_through_arrow(plain):
    pyarrow = pytest.importorskip("pyarrow")
    frame = plain.tidy(frame="onset")
    table = pyarrow.table(frame)
    assert table.to_pydict() == frame.to_dict() and table.num_rows == len(frame)
    with pytest.raises(KeyError):
        frame["nothing"]
    # A stream that nobody reads is released with its capsule.
    for _ in range(100):
        frame.__arrow_c_stream__()


def test_500_odd_frames_end_in_a_result_or_a_clear_exception(columns):
    pandas = pytest.importorskip("pandas")
    draw = random.Random(7)
    odd = [
        None, float("nan"), float("inf"), -0.0, 0, 1, -1, 10**30, 2**63, 1e-300, 1e300, True, "", " ", "x", "NaN", "1,5",
        "1e22", "50%", "2024-13", "\x00", "\ud7ff", "=1+1", b"bytes", [], [1, 2], {}, {"a": 1}, (), object(), 1j,
        datetime.date(1, 1, 1), datetime.datetime(9999, 12, 31), datetime.timedelta(1), decimal.Decimal("NaN"),
        pandas.Timestamp("2024-01-01", tz="Asia/Tokyo"), pandas.NA, pandas.NaT, range(3), "日本", "é" * 300,
    ]
    kinds = ["object", "category", "string", "float32", "Int64", "boolean", "datetime64[ns]", "str", "complex128"]
    ended = {"fit": 0, "refused": 0}
    for number in range(500):
        changed = {name: list(cells) for name, cells in columns.items()}
        for _ in range(draw.randint(1, 3)):
            name = draw.choice(list(changed))
            action = draw.randrange(5)
            if action == 0:
                for _ in range(draw.randint(1, 32)):
                    changed[name][draw.randrange(len(changed[name]))] = draw.choice(odd)
            elif action == 1:
                changed[name] = [draw.choice(odd)] * len(changed[name])
            elif action == 2:
                changed[draw.choice([name, "", " ", "model ", "Exam", 3, ("a", 1), None])] = changed.pop(name)
                break
            elif action == 3:
                del changed[name]
                break
            else:
                changed[name] = draw.sample(changed[name], draw.randint(0, len(changed[name])))
        table: object = changed
        try:
            if number % 2:
                table = pandas.DataFrame(changed)
                if draw.random() < 0.5 and len(table.columns):
                    column = draw.choice(list(table.columns))
                    table[column] = table[column].astype(draw.choice(kinds))
        except Exception:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                onset.fit(table, score="exam", chance=0.25, bootstrap=9, curve="hinge")
            ended["fit"] += 1
        except onset.OnsetError as error:
            assert str(error) and len(str(error)) < 2000
            ended["refused"] += 1
    assert min(ended.values()) > 30, ended
