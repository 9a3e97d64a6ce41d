"""What an engine hears, and its rules: chunks, languages, loops, names. Hears nothing itself."""
