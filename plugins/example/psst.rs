//! Decides what users are told: notifications that say `psst` reach nobody, though what they tell of
//! is done.

mod turms;

use std::ffi::c_void;
use turms::{Decision, Notification, Notifications};

extern "C" fn before_notify(_: *mut c_void, _: u64, told: *const Notification, _: *mut Decision) -> i32 {
    turms::guarded(turms::ALLOW, || {
        let payload = unsafe { &(*told).payload };
        let bytes = unsafe { std::slice::from_raw_parts(payload.data, payload.size) };
        let quiet = bytes.windows(4).any(|part| part == b"psst");
        if quiet { turms::REJECT } else { turms::ALLOW }
    })
}

static NOTIFICATIONS: Notifications = Notifications {
    abi_version: turms::ABI_VERSION,
    struct_size: std::mem::size_of::<Notifications>(),
    notified: None,
    before_notify,
};

export!("psst", "turms.notifications", &NOTIFICATIONS, turms::start_without_state, turms::stop_without_state);
