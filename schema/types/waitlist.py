"""Why a patient waits, as clients see it."""

import strawberry

from domain.waitlist import WaitlistReason


@strawberry.type(description="Why a patient waits, for a coordinator.")
class WaitlistExplanation:
    reason: WaitlistReason = strawberry.field(description="The reason.")
    message: str = strawberry.field(
        description='The reason in words, for example "All 12 seats are taken; 2 others are ahead." It names nobody.'
    )
    ahead: int = strawberry.field(
        description="How many patients get a seat before this one. Patients who are inactive in the registry are passed"
        " over, so they do not count."
    )
    seats_needed: int = strawberry.field(
        description="How many seats must open before this patient's turn. If the group is over its capacity, the excess"
        " counts too. For an inactive patient or a deleted group: once that is no longer so."
    )
