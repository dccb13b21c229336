#pragma once

#include <array>
#include <optional>

#include "rtc/peer.h"
#include "rtc/sctp/data_channels.h"

// For peer*.cc only.
namespace turms::rtc {

struct Peer::Data {
  void make_channels(DtlsRole role, Rng& rng);

  DataParameters parameters;
  bool wanted = false;      // open_data() was called
  bool connecting = false;  // by us
  TimePoint now{};          // of the last call, for poll_transmit()
  std::optional<sctp::DataChannels> channels;
  std::array<uint8_t, kMaxDataDatagram> scratch;  // of the datagram that poll_transmit() gave
};

}  // namespace turms::rtc
