"""The time, in any time zone."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.declaring import tool


@tool(title="Current time")
def current_time(context: Context, time_zone: str = "") -> dict[str, str]:
    """Tells the current date, weekday and time.

    time_zone: IANA name such as Asia/Shanghai, or just the city of that name; empty means the user's
        own time zone
    """
    zone = zone_of(time_zone or context.timezone)
    now = context.now().astimezone(zone)
    offset = now.strftime("%z")
    return {
        "date": now.strftime("%Y-%m-%d"),
        "weekday": now.strftime("%A"),
        "time": now.strftime("%H:%M:%S"),
        "time_zone": zone.key,
        "utc_offset": f"{offset[:3]}:{offset[3:5]}",
    }


def zone_of(name: str) -> ZoneInfo:
    """The zone of this name in any case, or the one whose city it is."""
    wanted = name.strip().replace(" ", "_").lower()
    key = zones().get(wanted)
    if key is None:
        raise ToolError(
            f"There is no time zone {name[:60]!r}. Use an IANA name such as Europe/Berlin; for a smaller "
            "city take the zone that it lies in."
        )
    return ZoneInfo(key)


@cache
def zones() -> dict[str, str]:
    """Lower-case names and city names, with the zone each of them means."""
    keys = sorted(available_timezones())
    cities = {key.rpartition("/")[2].lower(): key for key in reversed(keys) if "/" in key}
    return cities | {key.lower(): key for key in keys}
