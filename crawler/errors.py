"""Every foreseeable failure, as one tree. The command turns a leaf into one sentence and an exit status.

    OpennessError
    ├── UsageError              2  the arguments cannot be used
    ├── StoppedError            4  stopped and resumable; what was done is kept
    │   ├── HubUnreachable         DNS, refused connection, timeouts beyond all retries
    │   ├── QuotaExhausted         the limit would make us wait longer than --max-wait
    │   ├── BadToken               the Hub refuses the token on everything
    │   ├── HubMisbehaves          answers that are not the Hub's (endless cursor, foreign host, not JSON)
    │   ├── StorageFull            the disk is full or cannot be written
    │   └── Interrupted            SIGINT or SIGTERM
    └── RefusedError            5  doing it would spoil something
        ├── LockHeld               another run is working on this data directory
        ├── ForeignDatabase        the file is not ours
        ├── NewerSchema            the file was written by a newer version
        ├── OtherSchema            the file lacks tables or columns that this version needs
        └── OtherHub               the data directory belongs to another Hub

A failure of one repo or one document is not an exception: it is a row (`rejects`, `fetches`).
"""


class OpennessError(Exception):
    """Root of all foreseeable failures; `exit_status` is what the command ends with."""

    exit_status = 1


class UsageError(OpennessError):
    """The arguments cannot be used."""

    exit_status = 2


class StoppedError(OpennessError):
    """Stopped before the end, resumable: run the same command again."""

    exit_status = 4


class HubUnreachable(StoppedError):
    """No connection to the Hub, or none that lasted, after all retries."""


class QuotaExhausted(StoppedError):
    """The Hub's rate limit asks for a longer wait than was allowed."""


class BadToken(StoppedError):
    """The Hub refuses the token on every request."""


class HubMisbehaves(StoppedError):
    """The answers are not those of a Hub; going on would store nonsense."""


class StorageFull(StoppedError):
    """The disk is full or not writable."""


class Interrupted(StoppedError):
    """A signal asked us to stop."""


class RefusedError(OpennessError):
    """Refused, because doing it would spoil something."""

    exit_status = 5


class LockHeld(RefusedError):
    """Another run is working on this data directory."""


class ForeignDatabase(RefusedError):
    """The file exists and is not one of ours."""


class NewerSchema(RefusedError):
    """The file was written by a newer version of openness."""


class OtherSchema(RefusedError):
    """The file was written by a version of openness whose tables had other columns."""


class OtherHub(RefusedError):
    """The data directory holds another Hub's models."""
