"""When the nightly run happens: `nightly.toml` is the one source; the files beside it say the same elsewhere."""
