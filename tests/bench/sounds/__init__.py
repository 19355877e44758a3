"""What the callers of the bench say, as a telephone line carries it, and the noises around them.

All of it is synthetic: voices by Kokoro and Piper, coughs, traffic, offices and music by numpy (noises.py says how).
"""

from tests.bench.sounds.render import load
from tests.bench.sounds.sound import Fragment, Sound

__all__ = ["Fragment", "Sound", "load"]
