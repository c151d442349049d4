"""The functional core: functions take facts and return decisions. No I/O, no clock, only the standard library."""
