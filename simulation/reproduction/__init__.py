"""Published randomized trials played anew: constructed, run, exported and compared."""
