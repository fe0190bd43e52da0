-- hub.db, the part that the judge writes: what we conclude. Published to index.db by publish.py.

CREATE TABLE dossiers (                   -- the 14 judgements and their evidence; identical ones are stored once
  dossier INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  cells TEXT NOT NULL,                    -- JSON list of [dimension, value, rule, detail], 14 in order
  evidence TEXT NOT NULL,                 -- JSON list of [dimension, probe, outcome, quote, place, value]
  own TEXT NOT NULL DEFAULT ''            -- JSON: its own licence as [catalogue id, words, place]; new rules need no document
) STRICT;

CREATE TABLE verdicts (                   -- one row per repo
  repo INTEGER PRIMARY KEY REFERENCES repos(repo),
  level INTEGER NOT NULL,                 -- 0..6: what is proved
  level_max INTEGER NOT NULL,             -- what is not excluded
  restriction TEXT NOT NULL,              -- why not higher
  license_effective TEXT,                 -- most restrictive of its own and all declared ancestors'
  radboud_score REAL NOT NULL,            -- 0..14
  eu_score REAL NOT NULL,                 -- 0..1
  mof_class INTEGER,                      -- 1..3, NULL = none reached
  claims_open_source INTEGER NOT NULL,
  family TEXT,
  base_model TEXT,                        -- the first declared ancestor
  dossier INTEGER NOT NULL REFERENCES dossiers(dossier),
  allows INTEGER NOT NULL DEFAULT 2,      -- 0..6: nothing made from this model is proved above it
  allows_max INTEGER NOT NULL DEFAULT 6,  -- nor can be above this
  allows_why TEXT NOT NULL DEFAULT 'unknown-base', -- the reason, as a restriction code
  basis BLOB NOT NULL,                    -- everything the verdict rests on, 8 bytes each; see basis.py
  rules_version TEXT NOT NULL,
  judged TEXT NOT NULL                    -- date
) STRICT;

CREATE TABLE verdict_history (            -- the verdicts by the day they came into force; of several on a day the last
  repo INTEGER NOT NULL REFERENCES repos(repo),
  date TEXT NOT NULL,
  level INTEGER NOT NULL,
  level_max INTEGER NOT NULL,
  restriction TEXT NOT NULL,
  dossier INTEGER NOT NULL REFERENCES dossiers(dossier),
  rules_version TEXT NOT NULL,
  cause TEXT NOT NULL,                    -- first, repo, card, listing, data, override, rules, base
  note TEXT,                              -- of a review: what, why, who, when; NULL = nothing to add
  PRIMARY KEY (repo, date)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage (                    -- one row per declared ancestor
  repo INTEGER NOT NULL REFERENCES repos(repo),
  base_id TEXT NOT NULL,                  -- name as declared
  base INTEGER,                           -- the repo it resolves to; NULL = not on the Hub as far as we know
  relation TEXT NOT NULL,
  stated_by TEXT NOT NULL,                -- hub, card
  license TEXT,                           -- the model's own
  base_license TEXT,                      -- the ancestor's effective one
  conflict TEXT NOT NULL DEFAULT '',      -- the path, in words; '' = none
  PRIMARY KEY (repo, base_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lineage_base ON lineage (base);
CREATE INDEX lineage_base_id ON lineage (base_id COLLATE NOCASE);

CREATE TABLE data_uses (                  -- the data sets that a judged repo names, as the Hub showed them then
  repo INTEGER NOT NULL REFERENCES repos(repo),
  name TEXT NOT NULL,
  facts TEXT NOT NULL,                    -- see tables.FACTS; '' = nobody has looked
  PRIMARY KEY (repo, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE due (                        -- what the unfinished judge run has still to look at; empty after it
  repo INTEGER PRIMARY KEY REFERENCES repos(repo),
  anew INTEGER NOT NULL                   -- 1 = its row or its documents must be read, 0 = what was seen in them holds
) STRICT;

CREATE TABLE judge_runs (
  id INTEGER PRIMARY KEY,
  date TEXT NOT NULL,
  started TEXT NOT NULL,
  finished TEXT,
  rules_version TEXT NOT NULL,
  judged INTEGER NOT NULL DEFAULT 0,
  changed INTEGER NOT NULL DEFAULT 0,     -- verdicts that differ from the one before
  errors INTEGER NOT NULL DEFAULT 0
) STRICT;
