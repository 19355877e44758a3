"""Explains what happens to a call: which trunk, rule, line and agent it meets, or which condition stops it.

Nothing here changes anything. `match` decides as LiveKit's server and gateway do, and is held against them in
tests/stack/test_explained_calls.py.
"""

from bootstrap.explain.call import Call
from bootstrap.explain.matching import Explanation, match

__all__ = ["Call", "Explanation", "match"]
