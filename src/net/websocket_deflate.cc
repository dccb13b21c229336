#include "net/websocket_deflate.h"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

#include <algorithm>

#include "net/text.h"

namespace turms::net::websocket {

namespace zlib = boost::beast::zlib;

namespace {

constexpr size_t kStep = 16 * 1024;
constexpr uint8_t kTail[4] = {0x00, 0x00, 0xff, 0xff};

std::string_view next_item(std::string_view& list, char separator) {
  const std::string_view item = list.substr(0, list.find(separator));
  list.remove_prefix(std::min(list.size(), item.size() + 1));
  return trim(item);
}

/// Whether we can keep to every parameter of one offer (RFC 7692 section 7.1).
bool acceptable(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = next_item(parameters, ';');
    const std::string_view name = trim(parameter.substr(0, parameter.find('=')));
    // We compress with a full window only, so an offer that asks for a smaller one is declined.
    if (name != "server_no_context_takeover" && name != "client_no_context_takeover" &&
        name != "client_max_window_bits") {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string negotiate_deflate(std::string_view offer) {
  while (!offer.empty()) {
    std::string_view extension = next_item(offer, ',');
    if (next_item(extension, ';') != "permessage-deflate") continue;
    if (acceptable(extension)) {
      return "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    }
  }
  return {};
}

void deflate_message(ByteView message, Bytes& out) {
  thread_local zlib::deflate_stream stream;
  stream.reset(6, 15, 8, zlib::Strategy::normal);
  out.clear();
  zlib::z_params params{};
  params.next_in = message.data();
  params.avail_in = message.size();
  boost::system::error_code error;
  do {
    const size_t size = out.size();
    out.resize(size + kStep);
    params.next_out = out.data() + size;
    params.avail_out = kStep;
    stream.write(params, zlib::Flush::sync, error);
    out.resize(out.size() - params.avail_out);
  } while (params.avail_out == 0);
  // Section 7.2.1: the tail of the sync flush stays off the wire.
  if (out.size() >= 4 && std::equal(out.end() - 4, out.end(), kTail)) out.resize(out.size() - 4);
}

InflateOutcome inflate_message(ByteView payload, size_t max_size, Bytes& out) {
  thread_local zlib::inflate_stream stream;
  stream.reset(15);
  out.clear();
  for (const ByteView part : {payload, ByteView(kTail)}) {
    zlib::z_params params{};
    params.next_in = part.data();
    params.avail_in = part.size();
    bool full = true;
    while (params.avail_in > 0 || full) {
      const size_t size = out.size();
      out.resize(size + kStep);
      params.next_out = out.data() + size;
      params.avail_out = kStep;
      boost::system::error_code error;
      stream.write(params, zlib::Flush::sync, error);
      full = params.avail_out == 0;
      out.resize(out.size() - params.avail_out);
      if (out.size() > max_size) return InflateOutcome::kTooLarge;
      if (error == zlib::error::need_buffers) break;
      if (error) return InflateOutcome::kInvalid;
    }
  }
  return InflateOutcome::kOk;
}

}  // namespace turms::net::websocket
