#include "livekit/dynacast.h"

#include <algorithm>

namespace turms::livekit {
namespace {

// kOff has the highest number and is the lowest.
int rank(VideoQuality quality) {
  return quality == VideoQuality::kOff ? -1 : static_cast<int>(quality);
}

server::SubscribedCodec describe(const std::string& codec, VideoQuality best) {
  server::SubscribedCodec out{codec, {}};
  for (const VideoQuality quality :
       {VideoQuality::kLow, VideoQuality::kMedium, VideoQuality::kHigh}) {
    out.qualities.push_back({quality, rank(quality) <= rank(best)});
  }
  return out;
}

}  // namespace

void Dynacast::set_wanted(TimePoint now, const Wanted& wanted) {
  // A codec that is no longer named is one that nobody wants.
  for (auto& [name, codec] : codecs_) codec.wanted = VideoQuality::kOff;
  for (const auto& [name, quality] : wanted) codecs_[name].wanted = quality;
  for (auto& [name, codec] : codecs_) {
    const int told = codec.told ? rank(*codec.told) : rank(VideoQuality::kOff);
    if (rank(codec.wanted) > told) {
      codec.told = codec.wanted;
      codec.lower_at = kNever;
      due_ = true;
    } else if (codec.told && rank(codec.wanted) == told) {
      codec.lower_at = kNever;
    } else if (codec.lower_at == kNever) {
      codec.lower_at = now + (codec.told ? kPauseDelay : kFirstDelay);
    }
  }
}

void Dynacast::set_muted(bool muted) {
  if (muted_ && !muted) due_ = true;
  muted_ = muted;
}

std::optional<std::vector<server::SubscribedCodec>> Dynacast::poll(TimePoint now) {
  for (auto& [name, codec] : codecs_) {
    if (codec.lower_at > now) continue;
    codec.told = codec.wanted;
    codec.lower_at = kNever;
    due_ = true;
  }
  if (!due_ || muted_) return std::nullopt;
  due_ = false;
  std::vector<server::SubscribedCodec> out;
  for (const auto& [name, codec] : codecs_) {
    if (codec.told) out.push_back(describe(name, *codec.told));
  }
  if (out.empty()) return std::nullopt;
  return out;
}

bool Dynacast::wanted() const {
  return codecs_.empty() || std::any_of(codecs_.begin(), codecs_.end(), [](const auto& entry) {
           return entry.second.told.value_or(VideoQuality::kHigh) != VideoQuality::kOff;
         });
}

std::optional<VideoQuality> Dynacast::told(std::string_view codec) const {
  const auto it = codecs_.find(codec);
  return it == codecs_.end() ? std::nullopt : it->second.told;
}

TimePoint Dynacast::next_timeout() const {
  TimePoint next = kNever;
  for (const auto& [name, codec] : codecs_) next = std::min(next, codec.lower_at);
  return next;
}

}  // namespace turms::livekit
