#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turms::gateway {

struct Answer;

// What plugins say in the protocol's words, checked where it is known.

/// A TurmsRequest of this kind.
bool is_request(std::string_view bytes, int32_t kind);
/// A TurmsNotification.
bool is_notification(std::string_view bytes);
/// What such a notification answers a request with.
Answer answer_from(const std::string& notification);

/// The text of a setting's encoded Value; nothing when it is no text.
std::optional<std::string> text_of_value(std::string_view encoded);
std::string value_of_text(std::string_view text);

}  // namespace turms::gateway
