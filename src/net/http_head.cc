#include "net/http_head.h"

#include <boost/beast/http/status.hpp>

#include <ctime>

#include "base/time.h"

namespace turms::net {

std::string date_header() {
  thread_local int64_t cached_second = 0;
  thread_local std::string cached;
  const int64_t second = wall_now().unix_ms / 1000;
  if (second != cached_second) {
    const time_t time = second;
    tm parts{};
    gmtime_r(&time, &parts);
    char text[64];
    const size_t size = strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    cached.assign(text, size);
    cached_second = second;
  }
  return cached;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  const auto clean = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  };
  if (!clean(name) || !clean(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

std::string status_line(int status) {
  namespace http = boost::beast::http;
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason.data(), reason.size()) +
         "\r\n";
}

}  // namespace turms::net
