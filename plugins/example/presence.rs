//! Knows who is online: `GET /plugins/presence/` answers with their ids, one a line, to whoever has
//! the key (`Authorization: Bearer <plugins.presence.key>`).

mod turms;

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::Mutex;
use turms::{Host, HttpRequest, HttpResponse, OnlineStatus, Users};

struct Presence {
    host: *const Host,
    authorization: String,
    /// Sessions of each user. Told on the plugin's thread, read on the control thread.
    sessions: Mutex<BTreeMap<i64, u32>>,
}

extern "C" fn online_status_changed(this: *mut c_void, status: *const OnlineStatus) {
    turms::guarded((), || {
        let (presence, status) = unsafe { (&*(this as *const Presence), &*status) };
        let mut sessions = presence.sessions.lock().unwrap();
        let count = sessions.entry(status.user_id).or_insert(0);
        *count = if status.online != 0 { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            sessions.remove(&status.user_id);
        }
    })
}

fn may_ask(presence: &Presence, request: &HttpRequest) -> bool {
    if request.header_count == 0 {
        return false;
    }
    let headers = unsafe { std::slice::from_raw_parts(request.headers, request.header_count) };
    headers.iter().any(|header| {
        let (name, value) = unsafe { (turms::text(header.name), turms::text(header.value)) };
        name.is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
            && value == Some(&presence.authorization)
    })
}

extern "C" fn serve(this: *mut c_void, call: u64, request: *const HttpRequest) {
    let (presence, request) = unsafe { (&*(this as *const Presence), &*request) };
    let (status, body) = turms::guarded((500, String::new()), || {
        if !may_ask(presence, request) {
            return (401, String::new());
        }
        let sessions = presence.sessions.lock().unwrap();
        (200, sessions.keys().map(|user| format!("{user}\n")).collect())
    });
    let response = HttpResponse {
        struct_size: std::mem::size_of::<HttpResponse>(),
        status,
        headers: std::ptr::null(),
        header_count: 0,
        body: body.as_ptr(),
        body_size: body.len(),
    };
    unsafe { ((*presence.host).http_respond)((*presence.host).context, call, &response) }
}

extern "C" fn start(host: *const Host, this: *mut *mut c_void, error: *mut c_char, error_size: usize) -> i32 {
    let (context, config) = unsafe { ((*host).context, (*host).config) };
    let key = unsafe { turms::text(config(context, "key\0".as_ptr() as *const c_char)) };
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        let why = "plugins.presence.key is not set\0";
        let size = why.len().min(error_size);
        unsafe { std::ptr::copy_nonoverlapping(why.as_ptr() as *const c_char, error, size) };
        return turms::INVALID_ARGUMENT;
    };
    let presence = Box::new(Presence {
        host,
        authorization: format!("Bearer {key}"),
        sessions: Mutex::default(),
    });
    unsafe {
        *this = Box::into_raw(presence) as *mut c_void;
        ((*host).serve_http)(context, serve, *this)
    }
}

extern "C" fn stop(this: *mut c_void) {
    drop(unsafe { Box::from_raw(this as *mut Presence) });
}

static USERS: Users = Users {
    abi_version: turms::ABI_VERSION,
    struct_size: std::mem::size_of::<Users>(),
    online_status_changed,
};

export!("presence", "turms.users", &USERS, start, stop);
