import pytest
from pullback_server.service import Config, ConfigError


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1},
        {"port": 65536},
        {"workers": -1},
        {"queue": -1},
        {"time_limit": 0},
        {"time_limit": float("nan")},
        {"device": "CUDA 0"},
        {"mathematics": "os; import sys"},
        {"max_message_bytes": 10},
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_refused_by_name(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)


def test_every_setting_has_a_sentence():
    assert all(item.metadata["doc"].endswith(".") for item in Config.flags())


def test_an_ipv6_host_is_bracketed():
    assert Config(host="::1", port=1).address == "[::1]:1"
