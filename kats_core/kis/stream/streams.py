"""Know the broker's names of the channels, and which of them its mock server offers (`kis/ws.md` section 6)."""

from __future__ import annotations

from collections.abc import Mapping

from kats_core.kis.stream.registrations import Channel
from kats_core.kis.wire import layouts

_STREAMS: dict[Channel, str] = {
    Channel.NOTICES: layouts.NOTICES,
    Channel.TRADES: layouts.KRX_TRADES,
    Channel.BOOK: layouts.KRX_BOOK,
    Channel.STATUS: layouts.KRX_STATUS,
    Channel.EXPECTED: layouts.KRX_EXPECTED,
    Channel.INDEX: layouts.INDEX,
}


def streams_of(*, is_mock: bool) -> Mapping[Channel, str]:
    """Return the broker's names of the channels that the real broker, or its mock server, offers."""
    if not is_mock:
        return _STREAMS
    named = _STREAMS | {Channel.NOTICES: layouts.VPS_NOTICES}
    return {channel: stream for channel, stream in named.items() if stream in layouts.VPS_STREAMS}
