#include "store/argon2.h"

#include <argon2.h>
#include <fmt/core.h>

#include <array>
#include <charconv>
#include <new>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace turms::store {
namespace {

constexpr uint32_t kLanes = 1;
constexpr size_t kSaltSize = 16;
constexpr size_t kHashSize = 32;

struct Encoded {
  uint32_t memory_kib = 0;
  uint32_t passes = 0;
  uint32_t lanes = 0;
  Bytes salt;
  Bytes hash;
};

// A prefix and the number after it.
std::optional<uint32_t> take_number(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<Encoded> decode(std::string_view text) {
  const auto version = take_number(text, "$argon2id$v=");
  const auto memory = take_number(text, "$m=");
  const auto passes = take_number(text, ",t=");
  const auto lanes = take_number(text, ",p=");
  if (version != ARGON2_VERSION_13 || !memory || !passes || !lanes || !text.starts_with('$')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  const size_t between = text.find('$');
  if (between == std::string_view::npos) return std::nullopt;
  auto salt = from_base64(text.substr(0, between));
  auto hash = from_base64(text.substr(between + 1));
  if (!salt || !hash || hash->empty()) return std::nullopt;
  return Encoded{*memory, *passes, *lanes, std::move(*salt), std::move(*hash)};
}

std::string without_padding(std::string text) {
  while (text.ends_with('=')) text.pop_back();
  return text;
}

// The library's callbacks take no argument of ours.
thread_local Argon2::Memory* kept = nullptr;

int lend(uint8_t** memory, size_t size) {
  if (kept->size < size) {
    kept->bytes.reset(new (std::nothrow) uint8_t[size]);
    kept->size = kept->bytes == nullptr ? 0 : size;
  }
  *memory = kept->bytes.get();
  return ARGON2_OK;
}

void take_back(uint8_t*, size_t) {}

// Fills `encoded.hash`, whose size it keeps.
int compute(std::string_view password, Encoded& encoded, Argon2::Memory& memory) {
  argon2_context context{};
  context.out = encoded.hash.data();
  context.outlen = static_cast<uint32_t>(encoded.hash.size());
  // Not written to without ARGON2_FLAG_CLEAR_PASSWORD.
  context.pwd = reinterpret_cast<uint8_t*>(const_cast<char*>(password.data()));
  context.pwdlen = static_cast<uint32_t>(password.size());
  context.salt = encoded.salt.data();
  context.saltlen = static_cast<uint32_t>(encoded.salt.size());
  context.t_cost = encoded.passes;
  context.m_cost = encoded.memory_kib;
  context.lanes = encoded.lanes;
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = lend;
  context.free_cbk = take_back;
  kept = &memory;
  const int code = argon2_ctx(&context, Argon2_id);
  kept = nullptr;
  return code;
}

}  // namespace

Result<std::string> Argon2::hash(std::string_view password, const HashParameters& with) {
  Encoded made{with.memory_kib, with.passes, kLanes, Bytes(kSaltSize), Bytes(kHashSize)};
  secure_random(made.salt);
  const int code = compute(password, made, memory_);
  if (code != ARGON2_OK) return fail(ErrorCode::kInternal, argon2_error_message(code));
  return fmt::format("{}{}${}", prefix(with), without_padding(base64(made.salt)),
                     without_padding(base64(made.hash)));
}

Result<bool> Argon2::verify(std::string_view password, std::string_view encoded) {
  auto stored = decode(encoded);
  if (!stored) return fail(ErrorCode::kInternal, "not an Argon2id hash");
  Encoded computed = *stored;
  const int code = compute(password, computed, memory_);
  if (code != ARGON2_OK) return fail(ErrorCode::kInternal, argon2_error_message(code));
  return constant_time_equal(computed.hash, stored->hash);
}

std::string Argon2::prefix(const HashParameters& with) {
  return fmt::format("$argon2id$v=19$m={},t={},p={}$", with.memory_kib, with.passes, kLanes);
}

void Argon2::release() {
  memory_ = {};
}

}  // namespace turms::store
