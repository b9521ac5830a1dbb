"""A model provider that costs nothing: it answers as OpenAI, Anthropic and Cohere do, misbehaves on
request, and writes down what it would have billed.
"""

from .server import FakeUpstream

__all__ = ["FakeUpstream"]
