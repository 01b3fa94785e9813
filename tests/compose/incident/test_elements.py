import pytest

from compose.incident.elements import Markup, clean, element, joined


@pytest.mark.parametrize("text", ["<b>", "a & b", '"', "'", "</script>", "&lt;"])
def test_text_is_never_markup(text: str) -> None:
    written = element("p", text, title=text)
    assert isinstance(written, Markup)
    inside = written.removeprefix("<p").removesuffix("</p>")
    assert inside.count("<") == 0
    assert inside.count('"') == 2
    assert "&lt;b" in element("p", "<b>")
    assert element("p", "&lt;") == "<p>&amp;lt;</p>"


def test_what_is_markup_stays_so() -> None:
    assert element("p", element("b", "x"), " & ", 3) == "<p><b>x</b> &amp; 3</p>"
    assert joined([["a", None], (element("br"),)]) == "a<br>"


def test_attributes_are_named_as_html_has_them() -> None:
    written = element("i", class_="x", aria_label="y", viewBox="0 0", hidden=True, id=None)
    assert written == '<i class="x" aria-label="y" viewBox="0 0" hidden></i>'


def test_numbers_are_as_short_as_they_may_be() -> None:
    assert element("i", x=1.500001, y=2.0, width=100) == '<i x="1.5" y="2" width="100"></i>'


def test_what_cannot_be_shown_is_replaced_and_what_turns_text_is_spelt_out() -> None:
    assert clean("a\x00\x1b[31m\ud800b\nc\t") == "a\ufffd\ufffd[31m\ufffdb\nc\t"
    assert clean("\u202egnp") == "\\u202egnp"
    element("p", "\udfff").encode()
