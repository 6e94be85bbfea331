"""Every setting and every limit is described and bounded, and a configuration comes back from its settings."""

import pytest
from pullback_server.program import Limits
from pullback_server.service import Config, ConfigError
from pullback_server.service.config import settings
from pullback_server.service.limits import ServiceLimits


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1}, {"port": 65536}, {"workers": -1}, {"queue": -1}, {"time_limit": 0}, {"time_limit": float("nan")},
        {"device": "CUDA 0"}, {"mathematics": "os; import sys"}, {"max_message_bytes": 10}, {"share": 1.5},
        {"share": -0.1}, {"limit_depth": 0}, {"metrics_port": -2}, {"log_level": "loud"}, {"log_format": "xml"},
        {"worker_files": 3},
    ],
    ids=str,
)  # fmt: skip
def test_a_setting_with_an_invalid_value_is_refused_by_name(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong)).removeprefix("limit_")):
        Config.of(**wrong)


def test_every_setting_has_a_sentence():
    assert all(item.doc.endswith(".") for item in settings())


def test_every_limit_is_a_setting_and_is_described():
    names = {item.name for item in settings()}
    described = {name for name, _, _ in ServiceLimits().describe()}
    assert {f"limit_{name}" for name, _, _ in Limits().describe()} <= names
    assert described - {name for name, _, _ in Limits().describe()} <= names


def test_a_configuration_comes_back_from_its_settings():
    config = Config.of(queue=3, limit_nodes=5, host="::1", share=0.25)
    assert Config.of(**config.flat()) == config


def test_what_one_request_may_need_fits_in_what_all_may_need():
    limits = Config.of(memory_in_flight=1000, work_in_flight=1000).resolved().limits
    assert limits.memory <= 1000
    assert limits.work <= 1000
    assert Config().resolved().limits.memory_in_flight > 0


def test_a_client_may_hold_its_share_of_the_queue_and_one_call_at_least():
    assert Config.of(queue=100, share=0.25).limits.waiting_per_client == 25
    assert Config.of(queue=100, share=0.0).limits.waiting_per_client == 1
    assert Config.of(queue=0).limits.waiting_per_client == 0


def test_an_ipv6_host_is_bracketed():
    assert Config(host="::1", port=1).address == "[::1]:1"
