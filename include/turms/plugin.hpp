/*
 * For plugins in C++20 and later: what most of them need around the tables of turms/plugin.h. Has
 * no part in the interface itself: a plugin may do without it, and nothing of it crosses over.
 */
#ifndef TURMS_PLUGIN_HPP
#define TURMS_PLUGIN_HPP

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "turms/plugin.h"

namespace turms::sdk {

/// Writes a text where the host wants one: terminated, and cut to fit.
inline void say(char* out, size_t size, std::string_view text) noexcept {
  if (size == 0) return;
  const size_t length = std::min(text.size(), size - 1);
  std::memcpy(out, text.data(), length);
  out[length] = '\0';
}

/// plugins.<name>.<key>; empty when it is not set.
inline std::string setting(const turms_host& host, const char* key) {
  const char* value = host.config(host.context, key);
  return value == nullptr ? std::string() : std::string(value);
}

inline void log(const turms_host& host, turms_log_level level, const std::string& message) {
  host.log(host.context, level, message.c_str());
}

/// A table of the host (TURMS_HOST_*); null: it has none.
template <class Table>
const Table* host_table(const turms_host& host, const char* name) {
  if (!TURMS_HAS(&host, capability)) return nullptr;
  return static_cast<const Table*>(host.capability(host.context, name));
}

/// What a start or a change of settings does. What is wrong it throws: std::invalid_argument for
/// settings, any other std::exception for the rest.
template <class Work>
turms_status guarded(char* error, size_t error_size, Work work) noexcept {
  try {
    work();
    return TURMS_OK;
  } catch (const std::invalid_argument& e) {
    say(error, error_size, e.what());
    return TURMS_ERROR_INVALID_ARGUMENT;
  } catch (const std::exception& e) {
    say(error, error_size, e.what());
  } catch (...) {
    say(error, error_size, "threw what is no exception");
  }
  return TURMS_ERROR_INTERNAL;
}

/// turms_plugin.start of a plugin whose state `Make` makes: a function from `const turms_host&` to
/// a std::unique_ptr.
template <auto Make>
turms_status start(const turms_host* host, void** self, char* error, size_t error_size) noexcept {
  return guarded(error, error_size, [&] { *self = Make(*host).release(); });
}

/// turms_plugin.stop of the same.
template <class State>
void stop(void* self) {
  delete static_cast<State*>(self);
}

/// Whether a plugin with capabilities can work with this host.
inline bool knows_capabilities(const turms_host& host) noexcept {
  return host.abi_version == TURMS_PLUGIN_ABI_VERSION && TURMS_HAS(&host, capability);
}

}  // namespace turms::sdk

#endif  // TURMS_PLUGIN_HPP
