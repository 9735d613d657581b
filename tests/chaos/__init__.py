"""Black-box chaos over HTTP: function hosts that die, tables that fail, and ten operators at once."""
