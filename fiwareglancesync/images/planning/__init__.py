"""Pure decisions: from the images of the master and of a region to the region's plan."""

from .conflicts import decisions_without_effect
from .journal import Journal, kept_images
from .kept import kept_message
from .leftovers import PlanTime
from .members import NO_CHANGE, MemberChange, record_patch
from .narrowing import Choice, choosable_names, narrow, why_unmatched
from .old_names import OldNames
from .plan import Leftover, ObsoleteChange, PlanEntry, RegionPlan, Tidying, failed_link
from .region_plan import plan_region
from .restoration import restored_target, select_all
from .selection import LeftOut, Selected, Selection, add_members, select, shared_images

__all__ = [
    "NO_CHANGE",
    "Choice",
    "Journal",
    "LeftOut",
    "Leftover",
    "MemberChange",
    "ObsoleteChange",
    "OldNames",
    "PlanEntry",
    "PlanTime",
    "RegionPlan",
    "Selected",
    "Selection",
    "Tidying",
    "add_members",
    "choosable_names",
    "decisions_without_effect",
    "failed_link",
    "kept_images",
    "kept_message",
    "narrow",
    "plan_region",
    "record_patch",
    "restored_target",
    "select",
    "select_all",
    "shared_images",
    "why_unmatched",
]
