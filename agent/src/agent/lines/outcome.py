"""What a line's owner wants to know of each call, as a small form that is filled in when the call is over."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from agent.lines.group import Group, setting

MOST_FIELDS = 20

Choice = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class OutcomeField(Group):
    """One thing to know of each call, under a name of your choice. docs/abilities/messages.md has an example."""

    meaning: Annotated[str, StringConstraints(min_length=1, max_length=300)] = setting(
        ..., "What the field means, in a sentence for the language model, such as: the number of the order."
    )
    kind: Literal["text", "number", "choice", "date", "yes-no"] = setting(
        "text", "What its values are. A value of any other kind is left out."
    )
    choices: list[Choice] = Field(
        default_factory=list, description='The values of kind = "choice", two of them at least.', max_length=30
    )

    @model_validator(mode="after")
    def _has_choices(self) -> Self:
        if self.kind == "choice" and len({choice.casefold() for choice in self.choices}) < max(2, len(self.choices)):
            raise ValueError('kind = "choice" and choices should be a list of two or more different texts')
        if self.kind != "choice" and self.choices:
            raise ValueError(f'choices are given, but kind is "{self.kind}": set kind = "choice", or remove them')
        return self


FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
