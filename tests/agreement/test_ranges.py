"""Ranges of track numbers: there and back, and one form only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointsky.agreement.ranges import holds, pairs_of, ranges_of


@given(st.lists(st.integers(0, 60) | st.integers(0, 2**59), max_size=60))
def test_ranges_hold_exactly_the_numbers(numbers: list[int]) -> None:
    text = ranges_of(numbers)
    back = {n for low, high in pairs_of(text) for n in range(low, high + 1)}
    assert back == set(numbers)
    assert all(holds(text, n) for n in numbers)
    assert not holds(text, 2**60)
    shuffled = np.array(numbers[::-1], np.int64)
    assert ranges_of(shuffled) == text, "whatever the order and the kind of list"


def test_ranges_read_as_a_person_writes_them() -> None:
    assert ranges_of(np.array([53, *range(1, 51)], np.uint16)) == "1-50,53"
    assert ranges_of([7]) == "7"
    assert ranges_of([4, 3]) == "3-4"
    assert ranges_of([]) == ""


@pytest.mark.parametrize("text", ["1,2", "2,1", "3-1", "1-1", "1-3,3", "1-3,4", "01", "1-", "-1",
                                  "1,", ",", " 1", "1;2", "١", "9" * 19])
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        pairs_of(text)


def test_a_negative_number_is_none() -> None:
    with pytest.raises(ValueError, match="-3"):
        ranges_of([1, -3])
