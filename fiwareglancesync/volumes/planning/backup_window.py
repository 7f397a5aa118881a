"""The hours of the day in which backups may begin, in a time zone with its changes of the clock (volumes 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from ..volume_model import VolumeSettings

ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class BackupWindow:
    """A part of each day, by the clock on the wall in its zone.

    :param opens: minute of the day at which it begins
    :param closes: first minute of the day after it; before ``opens`` when midnight lies in between
    :param zone: the time zone
    """

    opens: int
    closes: int
    zone: ZoneInfo

    def is_open(self, moment: datetime) -> bool:
        """Whether a moment is within the window.

        :param moment: in UTC
        """
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        if self.opens < self.closes:
            return self.opens <= minute < self.closes
        return minute >= self.opens or minute < self.closes

    def next_opening(self, moment: datetime) -> datetime:
        """The moment itself when it is within the window, else when the window opens next.

        :param moment: in UTC
        """
        return self._next(moment, self.opens, is_open=True)

    def next_closing(self, moment: datetime) -> datetime:
        """The moment itself when it is outside of the window, else when the window closes next.

        :param moment: in UTC
        """
        return self._next(moment, self.closes, is_open=False)

    def _next(self, moment: datetime, minute: int, *, is_open: bool) -> datetime:
        """The first moment that is open or closed: when the clock reaches a minute, or where it is changed."""
        while self.is_open(moment) is not is_open:
            local = moment.astimezone(self.zone)
            passed = local.replace(tzinfo=None) - datetime.combine(local.date(), time())
            wait = (timedelta(minutes=minute) - passed) % timedelta(days=1) or timedelta(days=1)
            moment = self._change_of_clock(moment, moment + wait) or moment + wait
        return moment

    def _change_of_clock(self, before: datetime, after: datetime) -> datetime | None:
        """The first second after a change of the zone's offset between two moments, None when there is none."""
        first = before.astimezone(self.zone).utcoffset()
        if after.astimezone(self.zone).utcoffset() == first:
            return None
        before = before.replace(microsecond=0)
        while after - before > ONE_SECOND:
            middle = (before + (after - before) / 2).replace(microsecond=0)
            if middle.astimezone(self.zone).utcoffset() == first:
                before = middle
            else:
                after = middle
        return after.replace(microsecond=0)


def window_of(settings: VolumeSettings) -> BackupWindow | None:
    """The configured window; None means always.

    :param settings: whose zone is a known one
    """
    if settings.backup_window is None:
        return None
    opens, closes = settings.backup_window
    return BackupWindow(opens, closes, ZoneInfo(settings.timezone))
