-- hub.db, the part that the crawler writes: what the Hub said, and its history.
-- Identity is the Hub's `_id` (oid); inside, an integer. Days are ISO dates (UTC). NULL = the Hub did not say.

CREATE TABLE crawls (                     -- one row per night (or partial walk)
  id INTEGER PRIMARY KEY,
  date TEXT NOT NULL,                     -- the night, UTC
  hub TEXT NOT NULL,                      -- where it was read
  scope TEXT NOT NULL DEFAULT '',         -- '' = the whole Hub; else author=..., limit=...
  started TEXT NOT NULL,
  walked TEXT,                            -- end of the walk; documents come after it
  finished TEXT,                          -- NULL = not finished: the next run of that night goes on with it
  complete INTEGER NOT NULL DEFAULT 0,    -- 1 = the walk saw every model of its scope
  pages INTEGER NOT NULL DEFAULT 0,
  models INTEGER NOT NULL DEFAULT 0,      -- rows seen
  new INTEGER NOT NULL DEFAULT 0,
  changed INTEGER NOT NULL DEFAULT 0,     -- repos with something other than a counter changed
  counted INTEGER NOT NULL DEFAULT 0,     -- repos with a counter changed
  missing INTEGER NOT NULL DEFAULT 0,
  rejects INTEGER NOT NULL DEFAULT 0,
  documents INTEGER NOT NULL DEFAULT 0,
  requests INTEGER NOT NULL DEFAULT 0,
  errors INTEGER NOT NULL DEFAULT 0,      -- answers that had to be asked again
  failed INTEGER NOT NULL DEFAULT 0,      -- looks at documents and data sets that brought nothing: another night tries again
  note TEXT NOT NULL DEFAULT ''           -- what a person should know of the walk, a sentence a line
) STRICT;

CREATE TABLE ranges (                     -- checkpoints of the walk: ids in (lo, hi], walked up to cursor
  crawl INTEGER NOT NULL REFERENCES crawls(id),
  lo TEXT NOT NULL,
  hi TEXT NOT NULL,                       -- '' = open end
  cursor TEXT NOT NULL,                   -- last oid stored
  next_cursor TEXT,                       -- the Hub's own next cursor; NULL before the first page and after the last
  done INTEGER NOT NULL DEFAULT 0,
  pages INTEGER NOT NULL DEFAULT 0,
  models INTEGER NOT NULL DEFAULT 0,
  first TEXT,                             -- first oid seen
  beyond TEXT,                            -- first oid seen behind hi, which the next range must begin with; '' = the Hub ended
  ordered INTEGER NOT NULL DEFAULT 1,     -- 0 = ids did not rise: nothing may be called missing
  doubted TEXT NOT NULL DEFAULT '',       -- what pages did not show of most models that had it: a word a page
  PRIMARY KEY (crawl, lo)
) STRICT, WITHOUT ROWID;

CREATE TABLE repos (                      -- narrow: what every night compares
  repo INTEGER PRIMARY KEY,
  oid TEXT NOT NULL UNIQUE,
  repo_id TEXT NOT NULL,
  author TEXT,
  sha TEXT,
  created_at TEXT,
  last_modified TEXT,
  private INTEGER,
  disabled INTEGER,
  gated TEXT,                             -- no, auto, manual; NULL also where the newest row has a word unknown to us
  license TEXT,                           -- as declared
  downloads INTEGER,                      -- last 30 days, as last seen
  downloads_all_time INTEGER,
  likes INTEGER,
  fingerprint BLOB NOT NULL,              -- of everything but the counters, as last shown; what that row did not show
                                          -- stays as it was shown before
  license_files TEXT,                     -- that are worth reading, one a line; NULL = none
  first_seen TEXT NOT NULL,
  observed TEXT NOT NULL,                 -- night on which this row was last stored anew; what the Hub did not show on it
                                          -- (gating, tags ...) stays as an earlier night showed it, and may be older
  missing_since TEXT,                     -- night of the first complete walk without it
  last_seen TEXT,                         -- only while missing: last night on which it was there
  rejected_since TEXT                     -- first night on which its row could not be read; NULL = the last one could
) STRICT;
-- The index on repo_id is made after the first walk (store.index_names): to keep it up meanwhile takes a fifth of that.
CREATE INDEX repos_missing ON repos (missing_since) WHERE missing_since IS NOT NULL;
CREATE INDEX repos_rejected ON repos (oid) WHERE rejected_since IS NOT NULL;

CREATE TABLE details (                    -- wide: what a judgement reads
  repo INTEGER PRIMARY KEY REFERENCES repos(repo),
  license_name TEXT,
  license_link TEXT,
  pipeline_tag TEXT,
  library TEXT,
  tags TEXT,                              -- JSON list
  bases TEXT,                             -- JSON list of [relation, repo_id, stated_by]
  files TEXT,                             -- names, one a line; NULL = not shown
  file_count INTEGER,
  card_data TEXT,                         -- JSON
  config TEXT                             -- JSON: architectures, model_type, custom_code, parameters, gguf, auto_model
) STRICT;

CREATE TABLE names (                      -- a rename keeps its history
  repo INTEGER NOT NULL REFERENCES repos(repo),
  repo_id TEXT NOT NULL,
  since TEXT NOT NULL,
  until TEXT,                             -- night on which another name was first seen
  PRIMARY KEY (repo, since, repo_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX names_repo_id ON names (repo_id COLLATE NOCASE);

CREATE TABLE downloads (                  -- changed-only: a row when a counter differs from the row before
  repo INTEGER NOT NULL REFERENCES repos(repo),
  day INTEGER NOT NULL,                   -- days since 1970-01-01
  downloads INTEGER,
  downloads_all_time INTEGER,
  likes INTEGER,
  PRIMARY KEY (repo, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE downloads_packed (           -- rows of `downloads` of finished months, many in one; see series.py
  packing INTEGER NOT NULL REFERENCES packings(packing),
  repo INTEGER NOT NULL REFERENCES repos(repo),
  day INTEGER NOT NULL,                   -- the first observation
  downloads INTEGER,
  downloads_all_time INTEGER,
  likes INTEGER,
  later TEXT,                             -- days of the others, a character each: 48 + days since the first; NULL = none
  downloads_later TEXT,                   -- JSON: how far each other is from the first; zeros where it is not shown
  downloads_all_time_later TEXT,          -- the same; zeros at the end are left off, NULL = nothing but zeros
  likes_later TEXT,
  PRIMARY KEY (packing, repo, day)        -- written once, in this order: every page is full
) STRICT, WITHOUT ROWID;

CREATE TABLE packings (
  packing INTEGER PRIMARY KEY,
  before INTEGER NOT NULL,                -- of what was observed before this day
  upto INTEGER NOT NULL DEFAULT 0,        -- repos done so far
  finished INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE VIEW observations AS               -- all rows of `downloads`, whether packed or not
SELECT repo, day, downloads, downloads_all_time, likes FROM downloads
UNION ALL
SELECT p.repo, p.day + iif(e.key, unicode(substr(p.later, e.key)) - 48, 0), p.downloads + e.value,
  p.downloads_all_time + iif(e.key, coalesce(json_extract(p.downloads_all_time_later, '$[' || (e.key - 1) || ']'), 0), 0),
  p.likes + iif(e.key, coalesce(json_extract(p.likes_later, '$[' || (e.key - 1) || ']'), 0), 0)
FROM packings x CROSS JOIN downloads_packed p ON p.packing = x.packing
CROSS JOIN json_each(iif(p.later IS NULL, '[0]', '[0,' || substr(p.downloads_later, 2))) e;

CREATE TABLE changes (                    -- events
  change INTEGER PRIMARY KEY,
  date TEXT NOT NULL,
  repo INTEGER NOT NULL REFERENCES repos(repo),
  field TEXT NOT NULL,                    -- license, license_name, license_link, gated, disabled, private, name, base_model,
                                          -- datasets, papers, missing, returned, level
  old TEXT,
  new TEXT,
  downloads INTEGER,                      -- 30-day counter that night: the weight of the event
  UNIQUE (repo, date, field)
) STRICT;
CREATE INDEX changes_date ON changes (date, downloads DESC);

CREATE TABLE absent (                     -- known repos that the unfinished walk did not meet
  crawl INTEGER NOT NULL REFERENCES crawls(id),
  repo INTEGER NOT NULL REFERENCES repos(repo),
  PRIMARY KEY (crawl, repo)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejects (                    -- rows of the listing that could not be read
  crawl INTEGER NOT NULL REFERENCES crawls(id),
  key TEXT NOT NULL,                      -- oid, or a hash of the row when it has none
  repo_id TEXT,
  reason TEXT NOT NULL,
  row TEXT NOT NULL,                      -- its first 2,000 characters
  PRIMARY KEY (crawl, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE fetches (                    -- documents of a repo: what the last look brought
  repo INTEGER NOT NULL REFERENCES repos(repo),
  path TEXT NOT NULL,
  sha TEXT,                               -- revision of the repo at which it was read
  outcome TEXT NOT NULL,                  -- ok, missing, gated, too-large, or for another night: error, gone (repo not shown), moved (to another repo)
  hash BLOB,                              -- content in documents.db, of the last good look; a look that finds no such file clears it
  etag TEXT,                              -- the Hub's git blob id
  size INTEGER,
  fetched TEXT NOT NULL,                  -- time of the look, UTC
  night TEXT NOT NULL,                    -- night of the crawl that looked: the date of what was seen
  attempts INTEGER NOT NULL DEFAULT 1,    -- looks at this revision
  note TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (repo, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE datasets (                   -- data sets that cards and tags name, as the Hub shows them; see datasets.py
  name TEXT PRIMARY KEY,                  -- as named by the models
  state TEXT NOT NULL,                    -- found, missing (the Hub knows no such name), hidden (missing or private: it does not tell), error
  oid TEXT,                               -- the rest: NULL = the Hub did not say, or not found
  repo_id TEXT,                           -- its name now
  gated TEXT,                             -- no, auto, manual
  private INTEGER,
  disabled INTEGER,
  license TEXT,                           -- as declared
  card INTEGER,                           -- 1 = it has a README.md, 0 = its file list has none
  files INTEGER,
  downloads INTEGER,                      -- last 30 days
  likes INTEGER,
  sha TEXT,
  created_at TEXT,
  last_modified TEXT,
  observed TEXT NOT NULL,                 -- night of the last look
  looked TEXT NOT NULL,                   -- its time, UTC
  attempts INTEGER NOT NULL DEFAULT 1,    -- looks in a row that ended in an error
  note TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (                    -- other people's download series, file by file; see history.py
  import INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES import_sources(source),
  digest BLOB NOT NULL,                   -- of the file's bytes: the same file again is the same import
  file TEXT NOT NULL,
  imported TEXT NOT NULL,                 -- when first
  first TEXT,                             -- first and last day with an observation that was taken
  last TEXT,
  rows INTEGER NOT NULL,                  -- observations taken
  models INTEGER NOT NULL,
  unknown INTEGER NOT NULL,               -- rows of models that are not known here
  bad INTEGER NOT NULL,                   -- rows that could not be read
  UNIQUE (source, digest)
) STRICT;

CREATE TABLE import_sources (
  source INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE imported_days (              -- days on which a source looked at anything at all
  source INTEGER NOT NULL REFERENCES import_sources(source),
  day INTEGER NOT NULL,                   -- days since 1970-01-01
  PRIMARY KEY (source, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE imported_downloads (         -- runs: the same counters on every imported_day of the source from day to until
  repo INTEGER NOT NULL REFERENCES repos(repo),
  source INTEGER NOT NULL REFERENCES import_sources(source),
  day INTEGER NOT NULL,
  until INTEGER NOT NULL,
  downloads INTEGER,
  downloads_all_time INTEGER,
  likes INTEGER,
  PRIMARY KEY (repo, source, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE night_stats (                -- what one night did to the counters of the whole Hub; see anomalies.py
  crawl INTEGER PRIMARY KEY REFERENCES crawls(id),
  day INTEGER NOT NULL,
  nights INTEGER,                         -- days since the complete walk before; NULL = there was none
  models INTEGER NOT NULL,                -- known before and there
  moved INTEGER NOT NULL,                 -- with a counter that differs from the last one stored
  risen INTEGER NOT NULL,                 -- 30-day downloads
  fallen INTEGER NOT NULL,
  all_time_fell INTEGER NOT NULL,
  median_ratio REAL,                      -- of new to old 30-day downloads, where the old ones were 100 or more
  flags TEXT NOT NULL DEFAULT ''          -- what the whole Hub shared that night: many-moved, few-moved, jump, all-time-fell
) STRICT;

CREATE TABLE anomalies (                  -- single counters that did what counters do not do
  day INTEGER NOT NULL,
  repo INTEGER NOT NULL REFERENCES repos(repo),
  flag TEXT NOT NULL,                     -- all-time-fell
  old INTEGER,
  new INTEGER,
  PRIMARY KEY (day, repo, flag)
) STRICT, WITHOUT ROWID;
