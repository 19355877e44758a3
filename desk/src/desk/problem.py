"""What is wrong with a request, as a sentence for whoever has sent it."""


class Problem(Exception):  # noqa: N818 - the request's, not the program's
    """`status` is HTTP's. `sentence` says what was found, what was expected and what to do; it is shown as text."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence
