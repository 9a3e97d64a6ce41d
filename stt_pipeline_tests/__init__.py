"""The tests, in the folders of the package they test, and the benchmarks; nothing imports them."""
