"""What is known about models."""

import pytest

from actrio.models import ModelFamily, validate_model_info


def test_a_family_cannot_be_made() -> None:
    """The error says what to write instead."""
    with pytest.raises(TypeError, match=r"write ModelFamily\.UNKNOWN, or any string"):
        ModelFamily()


def test_what_is_missing_is_named() -> None:
    """One field at a time, with what to do."""
    with pytest.raises(ValueError, match="'family' in ModelInfo: add it"):
        validate_model_info(
            {"vision": False, "function_calling": False, "json_output": False}  # type: ignore[typeddict-item] # what is tested
        )
    with pytest.warns(UserWarning, match="'structured_output' in ModelInfo"):
        validate_model_info(
            {  # type: ignore[typeddict-item] # what is tested
                "vision": False,
                "function_calling": False,
                "json_output": False,
                "family": "mine",
            }
        )
