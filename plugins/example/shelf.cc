// Keeps files in the server's place: in memory, as many as fit. It shows what a store has to do:
// give out addresses that hold for a while, take a form by POST (the file is its last part), and
// answer GET with what nobody's browser takes for a page.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "turms/plugin.hpp"

namespace {

namespace sdk = turms::sdk;

constexpr size_t kMaxFiles = 100;
constexpr size_t kMaxTickets = 1000;
constexpr size_t kMaxFileBytes = 1024 * 1024;

using Key = std::pair<int, int64_t>;  // type and id

/// Leave to do one thing with one file.
struct Ticket {
  bool upload = false;
  Key file;
  size_t max_bytes = 0;
  int64_t expiration = 0;
};

struct Shelf {
  const turms_host* host = nullptr;
  const turms_host_storage* answers = nullptr;
  /// The server asks on the plugin's thread, clients on the control thread.
  std::mutex mutex;
  std::map<std::string, Ticket> tickets;
  std::map<Key, std::string> files;
  std::random_device random;
};

int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

turms_status give(Shelf& shelf, turms_call call, const Ticket& ticket) {
  std::string url = "/plugins/shelf/";
  {
    const std::lock_guard lock(shelf.mutex);
    std::erase_if(shelf.tickets, [](const auto& one) { return one.second.expiration < now_ms(); });
    if (shelf.tickets.size() >= kMaxTickets) return TURMS_ERROR_RESOURCE_EXHAUSTED;
    std::string name;
    for (int i = 0; i < 4; ++i) name += std::to_string(shelf.random()) + "-";
    url += name;
    shelf.tickets.emplace(name, ticket);
  }
  const turms_pair pair{"url", url.c_str()};
  shelf.answers->complete_with_pairs(shelf.host->context, call, &pair, 1);
  return TURMS_OK;
}

turms_status upload_info(void* self, turms_call call, const turms_upload* upload) {
  const size_t most = std::min(static_cast<size_t>(upload->max_bytes), kMaxFileBytes);
  return give(*static_cast<Shelf*>(self), call,
              {true, {upload->type, upload->id}, most, upload->expiration});
}

turms_status download_info(void* self, turms_call call, const turms_download* download) {
  return give(*static_cast<Shelf*>(self), call,
              {false, {download->type, download->id}, 0, download->expiration});
}

turms_status find(void* self, turms_call call, const turms_object* object) {
  auto& shelf = *static_cast<Shelf*>(self);
  int64_t size = -1;
  {
    const std::lock_guard lock(shelf.mutex);
    const auto it = shelf.files.find({object->type, object->id});
    if (it != shelf.files.end()) size = static_cast<int64_t>(it->second.size());
  }
  shelf.host->complete_with_count(shelf.host->context, call, size);
  return TURMS_OK;
}

turms_status remove(void* self, turms_call call, const turms_object* object) {
  auto& shelf = *static_cast<Shelf*>(self);
  {
    const std::lock_guard lock(shelf.mutex);
    shelf.files.erase({object->type, object->id});
  }
  shelf.host->complete(shelf.host->context, call, TURMS_OK, nullptr);
  return TURMS_OK;
}

/// The content of a form's last part (RFC 7578).
std::optional<std::string_view> last_part(const turms_http_request& request) {
  std::string_view boundary;
  for (size_t i = 0; i < request.header_count; ++i) {
    const std::string_view value = request.headers[i].value;
    const size_t at = value.find("boundary=");
    if (value.starts_with("multipart/form-data") && at != value.npos) {
      boundary = value.substr(at + sizeof "boundary=" - 1);
    }
  }
  if (boundary.empty()) return std::nullopt;
  const std::string_view body(reinterpret_cast<const char*>(request.body), request.body_size);
  const std::string line = "--" + std::string(boundary);
  const size_t end = body.rfind("\r\n" + line + "--");
  if (end == body.npos) return std::nullopt;
  const size_t begin = body.rfind(line + "\r\n", end);
  if (begin == body.npos) return std::nullopt;
  const size_t content = body.find("\r\n\r\n", begin);
  if (content == body.npos || content + 4 > end) return std::nullopt;
  return body.substr(content + 4, end - content - 4);
}

/// The status of HTTP.
int take(Shelf& shelf, const Ticket& ticket, const turms_http_request& request) {
  const auto file = last_part(request);
  if (!file) return 400;
  if (file->size() > ticket.max_bytes) return 413;
  if (shelf.files.size() >= kMaxFiles && !shelf.files.contains(ticket.file)) return 507;
  shelf.files.insert_or_assign(ticket.file, *file);
  return 204;
}

void serve(void* self, turms_call call, const turms_http_request* request) {
  static constexpr turms_http_header kHeaders[] = {{"Content-Type", "application/octet-stream"},
                                                   {"Content-Disposition", "attachment"},
                                                   {"X-Content-Type-Options", "nosniff"}};
  auto& shelf = *static_cast<Shelf*>(self);
  const std::string_view method = request->method;
  turms_http_response response{sizeof response, 404, nullptr, 0, nullptr, 0};
  const std::lock_guard lock(shelf.mutex);
  const std::string_view path = request->path;
  const auto it = shelf.tickets.find(std::string(path.substr(path.starts_with('/') ? 1 : 0)));
  if (it != shelf.tickets.end() && it->second.expiration >= now_ms()) {
    const Ticket& ticket = it->second;
    const auto file = shelf.files.find(ticket.file);
    if (ticket.upload && method == "POST") {
      response.status = take(shelf, ticket, *request);
    } else if (!ticket.upload && method == "GET" && file != shelf.files.end()) {
      response.status = 200;
      response.headers = kHeaders;
      response.header_count = std::size(kHeaders);
      response.body = reinterpret_cast<const uint8_t*>(file->second.data());
      response.body_size = file->second.size();
    }
  }
  shelf.host->http_respond(shelf.host->context, call, &response);
}

std::unique_ptr<Shelf> make(const turms_host& host) {
  auto shelf = std::make_unique<Shelf>();
  shelf->host = &host;
  shelf->answers = sdk::host_table<turms_host_storage>(host, TURMS_HOST_STORAGE);
  if (shelf->answers == nullptr) throw std::runtime_error("this server lets no plugin keep files");
  host.serve_http(host.context, serve, shelf.get());
  return shelf;
}

constexpr turms_storage kStorage{
    TURMS_PLUGIN_ABI_VERSION, sizeof(turms_storage), upload_info, download_info, find, remove};

const void* capability(const char* name) {
  return std::string_view(name) == TURMS_STORAGE ? &kStorage : nullptr;
}

constexpr turms_plugin kPlugin{.abi_version = TURMS_PLUGIN_ABI_VERSION,
                               .struct_size = sizeof(turms_plugin),
                               .name = "shelf",
                               .version = "1.0",
                               .start = sdk::start<make>,
                               .stop = sdk::stop<Shelf>,
                               .conference = nullptr,
                               .capability = capability};

}  // namespace

extern "C" TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  return sdk::knows_capabilities(*host) ? &kPlugin : nullptr;
}
