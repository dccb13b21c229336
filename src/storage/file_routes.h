#pragma once

#include "storage/file_store.h"

namespace turms::net {
class HttpServer;
}

namespace turms::storage {

/// The way in and out of the built-in store, below its path:
///
///   POST PATH/BUCKET          a form: `policy`, `signature`, `key`, whatever else, at last `file`,
///                             as browsers and upstream's SDKs post to S3. 204 when it is kept.
///   GET  PATH/BUCKET/ID       pictures of users and groups for everybody; attachments with
///                             `expires`, `name`, `signature`. `small=1`: a thumbnail, of JPEG and
///                             PNG. Ranges, validators.
///
/// What is not one of picture_type()'s pictures is sent as octets to be saved. Bounds: a form's
/// fields (kMaxFields, kMaxFieldBytes), the file by its policy, kMaxPending bytes of it in memory.
/// The store outlives the server's last request.
void serve_files(net::HttpServer& server, FileStore& store);

}  // namespace turms::storage
