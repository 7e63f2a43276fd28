"""Make a line of the stream from an app's keys: where it connects, and who gives its approval key."""

from __future__ import annotations

from urllib.parse import urlsplit

from kats_core.kis.auth import Authority
from kats_core.kis.errors import CredentialsError, KisError, RefusedError
from kats_core.kis.settings import Keys
from kats_core.kis.stream.feed import Line
from kats_core.kis.stream.session import Approval, ApprovalRefusedError, ApprovalUnavailableError

_PATH = "/tryitout"
"""What the broker's own sample connects to; any path is answered."""


def line_of(keys: Keys, authority: Authority) -> Line:
    """Return the line of an app key, named as the environment names the key; with an HTS id it carries the order notices."""
    url = keys.stream_url if urlsplit(keys.stream_url).path else keys.stream_url + _PATH
    return Line(keys.name, url, approval_of(authority), hts_id=keys.hts_id)


def approval_of(authority: Authority) -> Approval:
    """Return what gives a stream its approval keys."""

    async def approval(*, renew: bool) -> str:
        try:
            return (await authority.approval_key(is_new=renew)).get_secret_value()
        except (CredentialsError, RefusedError) as error:
            raise ApprovalRefusedError(str(error)) from None
        except KisError as error:
            raise ApprovalUnavailableError(str(error)) from None

    return approval
