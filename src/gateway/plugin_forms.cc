#include "gateway/plugin_forms.h"

#include "gateway/handlers/handler.h"
#include "gateway/proto.h"
#include "turms/model.pb.h"
#include "turms/notification.pb.h"
#include "turms/request.pb.h"

namespace turms::gateway {

bool is_request(std::string_view bytes, int32_t kind) {
  proto::TurmsRequest request;
  return request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
         static_cast<int32_t>(request.kind_case()) == kind;
}

Answer answer_from(const std::string& bytes) {
  Answer answer;
  proto::TurmsNotification notification;
  if (!notification.ParseFromString(bytes)) {
    answer.code = im::Code::kInternalError;
    return answer;
  }
  if (notification.has_code()) answer.code = static_cast<im::Code>(notification.code());
  answer.reason = notification.reason();
  answer.data.Swap(notification.mutable_data());
  return answer;
}

bool is_notification(std::string_view bytes) {
  proto::TurmsNotification notification;
  return notification.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::optional<std::string> text_of_value(std::string_view encoded) {
  proto::Value value;
  if (!value.ParseFromArray(encoded.data(), static_cast<int>(encoded.size())) ||
      !value.has_string_value()) {
    return std::nullopt;
  }
  return value.string_value();
}

std::string value_of_text(std::string_view text) {
  proto::Value value;
  value.set_string_value(std::string(text));
  return value.SerializeAsString();
}

}  // namespace turms::gateway
