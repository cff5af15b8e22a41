"""Help texts of options that several commands take. Light: help must come at once."""

from typing import Final

SENSOR_FORM: Final = "SAC/SIC=LATITUDE,LONGITUDE,HEIGHT[,RANGE_M[,PERIOD_S]]"
SENSOR_HELP: Final = ("Place of a radar: degrees, degrees, metres; then, if known, its range in "
                      "metres and its turn in seconds. May be given more than once.")
EDITION_HELP: Final = ("Read a category by this edition, e.g. 021=0.23; otherwise the one that "
                       "fits best. May be given more than once.")
DATE_HELP: Final = ("UTC date on which a recording without dates begins, YYYY-MM-DD; otherwise "
                    "from its name.")
AT_HELP: Final = ("UTC date or time to judge it at, such as 2028-11-02 or 2028-11-02T10:00:00Z; "
                  "otherwise now.")
