"""The errors that a person reads; errors of single recordings are data, not exceptions."""


class UserError(Exception):
    """A request, setting or file that cannot work; one sentence with the remedy, exit code 2."""


class FolderMissingError(UserError):
    """The folder that a setting names is not there."""


class AudioUnreadableError(Exception):
    """A recording that cannot be decoded; the message is its quarantine reason."""


class ObjectMissingError(Exception):
    """No object is stored under that key."""


class TokenError(Exception):
    """A bearer token that is not the issuer's, for this service, now; the message says why."""
