#pragma once

#include <functional>
#include <string>
#include <vector>

#include "link/shaped_link.h"

namespace turms::link {

enum class Way { kUp, kDown };  // to the server, to clients

/// Where packets come from and where they go to. Nothing blocks.
class Ends {
 public:
  using Take = std::function<void(Way, Packet)>;
  /// Packets of one turn from one descriptor; the rest waits for the next one.
  static constexpr int kMaxRead = 64;

  virtual ~Ends() = default;
  /// To be polled for reading; may change after any read().
  [[nodiscard]] virtual std::vector<int> descriptors() const = 0;
  /// Takes what has come to one of the descriptors.
  virtual void read(int descriptor, const Take& take) = 0;
  /// Hands a packet to the far side; one that does not fit there is lost, and counted.
  virtual void write(Way way, Packet packet) = 0;
  /// Members of the ready line, with a comma in front.
  [[nodiscard]] virtual std::string describe() const = 0;
  /// Bytes that each packet costs on a wire besides those that are read here.
  [[nodiscard]] virtual size_t overhead() const = 0;

  uint64_t write_failures = 0;
};

}  // namespace turms::link
