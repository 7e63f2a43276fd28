"""Call a run's symbols, reasons and verdicts by the words that people know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from kats_core.cli.text import label, language, t
from kats_core.model.command import Notify
from kats_core.model.kinds import Decision
from kats_core.model.labels import CodeTexts
from kats_core.model.record import OperatorRecord, Record, SignalRecord, SignalStatus, VerdictRecord
from kats_core.runtime.assembly import App

_CHIPS = {
    Decision.APPROVE: ("✓", "green"),
    Decision.RESIZE: ("▽", "yellow"),
    Decision.REJECT: ("✗", "bold red"),
    Decision.DEFER: ("↻", "bold yellow"),
    Decision.SKIPPED: ("·", "dim"),
}
STYLE_OF_DECISION = {decision: style for decision, (_, style) in _CHIPS.items()}
_GAP = Text("  ")
_NAMED_AT_ONCE = 3
STYLE_OF_STATUS = {
    SignalStatus.PROPOSED: "",
    SignalStatus.ORDERED: "bold green",
    SignalStatus.REJECTED: "bold red",
    SignalStatus.DEFERRED: "bold yellow",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one run's codes, and the names of its symbols."""

    codes: CodeTexts
    names: Mapping[str, str]

    @classmethod
    def of_app(cls, app: App) -> Wording:
        """Return the wording of a run that is about to start."""
        return cls(app.codes, {i.symbol: i.name for i in app.source.instruments(app.last) if i.name})

    def name(self, symbol: str) -> str:
        """Return a symbol's name, or the symbol where it has none."""
        return self.names.get(symbol, symbol)

    def named(self, symbol: str) -> str:
        """Return the symbol with its name."""
        name = self.names.get(symbol)
        return f"{symbol} {name}" if name else symbol

    def operator(self, record: OperatorRecord) -> str:
        """Return what a person ordered, for what, who, and why."""
        scope = self.named(record.symbol) if record.symbol else record.instance or t("everything")
        return " · ".join(
            filter(None, [label(record.verb), scope, record.who, record.reason, record.cause, record.reference])
        )

    def notice(self, notice: Notify) -> str:
        """Return what has happened, to which symbols, and since when."""
        listed, since = notice.detail.get("symbols"), notice.detail.get("since")
        symbols = [notice.symbol] if notice.symbol else str(listed or "").split(", ")
        named = [self.named(symbol) for symbol in symbols[:_NAMED_AT_ONCE] if symbol]
        if len(symbols) > _NAMED_AT_ONCE:
            named.append(t("and_more", count=len(symbols) - _NAMED_AT_ONCE))
        began = "" if since is None else t("since", time=since)
        return " · ".join(filter(None, [self.reason(notice.code), ", ".join(named), began]))

    def reason(self, code: str | None) -> str:
        """Return the text of `owner:CODE`."""
        if code is None:
            return ""
        texts = self.codes.get(code)
        return code if texts is None else texts[0 if language() == "ko" else 1]


@dataclass(slots=True)
class Trail:
    """A signal, and the verdicts of its last attempt so far. `times`: as often it came, with the same end each time."""

    signal: SignalRecord
    verdicts: list[VerdictRecord] = field(default_factory=list)
    times: int = 1

    def chips(self) -> Text:
        """Return one chip for each stage: its name, what it said, and the quantity it set."""
        return _GAP.join(chip(verdict) for verdict in self.verdicts)

    def chip_lines(self, width: int) -> list[Text]:
        """Return the chips in lines of at most `width` cells; none is broken in two."""
        lines: list[Text] = []
        for verdict in self.verdicts:
            one = chip(verdict)
            if lines and lines[-1].cell_len + _GAP.cell_len + one.cell_len <= width:
                lines[-1] = _GAP.join([lines[-1], one])
            else:
                lines.append(one)
        return lines

    def result(self, wording: Wording) -> Text:
        """Return what became of the signal, with the reason."""
        signal = self.signal
        reason = wording.reason(signal.code)
        return Text.assemble(
            (label(signal.status), STYLE_OF_STATUS[signal.status]),
            f" · {reason}" if reason else "",
            (f" ×{self.times}" if self.times > 1 else "", "dim"),
            overflow="ellipsis",
        )

    def repeats(self, before: Trail) -> bool:
        """Tell whether the same was refused for the same reason before."""
        own, other = self.signal, before.signal
        return own.status is not SignalStatus.ORDERED and (own.status, own.code) == (other.status, other.code)


class Trails:
    """The signals of a session in the order in which they came.

    A refused signal comes again every minute while its conditions hold. While the reason is the same, the last one stands for all.
    """

    def __init__(self) -> None:
        self._trails: dict[str, Trail] = {}
        self._decided: dict[tuple[str, str, int], Trail] = {}

    def take(self, record: Record) -> Trail | None:
        """Take a record; return the trail of a signal that has just been decided, unless it only repeats the one before."""
        match record:
            case SignalRecord():
                trail = self._trails.setdefault(record.signal_id, Trail(record))
                trail.signal = record
                return None if record.status is SignalStatus.PROPOSED else self._news(trail)
            case VerdictRecord():
                trail = self._trails[record.signal_id]
                if trail.verdicts and trail.verdicts[-1].attempt != record.attempt:
                    trail.verdicts.clear()
                trail.verdicts.append(record)
        return None

    def _news(self, trail: Trail) -> Trail | None:
        signal = trail.signal
        key = (signal.instance, signal.symbol, signal.slot)
        before = self._decided.get(key)
        self._decided[key] = trail
        if before is None or before is trail or not trail.repeats(before):
            return trail
        trail.times = before.times + 1
        del self._trails[before.signal.signal_id]
        return None

    def all(self) -> Sequence[Trail]:
        """Return every trail, the oldest first."""
        return list(self._trails.values())

    def clear(self) -> None:
        """Forget the session."""
        self._trails.clear()
        self._decided.clear()


def chip(verdict: VerdictRecord) -> Text:
    """Return a verdict in short: position-sizer ✓ 214."""
    sign, style = _CHIPS[verdict.decision]
    quantity = verdict.quantity_after
    is_set = quantity is not None and quantity != verdict.quantity_before
    return Text.assemble(
        (verdict.stage, "dim"), " ", (sign, style), (f" {quantity:,}" if is_set else "", style), no_wrap=True
    )
