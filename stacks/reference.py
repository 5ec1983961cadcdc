"""``{secret: NAME}``: what stands in a stack file where a secret would."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from providers.kernel import registry
from providers.kernel.spec import StrictModel
from providers.kernel.spelling import Spelled


def _not_a_vendors(name: str) -> str:
    """A vendor's credential is for that vendor's hosts; what a stack file names goes where the stack file says."""
    space, colon, _ = name.partition(":")
    if colon and space in registry.vendors():
        raise ValueError(f"is a credential of {space}, which goes to {space} alone: use a secret of your own")
    return name


class SecretRef(StrictModel):
    """``{secret: NAME}``: the Pulumi config secret of that name. Secrets never stand in the file."""

    secret: Annotated[
        str,
        Spelled(
            r"^[A-Za-z][\w-]*(:[\w-]+)?$",
            "must be the name of a config secret, for example pbxPassword; its value is set by `pulumi config set --secret`",
        ),
        AfterValidator(_not_a_vendors),
    ] = Field(description="Name of the Pulumi config secret.", examples=["pbxPassword"])


def _reference(value: Any) -> Any:
    if not isinstance(value, dict | SecretRef):
        raise ValueError("secrets never stand in the file: write {secret: NAME} and `pulumi config set --secret NAME`")
    return value  # pyright: ignore[reportUnknownVariableType] -- the model checks what is in it


Reference = Annotated[SecretRef, BeforeValidator(_reference, json_schema_input_type=SecretRef)]
