"""Register the broker as a data source and as a broker. Light: what calls it is imported when it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from kats_core.config.problems import ConfigError
from kats_core.hookspecs import hookimpl
from kats_core.market.source import SourceError, SourcePlugin
from kats_core.model.labels import Bilingual, message
from kats_core.orders.broker import Broker, BrokerAccount, BrokerError, BrokerPlugin

if TYPE_CHECKING:
    from pathlib import Path

    from kats_core.config import Settings
    from kats_core.kis.settings import Keys
    from kats_core.kis.source import KisSource


class KisParams(BaseModel):
    """Keys, account and addresses are not here: they are the KIS_ keys of the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def archive_folder(home: Path, keys: Keys) -> Path:
    """Return where the history of an environment lies; that of a simulator is nobody else's."""
    return home / "kis" / (keys.env if keys.calls_the_broker else "simulator") / "data"


def build_source(params: KisParams, settings: Settings) -> KisSource:
    """Return the broker as a source; raises SourceError without keys or without history."""
    from kats_core.kis.listening import Listener
    from kats_core.kis.settings import pool_of
    from kats_core.kis.source import KisSource
    from kats_core.sources.files import FilesParams, build

    try:
        keys, *more = pool_of(settings, account=True)
    except ConfigError as error:
        raise SourceError(message(error)) from None
    folder = archive_folder(settings.kats_home, keys)
    if not (folder / "daily_adjusted.parquet").exists():
        raise SourceError(
            Bilingual(
                "{folder}: 아직 과거 데이터가 없습니다. `kats data download`로 받으세요",
                "{folder}: there is no history yet; `kats data download` fetches it",
                folder=folder,
            )
        )
    return KisSource(build(FilesParams(paths=(str(folder),))), Listener(keys, settings.kats_home, more))


def build_broker(params: KisParams, account: BrokerAccount) -> Broker:
    """Return the broker, which shares the keys and the connection of the data source; raises BrokerError."""
    from kats_core.kis.broker import KisBroker, Service
    from kats_core.kis.source import KisSource

    source = account.source
    if not isinstance(source, KisSource):
        raise BrokerError("broker kis goes with `data: {use: kis}`: its fills come by the same connection")
    listener = source.listener
    keys = listener.keys
    if keys.account is None or not keys.hts_id:
        raise BrokerError(
            "KIS_ACCOUNT_NO and KIS_HTS_ID are needed to trade: the account, and who is told of its fills"
        )
    own = keys.account

    async def service() -> Service:
        return Service(await listener.client(), own)

    broker = KisBroker(service)
    listener.on_notice, listener.on_reconnected = broker.notice, broker.reconnected
    return broker


@hookimpl
def kats_register_data_sources() -> SourcePlugin:
    """Register the broker's history and stream."""
    return SourcePlugin(
        name="kis",
        summary=(
            "한국투자증권 시세: 내려받은 이력과 실시간",
            "Korea Investment & Securities: its history and its stream.",
        ),
        params=KisParams,
        build=build_source,
        needs_settings=True,
        is_live=True,
    )


@hookimpl
def kats_register_brokers() -> BrokerPlugin:
    """Register the broker."""
    return BrokerPlugin(
        name="kis",
        summary=("한국투자증권 주문", "Orders at Korea Investment & Securities."),
        params=KisParams,
        build=build_broker,
        is_remote=True,
    )
