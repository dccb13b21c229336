#include "record/webm_writer.h"

#include "record/ebml.h"
#include "record/frame.h"

namespace turms::record {
namespace {

constexpr std::string_view kApp = "turms";
constexpr int64_t kMatroskaEpoch = 978'307'200;  // 2001-01-01 in Unix time

const char* codec_id(rtc::Codec codec) {
  switch (codec) {
    case rtc::Codec::kVp8:
      return "V_VP8";
    case rtc::Codec::kVp9:
      return "V_VP9";
    case rtc::Codec::kAv1:
      return "V_AV1";
    default:
      return "A_OPUS";
  }
}

Bytes track_entry(size_t index, const FileTrack& track) {
  const bool audio = is_audio(track.codec);
  Bytes out;
  ebml::put_uint(out, ebml::kTrackNumber, index + 1);
  ebml::put_uint(out, ebml::kTrackUid, index + 1);
  ebml::put_uint(out, ebml::kTrackType, audio ? 2 : 1);
  ebml::put_uint(out, ebml::kFlagLacing, 0);
  if (!track.name.empty()) ebml::put_text(out, ebml::kName, track.name);
  ebml::put_text(out, ebml::kCodecId, codec_id(track.codec));
  Bytes inner;
  if (audio) {
    ebml::put_binary(out, ebml::kCodecPrivate, opus_head(track.channels));
    ebml::put_uint(out, ebml::kSeekPreRoll, 80'000'000);
    ebml::put_float(inner, ebml::kSamplingFrequency, 48'000);
    ebml::put_uint(inner, ebml::kChannels, track.channels);
    ebml::put_binary(out, ebml::kAudio, inner);
  } else {
    if (!track.config.empty()) ebml::put_binary(out, ebml::kCodecPrivate, track.config);
    ebml::put_uint(inner, ebml::kPixelWidth, track.width);
    ebml::put_uint(inner, ebml::kPixelHeight, track.height);
    ebml::put_binary(out, ebml::kVideo, inner);
  }
  return out;
}

void put_seek(Bytes& out, uint32_t id, uint64_t position) {
  Bytes seek;
  Bytes name;
  ebml::put_id(name, id);
  ebml::put_binary(seek, ebml::kSeekId, name);
  ebml::put_uint(seek, ebml::kSeekPosition, position, 8);
  ebml::put_binary(out, ebml::kSeek, seek);
}

Status overwrite_size(RandomAccessFile& file, uint64_t at, uint64_t size) {
  Bytes bytes;
  ebml::put_long_size(bytes, size);
  return file.write(at, bytes);
}

}  // namespace

Bytes opus_head(uint8_t channels) {
  // RFC 7845 section 5.1, little endian: version, channels, pre-skip, rate, gain, mapping. What a
  // peer sends was never trimmed, so nothing is to be skipped.
  Bytes head = {'O', 'p', 'u',  's',  'H', 'e', 'a', 'd', 1, channels,
                0,   0,   0x80, 0xBB, 0,   0,   0,   0,   0};
  return head;
}

Status finish_webm(RandomAccessFile& file, const WebmLayout& layout,
                   const std::vector<WebmCue>& cues, uint64_t track, uint64_t end,
                   Duration duration) {
  Bytes out;
  for (const WebmCue& cue : cues) {
    Bytes where;
    ebml::put_uint(where, ebml::kCueTrack, track);
    ebml::put_uint(where, ebml::kCueClusterPosition, cue.cluster);
    Bytes point;
    ebml::put_uint(point, ebml::kCueTime, cue.time_ms);
    ebml::put_binary(point, ebml::kCueTrackPositions, where);
    ebml::put_binary(out, ebml::kCuePoint, point);
  }
  Bytes whole;
  ebml::put_binary(whole, ebml::kCues, out);
  if (const Status done = file.write(end, whole); !done) return done;

  Bytes seeks;
  put_seek(seeks, ebml::kInfo, layout.info - layout.segment);
  put_seek(seeks, ebml::kTracks, layout.tracks - layout.segment);
  put_seek(seeks, ebml::kCues, end - layout.segment);
  Bytes head;
  ebml::put_binary(head, ebml::kSeekHead, seeks);
  ebml::put_void(head, WebmLayout::kSeekHeadSize - head.size());
  if (const Status done = file.write(layout.seek_head, head); !done) return done;

  Bytes length;
  ebml::put_float(length, ebml::kDuration, static_cast<double>(to_us(duration)) / 1000);
  if (const Status done = file.write(layout.duration, length); !done) return done;
  return overwrite_size(file, layout.segment - 8, end + whole.size() - layout.segment);
}

Status WebmWriter::begin(const std::vector<FileTrack>& tracks, WallTime started) {
  Bytes head;
  ebml::put_uint(head, ebml::kVersion, 1);
  ebml::put_uint(head, ebml::kReadVersion, 1);
  ebml::put_uint(head, ebml::kMaxIdLength, 4);
  ebml::put_uint(head, ebml::kMaxSizeLength, 8);
  ebml::put_text(head, ebml::kDocType, "webm");
  ebml::put_uint(head, ebml::kDocTypeVersion, 4);
  ebml::put_uint(head, ebml::kDocTypeReadVersion, 2);
  ebml::put_binary(buffer_, ebml::kHeader, head);
  ebml::put_id(buffer_, ebml::kSegment);
  ebml::put_long_size(buffer_, ebml::kUnknownSize);
  layout_.segment = layout_.seek_head = position();
  ebml::put_void(buffer_, WebmLayout::kSeekHeadSize);

  Bytes info;
  ebml::put_uint(info, ebml::kTimestampScale, 1'000'000);
  ebml::put_text(info, ebml::kMuxingApp, kApp);
  ebml::put_text(info, ebml::kWritingApp, kApp);
  ebml::put_uint(info, ebml::kDateUtc,
                 static_cast<uint64_t>(started.unix_ms - kMatroskaEpoch * 1000) * 1'000'000, 8);
  ebml::put_void(info, WebmLayout::kDurationSize);
  layout_.info = position();
  ebml::put_binary(buffer_, ebml::kInfo, info);
  layout_.duration = position() - WebmLayout::kDurationSize;

  layout_.tracks = position();
  Bytes entries;
  for (size_t i = 0; i < tracks.size(); ++i) {
    if (!video_ && !is_audio(tracks[i].codec)) video_ = i;
    ebml::put_binary(entries, ebml::kTrackEntry, track_entry(i, tracks[i]));
  }
  ebml::put_binary(buffer_, ebml::kTracks, entries);
  layout_.clusters = position();
  return flush();
}

Status WebmWriter::close_cluster() {
  if (!cluster_) return {};
  if (const Status done = flush(); !done) return done;
  const uint64_t data = *cluster_ + 12;
  cluster_.reset();
  return overwrite_size(file_, data - 8, position() - data);
}

Status WebmWriter::open_cluster(const FileFrame& frame) {
  if (const Status done = close_cluster(); !done) return done;
  cluster_ = position();
  cluster_ms_ = to_ms(frame.time);
  const bool seekable = video_ ? frame.track == *video_ && frame.key_frame : true;
  if (seekable && cues_.size() < kMaxCues) {
    cues_.push_back({static_cast<uint64_t>(cluster_ms_), *cluster_ - layout_.segment});
  }
  ebml::put_id(buffer_, ebml::kCluster);
  ebml::put_long_size(buffer_, ebml::kUnknownSize);
  ebml::put_uint(buffer_, ebml::kTimestamp, static_cast<uint64_t>(cluster_ms_), 8);
  return {};
}

Status WebmWriter::write(const FileFrame& frame) {
  const int64_t ms = to_ms(frame.time);
  const int64_t into = ms - cluster_ms_;
  const bool key = video_ && frame.track == *video_ && frame.key_frame;
  if (!cluster_ || (key && into >= to_ms(kMinCluster)) || into >= to_ms(kMaxCluster) ||
      into < -30'000) {
    if (const Status done = open_cluster(frame); !done) return done;
  }
  ebml::put_id(buffer_, ebml::kSimpleBlock);
  ebml::put_size(buffer_, frame.data.size() + 4);
  ebml::put_size(buffer_, frame.track + 1);
  ebml::put_be(buffer_, static_cast<uint16_t>(ms - cluster_ms_), 2);
  buffer_.push_back(frame.key_frame ? 0x80 : 0);
  buffer_.insert(buffer_.end(), frame.data.begin(), frame.data.end());
  return buffer_.size() >= kBuffer ? flush() : Status();
}

Status WebmWriter::flush() {
  if (buffer_.empty()) return {};
  if (const Status done = file_.write(written_, buffer_); !done) return done;
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status WebmWriter::finish(Duration duration) {
  if (const Status done = close_cluster(); !done) return done;
  return finish_webm(file_, layout_, cues_, video_.value_or(0) + 1, written_, duration);
}

}  // namespace turms::record
