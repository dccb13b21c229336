#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace turms::store {

/// Argon2id (RFC 9106), in the PHC form `$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH`.
///
/// Keeps its working memory from one hash to the next: to have it mapped and cleared by the kernel
/// for each takes a third as long as the hash itself. For one thread at a time.
class Argon2 {
 public:
  struct Memory {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size = 0;
  };

  Result<std::string> hash(std::string_view password, const HashParameters& with);
  /// False for another password. kInternal for what is not in this form.
  Result<bool> verify(std::string_view password, std::string_view encoded);
  /// What the hash of any password begins with.
  static std::string prefix(const HashParameters& with);
  /// Gives the working memory back.
  void release();

 private:
  Memory memory_;
};

}  // namespace turms::store
