//! The declarations of turms/plugin.h that the examples in Rust use: put it beside yours and say
//! `mod turms;`. `bindgen` makes all of them from the header. Only what comes before the last field
//! that is used has to be there, since tables grow at their end.
#![allow(dead_code)]

use std::ffi::{c_char, c_void, CStr};
use std::panic::UnwindSafe;

pub const ABI_VERSION: u32 = 1;
pub const OK: i32 = 0;
pub const INVALID_ARGUMENT: i32 = 1;
pub const ALLOW: i32 = 0;
pub const REJECT: i32 = 1;

#[repr(C)]
pub struct Host {
    pub abi_version: u32,
    pub struct_size: usize,
    pub context: *mut c_void,
    pub log: extern "C" fn(*mut c_void, i32, *const c_char),
    pub config: extern "C" fn(*mut c_void, *const c_char) -> *const c_char,
    pub start_timer: extern "C" fn(*mut c_void, u64, extern "C" fn(*mut c_void), *mut c_void) -> u64,
    pub cancel_timer: extern "C" fn(*mut c_void, u64),
    pub post: extern "C" fn(*mut c_void, extern "C" fn(*mut c_void), *mut c_void) -> i32,
    pub serve_http: extern "C" fn(*mut c_void, HttpHandler, *mut c_void) -> i32,
    pub http_respond: extern "C" fn(*mut c_void, u64, *const HttpResponse),
}

pub type HttpHandler = extern "C" fn(*mut c_void, u64, *const HttpRequest);

#[repr(C)]
pub struct HttpHeader {
    pub name: *const c_char,
    pub value: *const c_char,
}

#[repr(C)]
pub struct HttpRequest {
    pub struct_size: usize,
    pub method: *const c_char,
    pub path: *const c_char,
    pub query: *const c_char,
    pub headers: *const HttpHeader,
    pub header_count: usize,
}

#[repr(C)]
pub struct HttpResponse {
    pub struct_size: usize,
    pub status: i32,
    pub headers: *const HttpHeader,
    pub header_count: usize,
    pub body: *const u8,
    pub body_size: usize,
}

#[repr(C)]
pub struct Bytes {
    pub data: *const u8,
    pub size: usize,
}

#[repr(C)]
pub struct Message {
    pub struct_size: usize,
    pub sender_id: i64,
    pub group_id: i64,
    pub recipient_id: i64,
    pub edited_id: i64,
    pub text: *const c_char,
}

#[repr(C)]
pub struct Decision {
    pub struct_size: usize,
    pub code: i32,
    pub reason: *const c_char,
}

#[repr(C)]
pub struct Messages {
    pub abi_version: u32,
    pub struct_size: usize,
    pub before_send: extern "C" fn(*mut c_void, u64, *const Message, *mut Decision) -> i32,
}

#[repr(C)]
pub struct Notification {
    pub struct_size: usize,
    pub recipients: *const i64,
    pub recipient_count: usize,
    pub offline: *const i64,
    pub offline_count: usize,
    pub payload: Bytes,
}

#[repr(C)]
pub struct Notifications {
    pub abi_version: u32,
    pub struct_size: usize,
    pub notified: Option<extern "C" fn(*mut c_void, *const Notification)>,
    pub before_notify: extern "C" fn(*mut c_void, u64, *const Notification, *mut Decision) -> i32,
}

#[repr(C)]
pub struct OnlineStatus {
    pub struct_size: usize,
    pub user_id: i64,
    pub device: *const c_char,
    pub online: i32,
}

#[repr(C)]
pub struct Users {
    pub abi_version: u32,
    pub struct_size: usize,
    pub online_status_changed: extern "C" fn(*mut c_void, *const OnlineStatus),
}

#[repr(C)]
pub struct Plugin {
    pub abi_version: u32,
    pub struct_size: usize,
    pub name: *const c_char,
    pub version: *const c_char,
    pub start: extern "C" fn(*const Host, *mut *mut c_void, *mut c_char, usize) -> i32,
    pub stop: extern "C" fn(*mut c_void),
    pub conference: *const c_void,
    pub capability: extern "C" fn(*const c_char) -> *const c_void,
}
// Nobody writes to a table.
unsafe impl Sync for Plugin {}

/// Text of the host; `None` for NULL and for what is no UTF-8.
///
/// # Safety
/// Whoever calls must not keep it longer than the header says.
pub unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() { None } else { CStr::from_ptr(text).to_str().ok() }
}

/// What a hook does. A panic must not cross over, so it ends here.
pub fn guarded<T>(otherwise: T, work: impl FnOnce() -> T + UnwindSafe) -> T {
    std::panic::catch_unwind(work).unwrap_or(otherwise)
}

/// `start` of a plugin without state.
pub extern "C" fn start_without_state(_: *const Host, this: *mut *mut c_void, _: *mut c_char, _: usize) -> i32 {
    unsafe { *this = std::ptr::null_mut() };
    OK
}

pub extern "C" fn stop_without_state(_: *mut c_void) {}

/// Exports a plugin with one capability: `export!("name", "turms.users", &USERS, start, stop)`.
#[macro_export]
macro_rules! export {
    ($name:literal, $capability:literal, $table:expr, $start:path, $stop:path) => {
        extern "C" fn capability(name: *const std::ffi::c_char) -> *const std::ffi::c_void {
            if unsafe { $crate::turms::text(name) } == Some($capability) {
                $table as *const _ as *const std::ffi::c_void
            } else {
                std::ptr::null()
            }
        }

        static PLUGIN: $crate::turms::Plugin = $crate::turms::Plugin {
            abi_version: $crate::turms::ABI_VERSION,
            struct_size: std::mem::size_of::<$crate::turms::Plugin>(),
            name: concat!($name, "\0").as_ptr() as *const std::ffi::c_char,
            version: "1.0\0".as_ptr() as *const std::ffi::c_char,
            start: $start,
            stop: $stop,
            conference: std::ptr::null(),
            capability,
        };

        #[no_mangle]
        pub extern "C" fn turms_plugin_entry(
            host: *const $crate::turms::Host,
        ) -> *const $crate::turms::Plugin {
            let same = unsafe { (*host).abi_version } == $crate::turms::ABI_VERSION;
            if same { &PLUGIN } else { std::ptr::null() }
        }
    };
}
