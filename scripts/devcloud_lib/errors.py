"""The one error of the development cloud."""


class CloudError(Exception):
    """Something that the user has to know: one line that names what is wrong and how to mend it.

    :param message: the line.
    :param details: further text to show below it, for instance the end of a log; may be empty.
    """

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details
