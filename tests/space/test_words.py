"""What pieces read and say, by themselves, in a browser."""

import pytest

COLUMNS = [
    {"name": name, "title": title, "numbers": numbers}
    for name, title, numbers in (
        ("fid", "FID", True),
        ("l1", "L1 in grey levels", True),
        ("class_coverage", "classes covered", True),
        ("kimg", "budget, kimg", True),
        ("g_steps", "generator steps", True),
        ("loss", "loss", False),
    )
]
ROW = {
    "fid": {"value": 55.2792, "shown": "55.3"},
    "l1": {"value": 51.2, "shown": "51.20"},
    "class_coverage": {"value": 0.9, "shown": "90%"},
    "kimg": {"value": 250.08, "shown": "250"},
    "g_steps": {"value": 62500, "shown": "62,500"},
    "loss": {"value": "focal", "shown": "focal"},
}
HOLDS = """async ([words, columns, cells]) => {
    const { wanted } = await import("/look/where.js");
    const { holds, wrong } = wanted(words, columns, () => "dcgan-focal");
    return [holds({ cells }), wrong];
}"""


@pytest.fixture(scope="module")
def page(browser, served):
    page = browser.new_page()
    page.goto(f"{served}/look/where.js")
    yield page
    page.close()


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("l1<60", True),
        ("L1>60", False),
        ("l1ingreylevels<60", True),
        ("fid=55.3", True),  # as it is seen
        ("fid=55.2792", True),
        ("fid!=55.3", False),
        ("fid>55.3", False),
        ("kimg=250", True),
        ("steps=62,500 steps>=1,000", True),
        ("coverage=1", True),  # no column: nothing is hidden
        ("classescovered>=90%", True),
        ("class_coverage>90%", False),
        ("loss=Focal", True),
        ("loss!=focal", False),
        ("fid<", True),  # on its way
        ("-fid<", True),
        ("loss=", True),
    ],
)
def test_the_filter_takes_names_and_numbers_as_the_table_shows_them(page, words, holds):
    assert page.evaluate(HOLDS, [words, COLUMNS, ROW])[0] is holds


@pytest.mark.parametrize("words", ["fid<1,5", "fid<much"])
def test_the_filter_says_what_is_no_number(page, words):
    assert page.evaluate(HOLDS, [words, COLUMNS, ROW]) == [True, [f"“{words}” compares with no number"]]


def test_a_link_sorts_by_every_column(page):
    read = """async (texts) => {
        const { FIELDS } = await import("/look/fields.js");
        return texts.map(FIELDS.leaderboard.by[1]);
    }"""
    names = ["l1", "-l1", "g_steps", "-fid"]
    assert page.evaluate(read, names) == names
    assert page.evaluate(read, ["", "a b", "--fid", "1"]) == [None] * 4


@pytest.mark.parametrize(
    ("n", "said"), [(5000, "FID5k 55.3"), (106, "FID106 55.3"), (None, "FID 55.3")]
)  # n need not be told
def test_a_figure_says_on_how_many_samples_where_that_is_known(page, n, said):
    write = """async (n) => {
        const { caption } = await import("/look/caption.js");
        const { el } = await import("/look/dom.js");
        return el("p", {}, caption({ figures: { name: "FID", n, value: 55.2792, digits: 1 } })).textContent;
    }"""
    assert page.evaluate(write, n) == said
