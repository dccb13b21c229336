#include "gateway/request_header.h"

#include <optional>

#include "gateway/proto.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

struct Field {
  int32_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t varint = 0;
};

std::optional<uint64_t> read_varint(ByteReader& reader) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = reader.u8();
    if (!reader.ok()) return std::nullopt;
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// The next field, skipped over; nothing when it is cut or has no valid type.
std::optional<Field> read_field(ByteReader& reader) {
  const std::optional<uint64_t> tag = read_varint(reader);
  if (!tag || *tag > UINT32_MAX || *tag >> 3 == 0) return std::nullopt;
  Field field{static_cast<int32_t>(*tag >> 3), static_cast<WireType>(*tag & 7), 0};
  switch (field.type) {
    case WireType::kVarint: {
      const std::optional<uint64_t> value = read_varint(reader);
      if (!value) return std::nullopt;
      field.varint = *value;
      return field;
    }
    case WireType::kFixed64:
      reader.skip(8);
      break;
    case WireType::kLength: {
      const std::optional<uint64_t> length = read_varint(reader);
      if (!length || *length > reader.remaining()) return std::nullopt;
      reader.skip(static_cast<size_t>(*length));
      break;
    }
    case WireType::kFixed32:
      reader.skip(4);
      break;
    default:
      return std::nullopt;
  }
  if (!reader.ok()) return std::nullopt;
  return field;
}

constexpr int32_t kRequestIdField = 1;
constexpr int32_t kCustomAttributesField = 2;

}  // namespace

std::string_view kind_name(int32_t kind) {
  if (kind == kRequestIdField || kind == kCustomAttributesField) return {};
  const auto* field = proto::TurmsRequest::descriptor()->FindFieldByNumber(kind);
  return field == nullptr ? std::string_view() : std::string_view(field->name());
}

RequestHeader read_request_header(ByteView message) {
  using Problem = RequestHeader::Problem;
  const RequestHeader malformed{Problem::kMalformed, 0, 0};

  ByteReader reader(message);
  const std::optional<Field> id = read_field(reader);
  if (!id || id->number != kRequestIdField || id->type != WireType::kVarint) return malformed;
  const std::optional<Field> kind = read_field(reader);
  if (!kind || kind->number <= kCustomAttributesField || kind->type != WireType::kLength) {
    return malformed;
  }
  while (reader.remaining() > 0) {
    const std::optional<Field> extra = read_field(reader);
    if (!extra || extra->number == kRequestIdField || !kind_name(extra->number).empty()) {
      return malformed;
    }
  }

  RequestHeader header{Problem::kNone, static_cast<int64_t>(id->varint), kind->number};
  if (kind_name(kind->number).empty()) {
    header.problem = Problem::kUnknownKind;
  } else if (header.request_id <= 0) {
    header.problem = Problem::kIdNotPositive;
  }
  return header;
}

}  // namespace turms::gateway
