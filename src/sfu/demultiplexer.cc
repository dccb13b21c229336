#include "sfu/demultiplexer.h"

#include <algorithm>
#include <optional>

#include "sfu/published_track.h"

namespace turms::sfu {

using rtc::Extension;
using rtc::Ssrc;

namespace {

/// An encoding that packets without rid belong to: the only one, when it has no rid.
ReceiveStream* without_rid(PublishedTrack& track) {
  auto& streams = track.streams();
  if (streams.size() != 1 || !streams.front()->parameters.rid.empty()) return nullptr;
  return streams.front().get();
}

}  // namespace

void Demultiplexer::add(PublishedTrack& track) {
  tracks_.push_back(&track);
  for (size_t i = 0; i < rtc::kExtensionCount; ++i) {
    auto extension = static_cast<Extension>(i);
    if (uint8_t id = track.extensions().id(extension); id != 0) extensions_.set(extension, id);
  }
  for (auto& stream : track.streams()) {
    if (stream->parameters.ssrc) insert({stream->parameters.ssrc, stream.get(), false});
    if (stream->parameters.rtx_ssrc) insert({stream->parameters.rtx_ssrc, stream.get(), true});
  }
}

void Demultiplexer::remove(const PublishedTrack& track) {
  std::erase(tracks_, &track);
  std::erase_if(table_, [&](const Entry& e) { return &e.stream->track() == &track; });
}

const Demultiplexer::Entry* Demultiplexer::lookup(Ssrc ssrc) const {
  auto it = std::lower_bound(table_.begin(), table_.end(), ssrc,
                             [](const Entry& e, Ssrc s) { return e.ssrc < s; });
  return it != table_.end() && it->ssrc == ssrc ? &*it : nullptr;
}

void Demultiplexer::insert(Entry entry) {
  auto it = std::lower_bound(table_.begin(), table_.end(), entry.ssrc,
                             [](const Entry& e, Ssrc s) { return e.ssrc < s; });
  if (it != table_.end() && it->ssrc == entry.ssrc) {
    *it = entry;
  } else {
    table_.insert(it, entry);
  }
}

void Demultiplexer::erase(Ssrc ssrc) {
  std::erase_if(table_, [&](const Entry& e) { return e.ssrc == ssrc; });
}

ReceiveStream* Demultiplexer::find(Ssrc ssrc) const {
  const Entry* entry = lookup(ssrc);
  return entry != nullptr && !entry->rtx ? entry->stream : nullptr;
}

Demultiplexer::Route Demultiplexer::route(const rtc::rtp::PacketView& packet,
                                          const PacketExtensions& extensions) {
  std::optional<Entry> known;
  if (const Entry* entry = lookup(packet.ssrc())) known = *entry;
  bool says = extensions.has(Extension::kMid) || extensions.has(Extension::kRid) ||
              extensions.has(Extension::kRepairedRid);
  if (known && !says) return {known->stream, known->rtx, false};
  Route route =
      identify(packet.payload_type(), rtc::rtp::parse_sdes_text(extensions[Extension::kMid]),
               rtc::rtp::parse_sdes_text(extensions[Extension::kRid]),
               rtc::rtp::parse_sdes_text(extensions[Extension::kRepairedRid]));
  if (route.stream == nullptr) {
    // A mid alone does not tell which rid: the table may know.
    if (known) return {known->stream, known->rtx, false};
    return {};
  }
  if (known && known->stream == route.stream && known->rtx == route.rtx) return route;
  auto& parameters = route.stream->parameters;
  Ssrc& bound = route.rtx ? parameters.rtx_ssrc : parameters.ssrc;
  if (bound && bound != packet.ssrc()) {
    erase(bound);
    route.replaced = true;
  }
  if (known) {
    // The sender moved this SSRC from one encoding to another.
    auto& previous = known->stream->parameters;
    (known->rtx ? previous.rtx_ssrc : previous.ssrc) = Ssrc();
  }
  bound = packet.ssrc();
  insert({packet.ssrc(), route.stream, route.rtx});
  return route;
}

Demultiplexer::Route Demultiplexer::identify(uint8_t payload_type, std::string_view mid,
                                             std::string_view rid,
                                             std::string_view repaired_rid) const {
  std::string_view wanted = repaired_rid.empty() ? rid : repaired_rid;
  Route found;
  for (PublishedTrack* track : tracks_) {
    if (!mid.empty() && track->mid() != mid) continue;
    auto meaning = track->payload_types().find(payload_type);
    if (!meaning) continue;
    ReceiveStream* stream = nullptr;
    if (wanted.empty()) {
      stream = without_rid(*track);
    } else {
      for (auto& candidate : track->streams()) {
        if (candidate->parameters.rid == wanted) stream = candidate.get();
      }
      // A rid that was not negotiated on a track with one plain encoding tells nothing.
      if (stream == nullptr) stream = without_rid(*track);
    }
    if (stream == nullptr) continue;
    if (found.stream != nullptr) return {};  // ambiguous
    found = {stream, meaning->rtx, false};
  }
  return found;
}

}  // namespace turms::sfu
