"""The service's reference has everything that the service's tables have."""

from types import SimpleNamespace

from prometheus_client.metrics_core import CounterMetricFamily
from pullback_server import grading
from pullback_server.service import reference
from pullback_server.service.config import settings
from pullback_server.service.failpoints import POINTS
from pullback_server.service.front.metrics import METRICS, Metrics
from pullback_server.service.front.tally import Tally
from pullback_server.verdict import UndecidedReason

from tests.reason_table import REASONS


def test_the_reference_is_in_step_with_the_tables():
    assert reference.FILE.read_text(encoding="utf-8") == reference.reference(), (
        "run python -m pullback_server.service.reference"
    )


def test_it_names_every_code_of_a_grade_and_every_reason_for_no_decision():
    text = reference.reference()
    for name in grading.FINDING_CODES:
        assert f"`{name}`" in text
    for reason in grading.UndecidedReason:
        assert reason.value.format(budget="B") in text


def test_it_names_every_setting_failpoint_and_reason():
    text = reference.reference()
    for setting in settings():
        assert setting.variable in text
    for name in (*POINTS, *(reason for reason in REASONS if REASONS[reason].code != 3), *UndecidedReason):
        assert f"`{name}`" in text


def test_it_names_every_metric_that_there_is_and_no_other():
    pool = SimpleNamespace(size=2, ready=2, replaced={"died": 1})
    dispatcher = SimpleNamespace(pool=pool, waiting=0, calls=0, bytes=0, form_bytes=0)
    collected = Metrics(Tally(), dispatcher).collect()
    names = {f"{m.name}_total" if isinstance(m, CounterMetricFamily) else m.name: m.type for m in collected}
    assert names == {row.name: row.kind for row in METRICS}
