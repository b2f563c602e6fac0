"""Units of measurement: what each is of the first of its kind, and how people write it.

Source: the SI brochure and NIST Special Publication 811 (exact by definition); the Chinese market
units as defined in 1959.
"""

from __future__ import annotations

from fractions import Fraction

# A kind without an indent, then: symbol, factor, other ways to write it.
TABLE = """
length
  m     1                   meter metre meters metres 米
  km    1000                kilometer kilometre kilometers kilometres 公里 千米
  dm    1/10                decimeter decimetre decimeters decimetres
  cm    1/100               centimeter centimetre centimeters centimetres 厘米
  mm    1/1000              millimeter millimetre millimeters millimetres 毫米
  um    1/1000000           µm μm micron microns micrometer micrometers 微米
  nm    1/1000000000        nanometer nanometers nanometre nanometres 纳米
  in    0.0254              inch inches " ″ 英寸
  ft    0.3048              foot feet ' ′ 英尺
  yd    0.9144              yard yards 码
  mi    1609.344            mile miles 英里
  nmi   1852                nautical_mile nautical_miles 海里
  au    149597870700        astronomical_unit astronomical_units 天文单位
  ly    9460730472580800    light_year light_years light-year light-years 光年
  li    500                 里 市里
  chi   1/3                 尺 市尺
  cun   1/30                寸 市寸
mass
  kg    1                   kilogram kilograms kilo kilos 公斤 千克
  g     1/1000              gram grams 克
  mg    1/1000000           milligram milligrams 毫克
  ug    1/1000000000        µg μg microgram micrograms 微克
  t     1000                tonne tonnes metric_ton metric_tons 吨
  lb    0.45359237          lbs pound pounds 磅
  oz    0.028349523125      ounce ounces 盎司
  st    6.35029318          stone stones 英石
  short_ton 907.18474       short_tons us_ton us_tons
  long_ton  1016.0469088    long_tons imperial_ton imperial_tons
  ct    1/5000              carat carats 克拉
  jin   1/2                 斤 市斤
  liang 1/20                两 市两
area
  m2    1                   m² m^2 sqm square_meter square_metre square_meters square_metres 平方米
  km2   1000000             km² km^2 square_kilometer square_kilometers square_kilometres 平方公里
  cm2   1/10000             cm² cm^2 square_centimeter square_centimeters 平方厘米
  mm2   1/1000000           mm² mm^2
  ha    10000               hectare hectares 公顷
  acre  4046.8564224        acres 英亩
  ft2   0.09290304          ft² ft^2 sqft sq_ft square_foot square_feet 平方英尺
  in2   0.00064516          in² in^2 square_inch square_inches 平方英寸
  yd2   0.83612736          yd² yd^2 square_yard square_yards
  mi2   2589988.110336      mi² mi^2 square_mile square_miles 平方英里
  mu    2000/3              亩 市亩
volume
  l     1                   liter litre liters litres 升
  ml    1/1000              milliliter millilitre milliliters millilitres cc 毫升
  cl    1/100               centiliter centilitre centiliters centilitres
  dl    1/10                deciliter decilitre deciliters decilitres
  m3    1000                m³ m^3 cubic_meter cubic_metre cubic_meters cubic_metres 立方米
  cm3   1/1000              cm³ cm^3 cubic_centimeter cubic_centimeters 立方厘米
  mm3   1/1000000           mm³ mm^3
  gal   3.785411784         gallon gallons us_gallon us_gallons 加仑
  qt    0.946352946         quart quarts
  pt    0.473176473         pint pints
  cup   0.2365882365        cups
  fl_oz 0.0295735295625     floz fluid_ounce fluid_ounces
  tbsp  0.01478676478125    tablespoon tablespoons
  tsp   0.00492892159375    teaspoon teaspoons
  imp_gal 4.54609           imperial_gallon imperial_gallons uk_gallon uk_gallons
  imp_pt  0.56826125        imperial_pint imperial_pints uk_pint uk_pints
  ft3   28.316846592        ft³ ft^3 cubic_foot cubic_feet 立方英尺
  in3   0.016387064         in³ in^3 cubic_inch cubic_inches
  bbl   158.987294928       barrel barrels 桶
speed
  m/s   1                   mps meters_per_second metres_per_second 米/秒
  km/h  5/18                kmh kph kmph kilometers_per_hour kilometres_per_hour 公里/小时 千米/小时
  mph   0.44704             mi/h miles_per_hour 英里/小时
  kn    463/900             knot knots kt 节
  ft/s  0.3048              fps feet_per_second
  c     299792458           speed_of_light 光速
time
  s     1                   sec secs second seconds 秒
  ms    1/1000              millisecond milliseconds 毫秒
  us    1/1000000           µs μs microsecond microseconds 微秒
  ns    1/1000000000        nanosecond nanoseconds 纳秒
  min   60                  mins minute minutes 分钟
  h     3600                hr hrs hour hours 小时
  d     86400               day days 天
  wk    604800              week weeks 周 星期
  yr    31557600            year years julian_year 年
data
  B     1                   byte bytes 字节
  bit   1/8                 bits b 比特
  kB    1000                KB kilobyte kilobytes
  MB    1000000             megabyte megabytes
  GB    1000000000          gigabyte gigabytes
  TB    1000000000000       terabyte terabytes
  PB    1000000000000000    petabyte petabytes
  KiB   1024                kibibyte kibibytes
  MiB   1048576             mebibyte mebibytes
  GiB   1073741824          gibibyte gibibytes
  TiB   1099511627776       tebibyte tebibytes
  PiB   1125899906842624    pebibyte pebibytes
  kbit  125                 kilobit kilobits
  Mbit  125000              megabit megabits
  Gbit  125000000           gigabit gigabits
data rate
  B/s   1                   bytes_per_second
  kB/s  1000                KB/s kilobytes_per_second
  MB/s  1000000             MBps megabytes_per_second
  GB/s  1000000000          GBps gigabytes_per_second
  bit/s 1/8                 bps bits_per_second
  kbit/s 125                kbps kilobits_per_second
  Mbit/s 125000             Mbps megabits_per_second
  Gbit/s 125000000          Gbps gigabits_per_second
energy
  J     1                   joule joules 焦耳
  kJ    1000                kilojoule kilojoules 千焦
  MJ    1000000             megajoule megajoules
  cal   4.184               calorie calories 卡
  kcal  4184                Cal kilocalorie kilocalories 千卡 大卡
  Wh    3600                watt_hour watt_hours
  kWh   3600000             kilowatt_hour kilowatt_hours 度电 千瓦时
  BTU   1055.05585262       btu
  eV    1.602176634e-19     electronvolt electronvolts
power
  W     1                   watt watts 瓦
  kW    1000                kilowatt kilowatts 千瓦
  MW    1000000             megawatt megawatts 兆瓦
  hp    745.69987158227022  horsepower
  PS    735.49875           metric_horsepower 马力
pressure
  Pa    1                   pascal pascals 帕
  hPa   100                 hectopascal hectopascals 百帕
  kPa   1000                kilopascal kilopascals 千帕
  MPa   1000000             megapascal megapascals 兆帕
  bar   100000              bars
  mbar  100                 millibar millibars
  atm   101325              atmosphere atmospheres 标准大气压
  psi   6894.757293168361   pounds_per_square_inch
  mmHg  133.322387415       毫米汞柱
  torr  20265/152
force
  N     1                   newton newtons 牛 牛顿
  kN    1000                kilonewton kilonewtons
  lbf   4.4482216152605     pound_force
  kgf   9.80665             kilogram_force 公斤力
angle
  deg   1                   ° degree degrees 度
  rad   57.29577951308232   radian radians 弧度
  grad  0.9                 gon gradian gradians
  arcmin 1/60               arcminute arcminutes 角分
  arcsec 1/3600             arcsecond arcseconds 角秒
  turn  360                 turns revolution revolutions 圈
fuel economy
  km/l  1                   kilometers_per_liter kilometres_per_litre
  mpg   0.425143707430272   miles_per_gallon
  imp_mpg 0.354006189934647 miles_per_imperial_gallon
temperature
  K     1                   kelvin kelvins 开尔文
  C     1                   °C ℃ degC celsius centigrade 摄氏度
  F     5/9                 °F ℉ degF fahrenheit 华氏度
  R     5/9                 °R rankine
"""
# Where a scale begins, in kelvin.
ZEROS = {"C": Fraction("273.15"), "F": Fraction("459.67") * Fraction(5, 9)}


def read_table(table: str) -> tuple[dict[str, dict[str, Fraction]], dict[str, str]]:
    """Kind -> symbol -> factor; and every way to write a unit with its symbol."""
    kinds: dict[str, dict[str, Fraction]] = {}
    symbols: dict[str, str] = {}
    units: dict[str, Fraction] = {}
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            units = kinds.setdefault(line, {})
            continue
        symbol, factor, *others = line.split()
        units[symbol] = Fraction(factor)
        symbols |= dict.fromkeys([symbol, *others], symbol)
    return kinds, symbols


KINDS, SYMBOLS = read_table(TABLE)
