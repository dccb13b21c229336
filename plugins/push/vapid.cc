#include "vapid.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "base/encoding.h"

namespace turms::push {

namespace {

Result<P256Key> make_key(const std::string& file) {
  auto key = P256Key::generate();
  if (!key) return key;
  auto pem = key->pem();
  if (!pem) return std::unexpected(std::move(pem.error()));
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::kUnavailable, file + " can neither be read nor made");
  const bool written = ::write(fd, pem->data(), pem->size()) == static_cast<ssize_t>(pem->size()) &&
                       ::fsync(fd) == 0;
  ::close(fd);
  if (written) return key;
  ::unlink(file.c_str());
  return fail(ErrorCode::kUnavailable, file + " cannot be written");
}

}  // namespace

Result<std::string> vapid_authorization(const P256Key& key, std::string_view origin,
                                        std::string_view subject, WallTime now) {
  const int64_t expiration = (now.unix_ms + to_ms(kVapidLifetime)) / 1000;
  const boost::json::object claims = {{"aud", origin}, {"exp", expiration}, {"sub", subject}};
  constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"ES256"})";
  const std::string text = boost::json::serialize(claims);
  const std::string signed_part = base64url(as_bytes(kHeader)) + "." + base64url(as_bytes(text));
  auto signature = key.sign(signed_part);
  if (!signature) return std::unexpected(std::move(signature.error()));
  return fmt::format("vapid t={}.{}, k={}", signed_part, base64url(*signature),
                     base64url(key.public_key()));
}

Result<P256Key> load_vapid_key(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return make_key(file);
  const std::string pem{std::istreambuf_iterator<char>(in), {}};
  auto key = P256Key::from_pem(pem);
  if (!key) return fail(ErrorCode::kInvalidArgument, file + ": " + key.error().message);
  return key;
}

}  // namespace turms::push
