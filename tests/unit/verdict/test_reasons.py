"""Every reason for UNDECIDED has a sentence and is in the documents."""

from pathlib import Path

import pytest
from pullback_server.verdict import Outcome, UndecidedReason, Verdict

README = Path(__file__).parents[3] / "README.md"


@pytest.mark.parametrize("reason", UndecidedReason)
def test_a_reason_is_its_own_name_and_has_a_sentence(reason):
    assert (reason, str(reason)) == (reason.name, reason.name)
    verdict = Verdict.undecided(reason)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, reason)
    assert verdict.message.lower() == f"{reason.sentence.lower()}."


def test_the_readme_names_every_reason_and_no_other():
    _, _, text = README.read_text(encoding="utf-8").partition("Reasons for `UNDECIDED`: ")
    paragraph, _, _ = text.partition("\n\n")
    assert set(paragraph.split("`")[1::2]) == set(UndecidedReason)
