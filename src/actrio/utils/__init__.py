"""From the text and the schemas that models exchange to Python objects."""

from .._extras import Needs

with Needs("actrio.utils"):
    from ._json_text import extract_json_from_str
    from ._models import schema_to_pydantic_model

__all__ = ["extract_json_from_str", "schema_to_pydantic_model"]
