"""What models refuse, in one sentence each: networks, data, settings and callbacks that do not fit."""
