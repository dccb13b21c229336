#include "livekit/webhook_journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/log.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;

std::string line_of(std::string_view kind, const WebhookRecord& record) {
  return json::serialize(json::object{{"kind", kind},
                                      {"number", record.number},
                                      {"created", record.created.unix_ms},
                                      {"room", record.room},
                                      {"subject", record.subject},
                                      {"phase", static_cast<int>(record.phase)},
                                      {"body", record.body},
                                      {"trace", record.trace_id}}) +
         "\n";
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  return value->is_int64() ? static_cast<uint64_t>(std::max<int64_t>(value->get_int64(), 0)) : 0;
}

WebhookRecord record_of(const json::object& object) {
  WebhookRecord out;
  out.number = number_of(object, "number");
  out.created.unix_ms = static_cast<int64_t>(number_of(object, "created"));
  out.room = text_of(object, "room");
  out.subject = text_of(object, "subject");
  out.phase = static_cast<WebhookRecord::Phase>(std::min<uint64_t>(number_of(object, "phase"), 2));
  out.body = text_of(object, "body");
  out.trace_id = text_of(object, "trace");
  return out;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<WebhookJournal>> WebhookJournal::open(const std::string& path) {
  std::unique_ptr<WebhookJournal> journal(new WebhookJournal(path));
  if (path.empty()) return journal;
  if (std::ifstream file(path, std::ios::binary); file) {
    std::ostringstream content;
    content << file.rdbuf();
    journal->read(content.str());
  }
  if (Status status = journal->rewrite(); !status) return std::unexpected(status.error());
  return journal;
}

WebhookJournal::~WebhookJournal() {
  if (fd_ >= 0) ::close(fd_);
}

void WebhookJournal::read(const std::string& content) {
  std::map<uint64_t, WebhookRecord> waiting;
  for (size_t at = 0; at < content.size();) {
    const size_t end = content.find('\n', at);
    if (end == std::string::npos) break;  // cut
    boost::system::error_code error;
    const json::value value = json::parse(std::string_view(content).substr(at, end - at), error);
    at = end + 1;
    if (error || !value.is_object()) continue;
    const json::object& object = value.get_object();
    const std::string kind = text_of(object, "kind");
    WebhookRecord record = record_of(object);
    restored_.last_number = std::max(restored_.last_number, record.number);
    if (kind == "add") {
      waiting[record.number] = std::move(record);
    } else if (kind == "remove") {
      waiting.erase(record.number);
    } else if (kind == "begin") {
      restored_.open[record.subject] = std::move(record);
    } else if (kind == "end") {
      restored_.open.erase(record.subject);
    }
  }
  for (auto& [number, record] : waiting) {
    waiting_.emplace(number, line_of("add", record));
    restored_.waiting.push_back(std::move(record));
  }
  for (const auto& [subject, record] : restored_.open) {
    open_.emplace(subject, line_of("begin", record));
  }
  for (const auto& [number, line] : waiting_) live_bytes_ += line.size();
  for (const auto& [subject, line] : open_) live_bytes_ += line.size();
}

Status WebhookJournal::rewrite() {
  const std::string temporary = path_ + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool good = fd >= 0;
  for (auto it = open_.begin(); good && it != open_.end(); ++it) good = write_all(fd, it->second);
  for (auto it = waiting_.begin(); good && it != waiting_.end(); ++it) {
    good = write_all(fd, it->second);
  }
  good = good && ::rename(temporary.c_str(), path_.c_str()) == 0;
  if (!good) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    ::unlink(temporary.c_str());
    return fail(ErrorCode::kUnavailable, path_ + ": " + std::strerror(error));
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  file_bytes_ = live_bytes_;
  return {};
}

void WebhookJournal::append(std::string line) {
  if (path_.empty()) return;
  // A line that cannot be written is lost with this process only.
  if (!write_all(fd_, line)) log::warn("{}: {}", path_, std::strerror(errno));
  file_bytes_ += line.size();
  if (file_bytes_ < kWorthRewriting || file_bytes_ < 2 * live_bytes_) return;
  if (Status status = rewrite(); !status) log::warn("{}", status.error().message);
}

void WebhookJournal::add(const WebhookRecord& record) {
  if (path_.empty()) return;
  std::string line = line_of("add", record);
  live_bytes_ += line.size();
  waiting_[record.number] = line;
  append(std::move(line));
}

void WebhookJournal::remove(uint64_t number) {
  const auto node = waiting_.extract(number);
  if (!node) return;
  live_bytes_ -= node.mapped().size();
  append(json::serialize(json::object{{"kind", "remove"}, {"number", number}}) + "\n");
}

void WebhookJournal::begin(const WebhookRecord& record) {
  if (path_.empty()) return;
  std::string line = line_of("begin", record);
  live_bytes_ += line.size();
  if (const auto node = open_.extract(record.subject)) live_bytes_ -= node.mapped().size();
  open_[record.subject] = line;
  append(std::move(line));
}

void WebhookJournal::end(const std::string& subject) {
  const auto node = open_.extract(subject);
  if (!node) return;
  live_bytes_ -= node.mapped().size();
  append(json::serialize(json::object{{"kind", "end"}, {"subject", subject}}) + "\n");
}

}  // namespace turms::livekit
