"""The samples of every carrier that sells numbers: the objects are the kernel's, only what is for sale differs."""

from __future__ import annotations

from tests.conformance.subject import Sample

MARK = "xtel/p/s/helpline"
BUY = {"country": "US", "area_code": "415"}


def samples(other: str) -> tuple[Sample, Sample]:
    """Choice and purchase; ``other`` is a number for sale that is not in area code 415."""
    return (
        Sample(
            "Choice",
            lambda made: {"marker": MARK, "buy": BUY},
            same=(
                {"buy": {"country": "us", "area_code": 415.0, "type": "local"}},
                {"marker": "xtel/p/s/renamed"},
            ),
            chosen=True,
            final=({"buy": {**BUY, "area_code": "212"}}, {"buy": {**BUY, "type": "toll_free"}}),
            foreign=lambda made: {"marker": "somebody else's", "buy": BUY},
        ),
        Sample(
            "Purchase",
            lambda made: {"marker": MARK, "phone_number": made["Choice"].id},
            changes=({"on_delete": "release"}, {"owned": True}, {"on_delete": "keep", "owned": False}),
            same=({"on_delete": "keep"}, {"owned": False}, {"marker": "xtel/p/s/renamed"}),
            bought=True,
            final=({"phone_number": other},),
            foreign=lambda made: {"marker": "somebody else's", "phone_number": other},
        ),
    )
