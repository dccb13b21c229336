#include "storage/upload.h"

#include <unistd.h>

#include "im/media_type.h"
#include "net/text.h"

namespace turms::storage {
namespace {

/// Whether a file that begins so may be kept as one of type `allowed`.
bool has_allowed_content(const im::MediaType& allowed, std::string_view beginning) {
  if (allowed.type != "image") return true;
  // Only what is shown as a picture later on is one.
  const char* found = picture_type(as_bytes(beginning));
  const auto type = im::MediaType::parse(found == nullptr ? "" : found);
  return type && allowed.includes(*type);
}

int status_of_failed_write(const Status& status) {
  return status.error().code == ErrorCode::kResourceExhausted ? 507 : 500;
}

/// Its last owner removes it, which waits for the disk.
void give_up(FileIo& io, std::shared_ptr<IncomingFile> file) {
  if (file) io.run([file = std::move(file)] {}, [] {});
}

}  // namespace

Upload::~Upload() {
  give_up(store_.io(), std::move(file_));
}

Upload::Upload(FileStore& store, im::ResourceType type, std::string_view boundary,
               net::HttpExchange exchange)
    : store_(store), type_(type), exchange_(std::move(exchange)), parser_(boundary, *this) {}

bool Upload::on_body(ByteView piece) {
  // Nobody looks at what comes behind the file, as with S3.
  if (answered_ || file_ended_) return true;
  if (Status status = parser_.feed(piece); !status && !answered_) {
    refuse(400, status.error().message);
  }
  if (answered_) return true;
  full_ = pending_.size() > kMaxPending;
  return !full_;
}

void Upload::on_body_end() {
  if (answered_) return;
  if (!file_ended_) return refuse(400, "the form has no whole file");
  if (store_.now().unix_ms >= terms_->expiration.unix_ms + to_ms(im::kLongestUpload)) {
    return refuse(403, "the upload took too long");
  }
  if (size_ < terms_->min_bytes) return refuse(400, "the file is too small");
  const auto allowed = im::MediaType::parse(terms_->content_type);
  if (!allowed || !has_allowed_content(*allowed, beginning_)) {
    return refuse(415, "the file is no picture of a known type");
  }
  body_ended_ = true;
  if (!writing_) finish();
}

bool Upload::on_part(MultipartParser::Part part) {
  if (file_ended_) return true;
  if (part.name == "file") {
    in_file_ = true;
    return begin_file();
  }
  if (fields_.size() == kMaxFields) {
    refuse(400, "too many fields");
    return false;
  }
  field_bytes_ += part.name.size();
  fields_.emplace_back(std::move(part.name), "");
  return true;
}

bool Upload::on_data(ByteView data) {
  if (file_ended_) return true;
  if (!in_file_) {
    field_bytes_ += data.size();
    if (field_bytes_ > kMaxFieldBytes) {
      refuse(400, "the fields are too long");
      return false;
    }
    fields_.back().second.append(as_text(data));
    return true;
  }
  size_ += static_cast<int64_t>(data.size());
  if (terms_->max_bytes > 0 && size_ > terms_->max_bytes) {
    refuse(413, "the file is too large");
    return false;
  }
  const size_t more = std::min(data.size(), kPictureTypeBytes - beginning_.size());
  beginning_.append(as_text(data.first(more)));
  pending_.insert(pending_.end(), data.begin(), data.end());
  if (!writing_) write_pending();
  return true;
}

bool Upload::on_part_end() {
  if (in_file_) file_ended_ = true;
  return true;
}

std::string_view Upload::field(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (net::equal_ignoring_case(key, name)) return value;
  }
  return {};
}

bool Upload::begin_file() {
  auto terms = store_.tickets().verify_upload(field("policy"), field("signature"), store_.now());
  if (!terms) {
    refuse(403, terms.error().message);
    return false;
  }
  // The URL and the key are the client's; the policy says what they must be.
  if (terms->key.type != type_ || field("key") != std::to_string(terms->key.id)) {
    refuse(403, "the policy is for another object");
    return false;
  }
  if (const std::string_view said = field("Content-Type"); !said.empty()) {
    const auto type = im::MediaType::parse(said);
    const auto allowed = im::MediaType::parse(terms->content_type);
    if (!type || !allowed || !allowed->includes(*type)) {
      refuse(403, "the policy is for another content type");
      return false;
    }
  }
  terms_ = std::move(*terms);
  file_ = store_.new_file();
  return true;
}

void Upload::write_pending() {
  writing_ = true;
  struct Work {
    std::shared_ptr<IncomingFile> file;
    Bytes data;
    Status status;
  };
  auto work = std::make_shared<Work>(Work{file_, std::exchange(pending_, {}), {}});
  store_.io().run([work] { work->status = work->file->write(work->data); },
                  [work, &store = store_, weak = weak_from_this()] {
                    if (const auto self = weak.lock()) self->written(work->status);
                    give_up(store.io(), std::exchange(work->file, nullptr));
                  });
}

void Upload::written(const Status& status) {
  writing_ = false;
  if (answered_) return;
  if (!status) {
    return refuse(status_of_failed_write(status), "the file cannot be kept");
  }
  if (!pending_.empty()) {
    write_pending();
  } else if (body_ended_) {
    return finish();
  }
  if (full_) {
    full_ = false;
    exchange_.resume();
  }
}

void Upload::finish() {
  writing_ = true;
  struct Work {
    std::shared_ptr<IncomingFile> file;
    Status status;
  };
  auto work = std::make_shared<Work>(Work{std::move(file_), {}});
  const im::ResourceKey key = terms_->key;
  store_.io().run(
      [work, path = store_.path_of(key), thumbnail = store_.thumbnail_of(key)] {
        work->status = work->file->finish(path);
        // Of what was there before.
        ::unlink(thumbnail.c_str());
      },
      [work, self = shared_from_this()] {
        if (!work->status) {
          return self->refuse(status_of_failed_write(work->status), "the file cannot be kept");
        }
        self->answered_ = true;
        self->exchange_.send({.status = 204});
      });
}

void Upload::refuse(int status, std::string why) {
  answered_ = true;
  give_up(store_.io(), std::exchange(file_, nullptr));
  exchange_.send(net::HttpResponse::text(status, std::move(why) + "\n"));
}

}  // namespace turms::storage
