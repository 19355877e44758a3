"""deploy/aws/landline.yaml as CloudFormation reads it."""

from __future__ import annotations

from typing import Any

import yaml

from tests.support.house import ROOT

TEMPLATE = ROOT / "deploy/aws/landline.yaml"


class Loader(yaml.SafeLoader):
    """Knows CloudFormation's short forms: `!Ref Domain` is {"Ref": "Domain"}."""


def _function(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            raise TypeError(f"!{suffix} of {node}")
    return {suffix: value}


Loader.add_multi_constructor("!", _function)


def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader)  # noqa: S506 - it is a SafeLoader
    return loaded


def user_data(**values: str) -> str:
    """Return the user data of the instance, with these values for the names in it."""
    text: str = template()["Resources"]["Instance"]["Properties"]["UserData"]["Fn::Base64"]["Sub"]
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text
