from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenchat.tools.builtin.convert_units import convert_units
from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.units import KINDS, SYMBOLS


async def converted(value: float, source: str, target: str) -> object:
    return await convert_units.call(
        {"value": value, "from_unit": source, "to_unit": target}, Context()
    )


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        (1, "mi", "km", "1 mi = 1.609344 km"),
        (25.4, "mm", "inch", "25.4 mm = 1 in"),
        (6, "feet", "m", "6 ft = 1.8288 m"),
        (1, "lb", "kg", "1 lb = 0.45359237 kg"),
        (5, "斤", "公斤", "5 jin = 2.5 kg"),
        (15, "亩", "ha", "15 mu = 1 ha"),
        (100, "C", "F", "100 °C = 212 °F"),
        (-40, "°F", "celsius", "-40 °F = -40 °C"),
        (0, "K", "C", "0 K = -273.15 °C"),
        (100, "km/h", "m/s", "100 km/h = 27.7777777778 m/s"),
        (100, "KMH", "mph", "100 km/h = 62.1371192237 mph"),
        (1, "GiB", "MB", "1 GiB = 1073.741824 MB"),
        (8, "bit", "B", "8 bit = 1 B"),
        (100, "Mbps", "MB/s", "100 Mbit/s = 12.5 MB/s"),
        (2, "square meters", "ft2", "2 m2 = 21.5278208334 ft2"),
        (1, "US gallon", "l", "1 gal = 3.785411784 l"),
        (1.5, "hours", "min", "1.5 h = 90 min"),
        (1, "kWh", "MJ", "1 kWh = 3.6 MJ"),
        (180, "degrees", "rad", "180 deg = 3.14159265359 rad"),
        (1, "atm", "hPa", "1 atm = 1013.25 hPa"),
    ],
)
async def test_conversions_come_out_right(value, source, target, result):
    assert await converted(value, source, target) == result


@pytest.mark.parametrize(
    ("value", "source", "target", "said"),
    [
        (1, "kg", "m", "kg (mass) cannot be converted to m (length)"),
        (1, "EUR", "USD", "There is no unit 'EUR'"),
        (1, "furlong", "m", "Known are length: m, km"),
        (-1, "K", "C", "below absolute zero"),
        (-460, "F", "C", "below absolute zero"),
        (1e308, "ly", "nm", "too large"),
        (1, "mhZ", "W", "There is no unit"),
    ],
)
async def test_what_cannot_be_converted_is_said(value, source, target, said):
    with pytest.raises(ToolError) as refused:
        await converted(value, source, target)
    assert said in str(refused.value)


async def test_a_unit_that_may_mean_two_is_asked_back():
    with pytest.raises(ToolError, match="CAL may mean cal or kcal"):
        await converted(1, "CAL", "J")


def test_no_way_to_write_a_unit_means_two():
    written = [word for kind in KINDS.values() for word in kind]
    assert len(written) == len(set(written))
    assert set(SYMBOLS.values()) == set(written)


@settings(deadline=None)
@given(st.sampled_from(sorted(SYMBOLS)), st.integers(1, 1000))
async def test_every_unit_converts_to_its_base_and_back(unit, value):
    kind = next(units for units in KINDS.values() if SYMBOLS[unit] in units)
    base = next(iter(kind))
    there = str(await converted(value, unit, base)).split(" = ")[1].split()[0]
    back = str(await converted(float(there), base, unit)).split(" = ")[1].split()[0]
    assert float(back) == pytest.approx(value, rel=1e-6, abs=1e-6)
