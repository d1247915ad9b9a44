"""What a stranger's config says is quoted for the place where a card puts it."""

import ast
import json
import re

import pytest

from cards import card, quoting

ODD = [
    "plain",
    "a|b",
    "<b>x</b> & y",
    "[x](y)",
    "`code`",
    "```",
    "*x* _y_ ~z~ $1",
    "back\\slash",
    "new\\name",
    'say "hi"',
    "# x",
    "{7}",
]


@pytest.mark.parametrize("text", [*ODD, 'x")\nprint("', "\u202eabc", "\U0001f600", "\ud800"])
def test_as_python_it_reads_back_as_it_was_and_nothing_is_run(text):
    literal = quoting.python(text)
    assert ast.literal_eval(literal) == text
    assert "\n" not in literal and literal.isprintable()


@pytest.mark.parametrize("text", ODD)
def test_in_a_cell_nothing_of_it_is_markdown_or_html(text):
    shown = quoting.prose(text)
    assert re.sub(r"\\([\\`*\[\]<>|~$#_])|&amp;", lambda m: m[1] or "&", shown) == text
    assert not re.search(r"(?<!\\)(\\\\)*[<`|*\[~#$]", shown)
    assert not re.search("&(?!amp;)", shown)


def test_a_name_that_has_an_underscore_inside_is_left_alone():
    assert (
        quoting.prose("channels_last at lr 2e-4, (torch 2.14+cpu)")
        == "channels_last at lr 2e-4, (torch 2.14+cpu)"
    )


@pytest.mark.parametrize("text", [*ODD, "````"])
def test_code_ends_where_it_should(text):
    fence, line, end = quoting.block(text).split("\n")
    assert line == text and fence == end and fence not in text and set(fence) == {"`"}
    inline = quoting.code(text)
    ticks = re.match("`+", inline)[0]
    assert inline.endswith(ticks) and "|" not in inline
    assert ticks not in re.findall("`+", inline[len(ticks) : -len(ticks)])


@pytest.mark.parametrize("text", ODD)
def test_a_card_of_odd_words_keeps_its_shape(make, text):
    """As many lines, cells and fences as a card of plain words; and the line that loads it is Python."""
    folder = make("stranger", "cdcgan", "focal")

    def card_of(words):
        config = json.loads((folder / "config.json").read_text())
        config["training"] |= {"command": words, "hardware": words, "memory_format": words}
        config["dataset"] |= {"name": words, "id": None, "split": words, "labels": [words, *"bcdefghij"]}
        (folder / "config.json").write_text(json.dumps(config))
        return card.render(folder)

    plain, odd = card_of("ordinary"), card_of(text)
    table = [
        [len(re.findall(r"(?<!\\)\|", line)) * line.startswith("|") for line in of.split("\n")]
        for of in (plain, odd)
    ]
    assert table[0] == table[1]
    assert not re.search(r"(?<!\\)<b>", odd.partition("## Use")[0].partition("made from")[2])
    source = odd.partition("```python\n")[2].partition("\n```")[0]
    assert text in [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
