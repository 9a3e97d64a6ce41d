"""How good the text is: word errors, signals, gates, drift, comparisons; see QUALITY.md."""
