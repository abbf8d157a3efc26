"""Regular expressions of matchers mean what they mean to Prometheus."""

import re

import pytest

from wattos_cli.metricstore.patterns import compiled


@pytest.mark.parametrize(
    ("pattern", "meets", "misses"),
    [
        ("((?i)PRO).*", ["pro", "PROduct"], ["xpro"]),
        ("((?i)pro)duct", ["PROduct"], ["PRODUCT"]),
        ("x((?i)a|b)c", ["xAc", "xBc"], ["XAc", "xaC"]),
        ("(x(?i)a|b)", ["xA", "B"], ["Xa"]),
        ("(?i)abc|d", ["ABC", "D"], []),
        ("(?i:a)b", ["Ab"], ["AB"]),
        ("a$", ["a"], ["a\n"]),
        (r"a\z", ["a"], ["a\n"]),
        (r"\d+", ["12"], ["٣"]),
        ("[[:alpha:]_]+", ["ab_"], ["1"]),
        (r"[\]a]", ["]", "a"], ["b"]),
        ("[(?i)]", ["(", "i"], ["I"]),
        ("(?P<n>a)|(?<m>b)", ["a", "b"], ["c"]),
        ("a.c", ["a\nc"], ["ac"]),
        (r"a\.b\|c", ["a.b|c"], ["axb"]),
        ("a{,2}", ["a{,2}"], ["a", "aa"]),
        ("a{1,2}{", ["a{", "aa{"], ["a"]),
        ("", [""], ["a"]),
    ],
)
def test_a_pattern_means_what_it_means_to_prometheus(pattern, meets, misses):
    found = compiled(pattern)
    assert [text for text in [*meets, *misses] if found.fullmatch(text)] == meets


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", r"\pL", "a++", "(?U)a", "(", "a)", "[[:nope:]]", "(?)a"],
)
def test_what_only_one_of_both_languages_has_is_refused(pattern):
    with pytest.raises(re.error):
        compiled(pattern)
