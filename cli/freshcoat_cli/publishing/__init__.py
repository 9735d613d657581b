"""From a plan that is shown and agreed on to what was begun."""
