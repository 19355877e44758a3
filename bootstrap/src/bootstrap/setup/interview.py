"""What every question needs: who is asked, what is known, and whom the answers are checked with."""

from dataclasses import dataclass

from bootstrap.internet import Internet
from bootstrap.setup.answers import Answers
from bootstrap.setup.prompt import Prompt
from bootstrap.setup.provider import Providers

LOCAL = ("", "localhost")  # the names of a host that nobody else reaches
BY_ADDRESS = "auto"  # the name is <address>.sslip.io


@dataclass(frozen=True)
class Interview:
    prompt: Prompt
    answers: Answers
    internet: Internet
    providers: Providers
    memory: int  # of the engine, in MB
    needed: int  # MB for the embedded models in their default size

    @property
    def can_be_reached(self) -> bool:
        """Whether calls can come from outside this machine."""
        return self.answers["DOMAIN"] not in LOCAL or bool(self.answers["PUBLIC_IP"])
