"""What we conclude: probes, evidence, rules, levels; publishing and serving. Reads what `crawler` stored."""
