"""What cannot be worked out is said, never made into a number."""


class Undefined(ValueError):
    """A figure that these data do not have. The message says why, in a sentence for an organiser.

    code: a short name of the case, such as `few`, `same-rating`, `slope`.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
