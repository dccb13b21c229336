#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "rtc/parameters.h"
#include "sfu/source_packet.h"

namespace turms::sfu {

class PublishedTrack;
class ReceiveStream;

/// Which encoding of which track a packet of one transport belongs to (RFC 8843 section 9.2): by
/// SSRC when known, else by mid with rid or repaired rid, else by a payload type that only one
/// track has; what is learned so is kept. Each encoding holds one SSRC and one for RTX at a time,
/// which bounds the table; a new SSRC for an encoding replaces the old one.
class Demultiplexer {
 public:
  struct Route {
    ReceiveStream* stream = nullptr;  // null: unknown
    bool rtx = false;
    bool replaced = false;  // the encoding had another SSRC until this packet
  };

  void add(PublishedTrack& track);
  void remove(const PublishedTrack& track);

  Route route(const rtc::rtp::PacketView& packet, const PacketExtensions& extensions);
  /// By the SSRC of its media (not RTX), for sender reports.
  [[nodiscard]] ReceiveStream* find(rtc::Ssrc ssrc) const;
  /// Ids of all tracks: within a bundle an id means the same everywhere (RFC 8843 section 9.1).
  [[nodiscard]] const rtc::ExtensionMap& extensions() const { return extensions_; }

 private:
  struct Entry {
    rtc::Ssrc ssrc;
    ReceiveStream* stream = nullptr;
    bool rtx = false;
  };

  [[nodiscard]] const Entry* lookup(rtc::Ssrc ssrc) const;
  void insert(Entry entry);
  void erase(rtc::Ssrc ssrc);
  /// Who it is by what the packet says, without the table.
  [[nodiscard]] Route identify(uint8_t payload_type, std::string_view mid, std::string_view rid,
                               std::string_view repaired_rid) const;

  std::vector<Entry> table_;  // ascending by SSRC
  std::vector<PublishedTrack*> tracks_;
  rtc::ExtensionMap extensions_;
};

}  // namespace turms::sfu
