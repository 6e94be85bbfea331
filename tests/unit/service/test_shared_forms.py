"""Closed forms are kept up to a number of bytes, the least recently used goes first; given-up ones are remembered."""

from unittest.mock import Mock

import pytest
from pullback_server.service.front.shared_forms import SharedForms
from pullback_server.service.protocol.channel import FormLookup


@pytest.fixture
def clock():
    return Mock(return_value=0.0)


@pytest.fixture
def forms(clock):
    return SharedForms(30, 300.0, clock)


def test_the_least_recently_used_form_goes_first(forms):
    for key in "abc":
        forms.put(key, bytes(9))
    forms.get("a")
    forms.put("d", bytes(9))
    assert [forms.get(key)[0].name for key in "abcd"] == ["PRESENT", "MISSING", "PRESENT", "PRESENT"]
    assert forms.size == 30


def test_the_size_counts_each_form_once(forms):
    for size in (9, 19, 5):
        forms.put("a", bytes(size))
    assert forms.size == 6


def test_a_form_over_the_capacity_is_not_kept_and_costs_no_other(forms):
    forms.put("a", bytes(9))
    forms.put("b", bytes(30))
    assert forms.get("a")[0] is FormLookup.PRESENT
    assert forms.get("b")[0] is FormLookup.MISSING


def test_a_given_up_form_is_over_budget_until_its_time_is_over(forms, clock):
    forms.give_up(["a"])
    assert forms.get("a")[0] is FormLookup.OVER_BUDGET
    clock.return_value = 300.0
    assert forms.get("a")[0] is FormLookup.MISSING


def test_a_form_that_came_after_all_is_there(forms):
    forms.give_up(["a"])
    forms.put("a", b"form")
    assert forms.get("a") == (FormLookup.PRESENT, b"form")


def test_no_more_than_so_many_given_up_forms_are_remembered(forms, monkeypatch):
    monkeypatch.setattr("pullback_server.service.front.shared_forms.GIVEN_UP", 3)
    forms.give_up("abcd")
    assert [forms.get(key)[0] for key in "ad"] == [FormLookup.MISSING, FormLookup.OVER_BUDGET]
