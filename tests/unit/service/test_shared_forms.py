import pytest
from pullback_server.service.front.shared_forms import SharedForms
from pullback_server.service.protocol.channel import FormLookup


@pytest.fixture
def clock():
    class Clock:
        now = 0.0

        def __call__(self):
            return self.now

    return Clock()


def test_the_least_recently_used_form_goes_first(clock):
    forms = SharedForms(30, 300.0, clock)
    for key in "abc":
        forms.put(key, bytes(9))
    forms.get("a")
    forms.put("d", bytes(9))
    assert [forms.get(key)[0].name for key in "abcd"] == ["PRESENT", "MISSING", "PRESENT", "PRESENT"]
    assert forms.size == 30


def test_the_size_counts_each_form_once(clock):
    forms = SharedForms(100, 300.0, clock)
    for size in (9, 19, 5):
        forms.put("a", bytes(size))
    assert forms.size == 6


def test_a_form_over_the_capacity_is_not_kept_and_costs_no_other(clock):
    forms = SharedForms(30, 300.0, clock)
    forms.put("a", bytes(9))
    forms.put("b", bytes(30))
    assert forms.get("a")[0] is FormLookup.PRESENT
    assert forms.get("b")[0] is FormLookup.MISSING


def test_a_given_up_form_is_over_budget_until_its_time_is_over(clock):
    forms = SharedForms(30, 300.0, clock)
    forms.give_up(["a"])
    assert forms.get("a")[0] is FormLookup.OVER_BUDGET
    clock.now = 300.0
    assert forms.get("a")[0] is FormLookup.MISSING


def test_a_form_that_came_after_all_is_there(clock):
    forms = SharedForms(30, 300.0, clock)
    forms.give_up(["a"])
    forms.put("a", b"form")
    assert forms.get("a") == (FormLookup.PRESENT, b"form")


def test_no_more_than_so_many_given_up_forms_are_remembered(clock, monkeypatch):
    monkeypatch.setattr("pullback_server.service.front.shared_forms.GIVEN_UP", 3)
    forms = SharedForms(30, 300.0, clock)
    forms.give_up("abcd")
    assert [forms.get(key)[0] for key in "ad"] == [FormLookup.MISSING, FormLookup.OVER_BUDGET]
