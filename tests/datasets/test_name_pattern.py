import pytest

from keras_gen.datasets.name_pattern import NamePattern, Selection
from keras_gen.errors import InputError


@pytest.mark.parametrize(
    "pattern, values, name",
    [
        ("{digit}_{speaker}_{index}", {"digit": "7", "speaker": "jackson"}, "7_jackson_3"),
        ("{speaker}-{index} ({mood})", {"speaker": "Zoë", "mood": "so so"}, "Zoë-3 (so so)"),
        ("take {index} of {speaker}", {"speaker": "{index}"}, "take 3 of {index}"),
    ],
)
def test_what_is_written_reads_back(pattern, values, name):
    names = NamePattern(pattern)
    assert names.labels == list(values)
    assert names.write(values, 3) == name
    assert names.read(name) == values | {"index": "3"}


def test_the_index_comes_last_where_the_pattern_has_none():
    assert NamePattern("{speaker} {mood}").write({"speaker": "theo", "mood": "sad"}, 12) == "theo sad_12"


def test_fields_are_ignored_and_groups_are_no_labels():
    names = NamePattern("{_}-{digit}-{speaker}-{_}", groups="speaker")
    assert names.labels == ["digit"] and names.read("a-7-theo-x-y") == {"digit": "7", "speaker": "theo"}
    assert names.read("a-b-7-theo") is None or names.read("a-b-7-theo")["digit"] == "b"
    assert names.write({"digit": "7"}, 3) == "3-7-3-3"
    assert names.without_groups() == "{_}-{digit}-{_}-{_}"
    assert NamePattern("{speaker}-{_}", groups="speaker").without_groups() is None
    for pattern, groups in (("{digit}_{index}", "speaker"), ("{_}_{index}", None), ("{_}", "_")):
        with pytest.raises(InputError, match="groups must be a field|needs labels in braces"):
            NamePattern(pattern, groups)
    with pytest.raises(InputError, match="needs a field"):
        Selection("_=7", NamePattern("{digit}_{_}"))


@pytest.mark.parametrize("name", ["", "7.jackson", "7.jackson+", ".jackson+0", "7xjackson+0", "7.jacksonn0"])
def test_other_names_do_not_match(name):
    # What stands between fields is no regular expression.
    assert NamePattern("{digit}.{speaker}+{index}").read(name) is None


@pytest.mark.parametrize("name", ["7_van_gogh_3", "7_theo_x", "7_theo_1_2", "7__3"])
def test_no_field_holds_what_parts_it_from_the_next(name):
    assert NamePattern("{digit}_{speaker}_{index}").read(name) is None


@pytest.mark.parametrize(
    "pattern",
    ["", "digit", "{index}", "{digit}{speaker}", "{digit}_{digit}"]
    # Of these, the regular expression or the format would fail, once files are read or written.
    + ["{1st}_{speaker}", "{the digit}_{speaker}", "{}_{speaker}", "{speaker}_{", "}{speaker}"],
)
def test_bad_patterns_are_refused(pattern):
    with pytest.raises(InputError, match="needs labels in braces.*, not ") as refusal:
        NamePattern(pattern)
    assert repr(pattern) in str(refusal.value)


@pytest.mark.parametrize(
    "text, chosen",
    [
        ("index=0", ["7_theo_0"]),
        ("index=0,12", ["7_theo_0", "7_lucas_12"]),
        ("index=12, 0", ["7_theo_0", "7_lucas_12"]),
        ("speaker=theo", ["7_theo_0", "7_theo_1"]),
    ],
)
def test_a_selection_is_by_whole_values_of_one_field(text, chosen):
    names = NamePattern("{digit}_{speaker}_{index}")
    is_chosen = Selection(text, names)
    assert [
        name for name in ("7_theo_0", "7_theo_1", "7_lucas_12", "0_theo2_2") if is_chosen(names.read(name))
    ] == chosen


@pytest.mark.parametrize(
    "text, pattern", [("speaker=theo", None), ("0.2", "{a}_{b}"), ("c=1", "{a}_{b}"), ("index=0", "{a}_{b}")]
)
def test_a_selection_needs_a_field_of_the_pattern(text, pattern):
    with pytest.raises(InputError, match=f"needs a field.*not '{text}' of"):
        Selection(text, pattern and NamePattern(pattern))
