"""The column table: every batch of the program, each column declared once.

SI units, radians and UTC nanoseconds; WGS-84; local east-north-up at the row's own position.
`tools/generate_schema.py` writes the console's types and `docs/columns.md` from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from jointsky.model.batch import F64, I32, I64, U8, U16, U32, U64, Batch, Text, column


class PlotKind(IntEnum):
    """What kind of report a plot is."""

    PSR = 1
    SSR = 2
    PSR_SSR = 3
    MODE_S = 4
    PSR_MODE_S = 5
    ADSB = 6
    MLAT = 7
    TRACK = 8


class PlotFlag(IntFlag):
    """What else a report says of itself."""

    SIMULATED = 1
    TEST = 2
    FIXED_TRANSPONDER = 4
    SPI = 8
    CODE_GARBLED = 16
    HEIGHT_GARBLED = 32
    ON_GROUND = 64
    EMERGENCY = 128
    UNPROVEN = 256


class TrackState(IntEnum):
    """Life of a system track."""

    TENTATIVE = 1
    CONFIRMED = 2
    COASTING = 3
    DROPPED = 4


class Identity(IntEnum):
    """Identity of a track; decided by a named rule or person, never by the tracker."""

    PENDING = 0
    UNKNOWN = 1
    ASSUMED_FRIEND = 2
    FRIEND = 3
    NEUTRAL = 4
    SUSPECT = 5
    HOSTILE = 6


class StatusKind(IntEnum):
    """What a sensor or system said about itself."""

    NORTH_MARK = 1
    SECTOR_CROSSING = 2
    SENSOR_STATUS = 3
    SYSTEM_STATUS = 4


@dataclass(frozen=True, eq=False)
class PlotBatch(Batch):
    """Plots (target reports): one measurement of one aircraft by one sensor per row."""

    time_ns: I64 = column("i8", "ns", "UTC time of measurement", source="I048/140, I021/073")
    received_ns: I64 = column("i8", "ns", "UTC time of reception")
    present: U64 = column("u8", "", "which nullable columns have a value")
    sensor_id: I32 = column("i4", "", "SAC << 8 | SIC", source="I048/010")
    kind: U8 = column("u1", "", "PlotKind", source="I048/020 TYP")
    flags: U16 = column("u2", "", "PlotFlag", source="I048/020")
    range_m: F64 = column("f8", "m", "slant range from the antenna", source="I048/040", null=True)
    azimuth_rad: F64 = column("f8", "rad", "azimuth from true north at the antenna, clockwise",
                              source="I048/040", null=True)
    latitude_rad: F64 = column("f8", "rad", "WGS-84 latitude, where the sensor gives a position",
                               source="I021/131, I020/041", null=True)
    longitude_rad: F64 = column("f8", "rad", "WGS-84 longitude", source="I021/131", null=True)
    mode_3a: U16 = column("u2", "", "Mode 3/A code, four octal digits as 12 bits",
                          source="I048/070", null=True)
    mode_c_m: F64 = column("f8", "m", "Mode C: pressure altitude on 1013.25 hPa",
                           source="I048/090, I021/145", null=True)
    height_m: F64 = column("f8", "m", "height above the ellipsoid", source="I021/140", null=True)
    icao_address: U32 = column("u4", "", "24-bit aircraft address", source="I048/220", null=True)
    callsign: Text = column("S8", "", "aircraft identification", source="I048/240", null=True)
    velocity_east_ms: F64 = column("f8", "m/s", "ground velocity, east", source="I021/160",
                                   null=True)
    velocity_north_ms: F64 = column("f8", "m/s", "ground velocity, north", source="I021/160",
                                    null=True)
    vertical_rate_ms: F64 = column("f8", "m/s", "rate of climb", source="I021/157", null=True)
    sigma_m: F64 = column("f8", "m", "standard deviation of horizontal position, as reported",
                          source="I021/090, I020/500", null=True)
    velocity_sigma_ms: F64 = column("f8", "m/s", "standard deviation of each component of ground"
                                    " velocity, as reported", source="I021/090, I062/500",
                                    null=True)
    sensor_track: I32 = column("i4", "", "track number given by the sensor", source="I048/161",
                               null=True)
    frame: I64 = column("i8", "", "sequence number of the frame it came in")
    offset: I32 = column("i4", "byte", "offset of its record in that frame")


@dataclass(frozen=True, eq=False)
class TrackBatch(Batch):
    """System tracks: the fused state of one aircraft per row, at `time_ns`."""

    time_ns: I64 = column("i8", "ns", "UTC time the state is for", source="I062/070")
    present: U64 = column("u8", "", "which nullable columns have a value")
    system_track_number: I32 = column("i4", "", "unique within a unit", source="I062/040")
    unit_id: I32 = column("i4", "", "SAC << 8 | SIC of the unit that made it", source="I062/010")
    state: U8 = column("u1", "", "TrackState", source="I062/080")
    identity: U8 = column("u1", "", "Identity")
    flags: U16 = column("u2", "", "PlotFlag of the latest report", source="I062/080")
    latitude_rad: F64 = column("f8", "rad", "WGS-84 latitude", source="I062/105")
    longitude_rad: F64 = column("f8", "rad", "WGS-84 longitude", source="I062/105")
    velocity_east_ms: F64 = column("f8", "m/s", "ground velocity, east", source="I062/185")
    velocity_north_ms: F64 = column("f8", "m/s", "ground velocity, north", source="I062/185")
    covariance: F64 = column(
        "f8", "m2, m2/s, m2/s2", "upper triangle of the covariance of (east, north, velocity east,"
        " velocity north), row by row", source="I062/500", width=10)
    mode_c_m: F64 = column("f8", "m", "pressure altitude on 1013.25 hPa", source="I062/136",
                           null=True)
    height_m: F64 = column("f8", "m", "height above the ellipsoid", source="I062/130", null=True)
    vertical_rate_ms: F64 = column("f8", "m/s", "rate of climb", source="I062/220", null=True)
    mode_3a: U16 = column("u2", "", "Mode 3/A code, four octal digits as 12 bits",
                          source="I062/060", null=True)
    icao_address: U32 = column("u4", "", "24-bit aircraft address", source="I062/380 ADR",
                               null=True)
    callsign: Text = column("S8", "", "aircraft identification", source="I062/245, I062/380 ID",
                            null=True)
    started_ns: I64 = column("i8", "ns", "UTC time of its first plot")
    updated_ns: I64 = column("i8", "ns", "UTC time of its last plot", source="I062/290")
    sensors: U64 = column("u8", "", "bit i: sensor i of the unit's sensor table contributed lately",
                          source="I062/290")
    update_count: I32 = column("i4", "", "plots that have updated it")
    manoeuvre: F64 = column("f8", "", "probability that it manoeuvres, 0..1", source="I062/200")


@dataclass(frozen=True, eq=False)
class SensorStatusBatch(Batch):
    """Service messages: what a sensor or system said about itself."""

    time_ns: I64 = column("i8", "ns", "UTC time of the message", source="I034/030, I065/030")
    received_ns: I64 = column("i8", "ns", "UTC time of reception")
    present: U64 = column("u8", "", "which nullable columns have a value")
    sensor_id: I32 = column("i4", "", "SAC << 8 | SIC of the sensor or system", source="I034/010")
    kind: U8 = column("u1", "", "StatusKind", source="I034/000")
    azimuth_rad: F64 = column("f8", "rad", "antenna azimuth at a sector crossing",
                              source="I034/020", null=True)
    period_s: F64 = column("f8", "s", "antenna rotation period", source="I034/041", null=True)
    latitude_rad: F64 = column("f8", "rad", "WGS-84 latitude of the antenna", source="I034/120",
                               null=True)
    longitude_rad: F64 = column("f8", "rad", "WGS-84 longitude of the antenna", source="I034/120",
                                null=True)
    height_m: F64 = column("f8", "m", "height of the antenna", source="I034/120", null=True)
    operational: U8 = column("u1", "", "0 when it says that it must not be used operationally",
                             source="I034/050 COM NOGO, I065/040 NOGO", null=True)
    range_bias_m: F64 = column("f8", "m", "range bias of the sensor, as a system tells it",
                               source="I063/080, I063/090", null=True)
    azimuth_bias_rad: F64 = column("f8", "rad", "azimuth bias of the sensor", null=True,
                                   source="I063/081, I063/091")
    time_bias_s: F64 = column("f8", "s", "bias of the sensor's time stamps", source="I063/070",
                              null=True)
    frame: I64 = column("i8", "", "sequence number of the frame it came in")
    offset: I32 = column("i4", "byte", "offset of its record in that frame")


@dataclass(frozen=True, eq=False)
class RejectBatch(Batch):
    """What could not be read, and why: nothing is dropped in silence."""

    received_ns: I64 = column("i8", "ns", "UTC time of reception")
    frame: I64 = column("i8", "", "sequence number of the frame")
    offset: I64 = column("i8", "byte", "offset in the frame (in the file, for a recording)")
    category: U8 = column("u1", "", "ASTERIX category of the block, 0 if it has none")
    reason: Text = column("S24", "", "reason, one of jointsky.model.reject.Reason")
    item: Text = column("S16", "", "data item at fault, empty if none")
    expected: Text = column("S48", "", "what was expected there")
    found: Text = column("S48", "", "what stood there")
