"""The refusals of the inbox."""

from uuid import UUID

from ai_platform.kernel.errors import Conflict, InvalidInput, NotFound, Violation


class CustomerNotFound(NotFound):
    code = "customer_not_found"

    def __init__(self, customer_id: UUID) -> None:
        super().__init__(f"There is no customer {customer_id}.")


class PhoneTaken(Conflict):
    code = "phone_taken"

    def __init__(self) -> None:
        super().__init__("Another customer has this phone number.")


class NotAPhoneNumber(InvalidInput):
    code = "phone_invalid"

    def __init__(self) -> None:
        what = "must be a phone number, with the country's code or as it is dialled in the country"
        super().__init__(f"phone_number: {what}", violations=(Violation(("phone_number",), what, self.code),))


class WrongField(InvalidInput):
    """One field of a customer is not what it can be."""

    def __init__(self, *loc: str | int, msg: str) -> None:
        where = ".".join(str(part) for part in loc)
        super().__init__(f"{where}: {msg}", violations=(Violation(loc, msg, "invalid_value"),))
