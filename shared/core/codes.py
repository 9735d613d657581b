"""The codes of messages: stable names of the texts that people read, for programs. Pure."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What a message says. A code keeps its meaning; its text may be reworded."""

    # A host before its turn: why nothing is done with it now.
    BEGINS_LATER = "begins_later"
    WAITS_FOR_WINDOW = "waits_for_window"
    WAITS_FOR_WARNINGS = "waits_for_warnings"
    WAITS_FOR_SIGN_OUT = "waits_for_sign_out"
    WAITS_FOR_CANARY = "waits_for_canary"
    WAITS_FOR_APPROVAL = "waits_for_approval"
    WAITS_FOR_ARM_QUOTA = "waits_for_arm_quota"
    WAITS_FOR_CAPACITY = "waits_for_capacity"
    WAITS_FOR_LOST_HOST = "waits_for_lost_host"
    WAITS_FOR_REFRESH = "waits_for_refresh"
    WAITS_FOR_ROLLOUT = "waits_for_rollout"
    WAITS_FOR_VERSION = "waits_for_version"
    TOO_LATE_FOR_WINDOW = "too_late_for_window"
    NO_REPLICA = "no_replica"
    UNDRAINED = "undrained"
    UNAVAILABLE_LIMIT = "unavailable_limit"
    AVAILABLE_LIMIT = "available_limit"
    IN_WORK = "in_work"
    SETTLING = "settling"
    SIGNING_OUT = "signing_out"
    MISSING = "missing"
    PAUSED = "paused"
    STOPPING = "stopping"

    # A host whose turn it is: why something is done with it.
    IDLE = "idle"
    HAS_SESSIONS = "has_sessions"
    DRAINED = "drained"
    DRAINS_AGAIN = "drains_again"
    OUT_OF_POOL = "out_of_pool"
    NOT_RESTORED = "not_restored"

    # A host that nothing is, or was, done with.
    ON_TARGET = "on_target"
    NOT_UPDATED = "not_updated"
    LEFT_DRAINED = "left_drained"
    EXCLUDED = "excluded"
    EXCLUDED_BY_TAG = "excluded_by_tag"
    NOT_CHOSEN = "not_chosen"
    NO_VM = "no_vm"
    VM_DELETED = "vm_deleted"
    LEFT_POOL = "left_pool"
    LOST_HOST = "lost_host"
    ROLLOUT_CANCELLED = "rollout_cancelled"
    ROLLOUT_ENDED = "rollout_ended"
    CANARY_FAILED = "canary_failed"
    REFRESH_OFF = "refresh_off"
    POOL_UNREGISTERED = "pool_unregistered"
    FAILED_EARLIER = "failed_earlier"
    NOT_SIGNED_OUT = "not_signed_out"

    # A host and its use, in a refresh.
    FRESH = "fresh"
    USED = "used"
    USED_TODAY = "used_today"
    IN_USE = "in_use"

    # A host in work: what its step waits for.
    WATCHED = "watched"
    CHECKS_PASSED = "checks_passed"
    NOT_HEALTHY = "not_healthy"
    NOT_REGISTERED = "not_registered"
    DEVICE_GOES = "device_goes"
    WAITS_FOR_AZURE = "waits_for_azure"
    TRIED_AGAIN = "tried_again"
    STARTED_AGAIN = "started_again"

    # A host at its end.
    UPDATED = "updated"
    ROLLED_BACK = "rolled_back"
    REFRESHED = "refreshed"
    HOST_FAILED = "host_failed"

    # What limits how many hosts are updated at once.
    SHARE_OF_POOL = "share_of_pool"
    SHARE_IN_SERVICE = "share_in_service"
    LIMIT_LIFTED = "limit_lifted"
    AS_CONFIGURED = "as_configured"
    PER_REPLICA = "per_replica"
    BATCH_SIZE = "batch_size"
    REIMAGE_UNPROVEN = "reimage_unproven"
    PROOF_OUTSTANDING = "proof_outstanding"
    PROOF_FOUND = "proof_found"
    PROOF_FAILED = "proof_failed"
    ARM_QUOTA = "arm_quota"

    # A plan before its rollout exists.
    IDLE_HOSTS_FIRST = "idle_hosts_first"
    WINDOW_HAS_ROOM = "window_has_room"
    WINDOW_TOO_SHORT = "window_too_short"
    LOSES_EXTENSIONS = "loses_extensions"
    RESTORES_EXTENSIONS = "restores_extensions"
    LOSES_IDENTITY = "loses_identity"

    # A rollout: why it is in its state.
    CANARY_PASSED = "canary_passed"
    CANARY_ROLLED_BACK = "canary_rolled_back"
    CANARY_BLOCKED = "canary_blocked"
    HOSTS_FAILED = "hosts_failed"
    HOSTS_NOT_ROLLED_BACK = "hosts_not_rolled_back"
    FAILURES_ROLLED_BACK = "failures_rolled_back"
    APPROVAL_EXPIRED = "approval_expired"
    DEADLINE_MOVED = "deadline_moved"
    DEADLINE_MOVES = "deadline_moves"
    PAUSED_BY_USER = "paused_by_user"
    CANCELLED_BY_USER = "cancelled_by_user"
    ROLLED_BACK_BY_USER = "rolled_back_by_user"
    POOL_LOST = "pool_lost"
    SUSPENDED = "suspended"
    POOL_UNREADABLE = "pool_unreadable"
    POOL_GONE = "pool_gone"
    CHECKS_FAILED = "checks_failed"
    CHECKS_DELAYED = "checks_delayed"
    VERSION_REMOVED = "version_removed"
    VERSION_WITHDRAWN = "version_withdrawn"

    # A pool: what a change of its settings means.
    COUNTS_FROM_NEXT_ROLLOUT = "counts_from_next_rollout"

    # A rollout: what happens next.
    HOSTS_MAY_BE_TAKEN = "hosts_may_be_taken"
    SESSIONS_END = "sessions_end"
    USERS_WARNED = "users_warned"
    WINDOW_OPENS = "window_opens"
    WINDOW_CLOSES = "window_closes"
    UPDATING_HOSTS = "updating_hosts"
    REFRESHING_HOSTS = "refreshing_hosts"
    ROLLING_BACK = "rolling_back"
    FINISHING_HOSTS = "finishing_hosts"
    WAITS_FOR_RESUME = "waits_for_resume"

    # Why a version is the one for new hosts.
    POOL_VERSION = "pool_version"
    POOL_VERSION_BEFORE = "pool_version_before"
    ACTIVE_VERSION = "active_version"
    ACTIVATED_SINCE = "activated_since"
    ROLLOUT_PROVEN = "rollout_proven"
    ROLLOUT_UNPROVEN = "rollout_unproven"
    ROLLOUT_TO_COME = "rollout_to_come"
    ROLLOUT_ROLLS_BACK = "rollout_rolls_back"
    STANDS_IN = "stands_in"

    # A task on an image: what it waits for, and what came of it.
    REPLICATING = "replicating"
    SETTING_LATEST = "setting_latest"
    TASK_ENDING = "task_ending"
    TASK_FAILED = "task_failed"
    VERSION_STAGED = "version_staged"
    VERSION_CAPTURED = "version_captured"
    VERSION_ACTIVATED = "version_activated"
    VERSION_DISCARDED = "version_discarded"
    VERDICT_RECORDED = "verdict_recorded"
    ROLL_BACK_OFFERED = "roll_back_offered"
    NO_BACKUP_TO_OFFER = "no_backup_to_offer"

    # A task over many pools, its rings and its pools.
    RING_STARTS = "ring_starts"
    RING_STARTED = "ring_started"
    RING_RUNNING = "ring_running"
    RING_SOAKS = "ring_soaks"
    RING_WAITS_FOR_APPROVAL = "ring_waits_for_approval"
    RING_STOPPED = "ring_stopped"
    WAITS_FOR_RING = "waits_for_ring"
    POOLS_WAIT = "pools_wait"
    POOLS_UPDATED = "pools_updated"
    STOPPING_POOLS = "stopping_pools"
    NOT_STARTED = "not_started"
    NOT_ROLLED_BACK = "not_rolled_back"
    TO_BE_ROLLED_BACK = "to_be_rolled_back"
    ROLLOUT_REFUSED = "rollout_refused"
    OTHER_IMAGE = "other_image"
    POOL_CANNOT_BE_UPDATED = "pool_cannot_be_updated"

    # A scheduled promotion: what came of it.
    PROMOTED = "promoted"
    PROMOTION_REFUSED = "promotion_refused"
    REQUEST_LOST = "request_lost"
    VERSION_NOT_STAGED = "version_not_staged"
