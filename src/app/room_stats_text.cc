#include "app/room_stats_text.h"

#include <fmt/core.h>

#include <boost/json.hpp>
#include <iterator>

#include "livekit/room_report.h"

namespace turms::app {
namespace {

namespace json = boost::json;

/// Members that are not there read as nothing: the server may be of another version.
const json::value* member(const json::value& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

std::string_view text(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string())
                                                : std::string_view();
}

double number(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

bool flag(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

const json::array& list(const json::value& value, std::string_view name) {
  static const json::array kNone;
  const json::value* found = member(value, name);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}

std::string layer_text(const json::value& layer) {
  std::string out;
  if (const json::value* place = member(layer, "layer"); place != nullptr && place->is_object()) {
    const double width = number(*place, "width");
    out = width > 0 ? fmt::format("{:.0f}x{:.0f} ", width, number(*place, "height"))
                    : fmt::format("layer {:.0f} ", number(*place, "spatial"));
  }
  if (!flag(layer, "active")) return out + "not sent";
  if (const double frames = number(layer, "frames_per_second"); frames > 0) {
    out += fmt::format("{:.0f}/s ", frames);
  }
  out += livekit::rate_text(number(layer, "bits_per_second"));
  if (const double lost = number(layer, "packets_lost"); lost > 0) {
    out += fmt::format(" {:.0f} lost", lost);
  }
  return out;
}

void add_published(std::string& out, const json::value& track) {
  fmt::format_to(std::back_inserter(out), "  publishes {} {} {}{}:", text(track, "source"),
                 text(track, "track"), text(track, "codec"), flag(track, "muted") ? ", muted" : "");
  bool first = true;
  for (const json::value& layer : list(track, "layers")) {
    out += (first ? " " : ", ") + layer_text(layer);
    first = false;
  }
  out += '\n';
}

void add_subscription(std::string& out, const json::value& s) {
  fmt::format_to(std::back_inserter(out), "  {} of {}: {}", text(s, "source"), text(s, "publisher"),
                 text(s, "why"));
  if (number(s, "packets") > 0) {
    fmt::format_to(std::back_inserter(out), "; {}",
                   livekit::rate_text(number(s, "bits_per_second")));
    const double lost = number(s, "packets_lost");
    if (lost > 0) {
      fmt::format_to(std::back_inserter(out), ", {:.0f} of {:.0f} packets lost", lost,
                     number(s, "packets"));
    }
    if (number(s, "resends") > 0) {
      fmt::format_to(std::back_inserter(out), ", {:.0f} sent again", number(s, "resends"));
    }
    if (number(s, "key_frame_requests") > 0) {
      fmt::format_to(std::back_inserter(out), ", {:.0f} key frames asked for",
                     number(s, "key_frame_requests"));
    }
  }
  out += '\n';
}

void add_participant(std::string& out, const json::value& participant) {
  const std::string_view identity = text(participant, "identity");
  const std::string_view name = text(participant, "name");
  out += name.empty() || name == identity ? std::string(identity)
                                          : fmt::format("{} ({})", name, identity);
  if (const json::value* path = member(participant, "path"); path != nullptr && path->is_object()) {
    const std::string_view limited = text(*path, "limited_by");
    fmt::format_to(std::back_inserter(out),
                   ": path {}{}; wants {}, has {}; loss {:.1f} %, round trip {:.0f} ms, queue "
                   "{:.0f} ms",
                   livekit::rate_text(number(*path, "estimate_bits_per_second")),
                   limited.empty() || limited == "none" ? "" : fmt::format(" by {}", limited),
                   livekit::rate_text(number(*path, "wanted_bits_per_second")),
                   livekit::rate_text(number(*path, "allocated_bits_per_second")),
                   number(*path, "loss") * 100, number(*path, "round_trip_ms"),
                   number(*path, "queue_ms") + number(*path, "pacer_ms"));
  }
  out += '\n';
  for (const json::value& track : list(participant, "published")) add_published(out, track);
  for (const json::value& s : list(participant, "subscriptions")) add_subscription(out, s);
}

Result<json::value> parse(std::string_view text_of_it, std::string_view must_have) {
  boost::system::error_code error;
  json::value value = json::parse(text_of_it, error);
  if (error || member(value, must_have) == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "that is no answer of a turms server");
  }
  return value;
}

}  // namespace

Result<std::string> room_list_text(std::string_view json_text) {
  const auto value = parse(json_text, "rooms");
  if (!value) return std::unexpected(value.error());
  std::string out;
  for (const json::value& room : list(*value, "rooms")) {
    fmt::format_to(std::back_inserter(out), "{}\t{:.0f} participants, {:.0f} of them publish\n",
                   text(room, "room"), number(room, "participants"), number(room, "publishers"));
  }
  return out;
}

Result<std::string> room_stats_text(std::string_view json_text) {
  const auto value = parse(json_text, "participants");
  if (!value) return std::unexpected(value.error());
  std::string out;
  for (const json::value& participant : list(*value, "participants")) {
    add_participant(out, participant);
  }
  if (flag(*value, "truncated")) out += "There is more in this room than is told at once.\n";
  return out;
}

}  // namespace turms::app
