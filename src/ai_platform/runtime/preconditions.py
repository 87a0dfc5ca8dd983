"""`ETag` and `If-Match` (RFC 9110 §8.8.3, §13.1.1): a version in quotes."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from ai_platform.kernel.errors import Outdated

_ETAG: Final = re.compile(r'\s*(?:W/)?"(\d{1,9})"\s*')


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


async def expected_version(
    if_match: Annotated[str | None, Header(description='The version you have read, as its `ETag`: `"3"`.')] = None,
) -> int | None:
    """None: whatever is there. Raises Outdated for what can be no version of ours, for then none matches."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match)
    if found is None:
        raise Outdated('If-Match takes one ETag, like "3".')
    return int(found.group(1))


Expected = Annotated[int | None, Depends(expected_version)]
