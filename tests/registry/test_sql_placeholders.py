"""The places of a statement, and what stands in it that never ends."""

import time

import pytest

from registry.sqlite.placeholders import names_in, others_in, unclosed_in


def test_places_are_found_where_values_go_and_nowhere_else():
    sql = """SELECT ':a', ":b", [:c], `:d`, :e -- :f
             /* :g */ FROM t WHERE x = :h AND y = :e AND z = 'it''s :i' /* :j"""
    assert names_in(sql) == ("e", "h")
    assert others_in("SELECT ?, ?1, @a, $b, '?', :c") == ("?", "?1", "@a", "$b")


@pytest.mark.parametrize(
    ("sql", "unclosed"),
    [
        ("SELECT 'it''s', \"a\"\"b\", `c``d`, [e'f] /* ' */ -- '", ""),
        ("SELECT 'it''", "'"),
        ('SELECT "a', '"'),
        ("SELECT `a", "`"),
        ("SELECT [a", "["),
        ("SELECT 1 /* a", ""),
    ],
)
def test_a_text_that_never_ends_is_found(sql, unclosed):
    assert unclosed_in(sql) == unclosed


@pytest.mark.parametrize("sign", ["[", "['", "'\"", "`", "``[", "/*", "-", ":a", "?", '"'])
def test_reading_a_statement_takes_time_by_its_length_alone(sign):
    began = time.process_time()
    names_in("SELECT " + sign * 40_000)
    assert time.process_time() - began < 2
