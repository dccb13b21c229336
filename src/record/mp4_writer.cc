#include "record/mp4_writer.h"

#include <algorithm>

#include "record/frame.h"
#include "record/mp4_boxes.h"

namespace turms::record {
namespace {

using mp4::Boxes;

constexpr uint32_t kTimescale = 1000;          // of the whole
constexpr uint64_t kMp4Epoch = 2'082'844'800;  // 1904-01-01 before Unix time

void put_matrix(Boxes& out) {
  for (const uint32_t v : {0x10000U, 0U, 0U, 0U, 0x10000U, 0U, 0U, 0U, 0x40000000U}) out.u32(v);
}

/// Returns how far into the bytes its name stands.
uint64_t put_video_entry(Boxes& out, const FileTrack& track) {
  const bool h265 = track.codec == rtc::Codec::kH265;
  const uint64_t name = out.size() + 4;
  out.box(h265 ? "hev1" : "avc3", [&] {
    out.zeros(6);
    out.u16(1);
    out.zeros(16);
    out.u16(static_cast<uint16_t>(track.width));
    out.u16(static_cast<uint16_t>(track.height));
    out.u32(0x00480000);
    out.u32(0x00480000);
    out.u32(0);
    out.u16(1);
    out.zeros(32);
    out.u16(24);
    out.u16(0xFFFF);
    out.box(h265 ? "hvcC" : "avcC", [&] { out.bytes(track.config); });
  });
  return name;
}

/// Encapsulation of Opus in ISO base media file format, sections 4.3.1 and 4.3.2.
void put_audio_entry(Boxes& out, const FileTrack& track) {
  out.box("Opus", [&] {
    out.zeros(6);
    out.u16(1);
    out.zeros(8);
    out.u16(track.channels);
    out.u16(16);
    out.u32(0);
    out.u32(48'000U << 16);
    out.box("dOps", [&] {
      out.u8(0);
      out.u8(track.channels);
      out.u16(0);  // pre-skip
      out.u32(48'000);
      out.u16(0);
      out.u8(0);
    });
  });
}

}  // namespace

Bytes Mp4Writer::make_head(WallTime started) {
  Bytes bytes;
  Boxes out(bytes);
  const uint64_t created = static_cast<uint64_t>(started.unix_ms / 1000) + kMp4Epoch;
  out.box("ftyp", [&] {
    out.text("iso6");
    out.u32(512);
    out.text("iso6iso5mp41");
  });
  out.box("moov", [&] {
    out.full("mvhd", 1, 0, [&] {
      out.u64(created);
      out.u64(created);
      out.u32(kTimescale);
      out.u64(0);
      out.u32(0x10000);
      out.u16(0x100);
      out.zeros(10);
      put_matrix(out);
      out.zeros(24);
      out.u32(static_cast<uint32_t>(tracks_.size() + 1));
    });
    for (size_t i = 0; i < tracks_.size(); ++i) {
      const Track& track = tracks_[i];
      const bool audio = is_audio(track.about.codec);
      out.box("trak", [&] {
        out.full("tkhd", 1, 3, [&] {
          out.u64(created);
          out.u64(created);
          out.u32(static_cast<uint32_t>(i + 1));
          out.u32(0);
          out.u64(0);
          out.zeros(12);
          out.u16(audio ? 0x100 : 0);
          out.u16(0);
          put_matrix(out);
          out.u32(track.about.width << 16);
          out.u32(track.about.height << 16);
        });
        out.box("mdia", [&] {
          out.full("mdhd", 1, 0, [&] {
            out.u64(created);
            out.u64(created);
            out.u32(track.timescale);
            out.u64(0);
            out.u16(0x55C4);  // und
            out.u16(0);
          });
          out.full("hdlr", 0, 0, [&] {
            out.u32(0);
            out.text(audio ? "soun" : "vide");
            out.zeros(12);
            out.text(track.about.name);
            out.u8(0);
          });
          out.box("minf", [&] {
            if (audio) {
              out.full("smhd", 0, 0, [&] { out.u32(0); });
            } else {
              out.full("vmhd", 0, 1, [&] { out.zeros(8); });
            }
            out.box("dinf", [&] {
              out.full("dref", 0, 0, [&] {
                out.u32(1);
                out.full("url ", 0, 1, [] {});
              });
            });
            out.box("stbl", [&] {
              out.full("stsd", 0, 0, [&] {
                out.u32(1);
                if (audio) {
                  put_audio_entry(out, track.about);
                } else {
                  names_.push_back(put_video_entry(out, track.about));
                }
              });
              out.full("stts", 0, 0, [&] { out.u32(0); });
              out.full("stsc", 0, 0, [&] { out.u32(0); });
              out.full("stsz", 0, 0, [&] { out.u64(0); });
              out.full("stco", 0, 0, [&] { out.u32(0); });
            });
          });
        });
      });
    }
    out.box("mvex", [&] {
      mehd_ = out.size();
      out.full("mehd", 1, 0, [&] { out.u64(0); });
      for (size_t i = 0; i < tracks_.size(); ++i) {
        out.full("trex", 0, 0, [&] {
          out.u32(static_cast<uint32_t>(i + 1));
          out.u32(1);
          out.u32(0);
          out.u32(0);
          out.u32(0);
        });
      }
    });
  });
  return bytes;
}

Status Mp4Writer::begin(const std::vector<FileTrack>& tracks, WallTime started) {
  for (const FileTrack& track : tracks) {
    if (!is_audio(track.codec) && !video_) video_ = tracks_.size();
    const uint32_t rate = clock_rate(track.codec);
    tracks_.push_back({.about = track,
                       .timescale = rate,
                       .samples = {},
                       .data = {},
                       .usual = rate / (is_audio(track.codec) ? 50 : 30)});
  }
  const Bytes head = make_head(started);
  if (const Status done = file_.write(0, head); !done) return done;
  written_ = head.size();
  return {};
}

Status Mp4Writer::write(const FileFrame& frame) {
  const bool key = video_ && frame.track == *video_ && frame.key_frame;
  if (fragment_start_ && (key || frame.time - *fragment_start_ >= kMaxFragment ||
                          waiting_bytes_ + frame.data.size() > kMaxFragmentBytes)) {
    if (const Status done = write_fragment(false); !done) return done;
  }
  if (!fragment_start_) fragment_start_ = frame.time;
  reconfigured_ = reconfigured_ || frame.reconfigured;
  Track& track = tracks_[frame.track];
  const auto time = static_cast<uint64_t>(frame.time / 1s * track.timescale +
                                          frame.time % 1s * track.timescale / 1s);
  track.samples.push_back({time, static_cast<uint32_t>(frame.data.size()), frame.key_frame});
  track.data.insert(track.data.end(), frame.data.begin(), frame.data.end());
  waiting_bytes_ += frame.data.size();
  return {};
}

/// All but the last sample of each track, whose duration the next one will tell; that too when it
/// is the last of all.
Status Mp4Writer::write_fragment(bool last) {
  struct Run {
    size_t track;
    size_t count;
    size_t data;
  };
  std::vector<Run> runs;
  for (size_t i = 0; i < tracks_.size(); ++i) {
    const Track& track = tracks_[i];
    const size_t count = last ? track.samples.size()
                              : track.samples.size() - std::min<size_t>(1, track.samples.size());
    if (count == 0) continue;
    size_t data = 0;
    for (size_t n = 0; n < count; ++n) data += track.samples[n].size;
    runs.push_back({i, count, data});
  }
  fragment_start_.reset();
  if (runs.empty()) return {};
  Bytes bytes;
  Boxes out(bytes);
  std::vector<size_t> offsets;
  out.box("moof", [&] {
    out.full("mfhd", 0, 0, [&] { out.u32(++sequence_); });
    for (const Run& run : runs) {
      Track& track = tracks_[run.track];
      out.box("traf", [&] {
        out.full("tfhd", 0, 0x020000, [&] { out.u32(static_cast<uint32_t>(run.track + 1)); });
        out.full("tfdt", 1, 0, [&] { out.u64(track.samples[0].time); });
        out.full("trun", 0, 0x000701, [&] {
          out.u32(static_cast<uint32_t>(run.count));
          offsets.push_back(out.size());
          out.u32(0);
          for (size_t n = 0; n < run.count; ++n) {
            if (n + 1 < track.samples.size()) {
              track.usual = track.samples[n + 1].time - track.samples[n].time;
            }
            out.u32(static_cast<uint32_t>(track.usual));
            out.u32(track.samples[n].size);
            out.u32(track.samples[n].key_frame ? mp4::kSyncSample : mp4::kOtherSample);
          }
        });
      });
      const bool seekable = track.samples[0].key_frame && run.track == video_.value_or(0);
      if (seekable && cues_.size() < kMaxCues) cues_.push_back({track.samples[0].time, written_});
    }
  });
  size_t at = bytes.size() + 8;
  for (size_t i = 0; i < runs.size(); ++i) {
    store_be32(&bytes[offsets[i]], static_cast<uint32_t>(at));
    at += runs[i].data;
  }
  out.box("mdat", [&] {
    for (const Run& run : runs) {
      Track& track = tracks_[run.track];
      out.bytes(ByteView(track.data).first(run.data));
      track.data.erase(track.data.begin(), track.data.begin() + static_cast<ptrdiff_t>(run.data));
      track.samples.erase(track.samples.begin(),
                          track.samples.begin() + static_cast<ptrdiff_t>(run.count));
      waiting_bytes_ -= run.data;
    }
  });
  if (const Status done = file_.write(written_, bytes); !done) return done;
  written_ += bytes.size();
  return {};
}

Status Mp4Writer::flush() {
  // A fragment for each flush: what is in one is not lost.
  return write_fragment(false);
}

Status finish_mp4(RandomAccessFile& file, uint64_t mehd, const std::vector<Mp4FragmentCue>& cues,
                  uint32_t track, uint64_t end, Duration duration) {
  Bytes length;
  Boxes(length).full("mehd", 1, 0, [&] {
    Boxes(length).u64(static_cast<uint64_t>(duration / 1ms * kTimescale / 1000));
  });
  if (const Status done = file.write(mehd, length); !done) return done;
  Bytes index;
  Boxes out(index);
  out.box("mfra", [&] {
    out.full("tfra", 1, 0, [&] {
      out.u32(track);
      out.u32(0);
      out.u32(static_cast<uint32_t>(cues.size()));
      for (const Mp4FragmentCue& cue : cues) {
        out.u64(cue.time);
        out.u64(cue.moof);
        out.u8(1);
        out.u8(1);
        out.u8(1);
      }
    });
    out.full("mfro", 0, 0, [&] { out.u32(static_cast<uint32_t>(out.size() + 4)); });
  });
  return file.write(end, index);
}

Status Mp4Writer::finish(Duration duration) {
  if (const Status done = write_fragment(true); !done) return done;
  for (size_t i = 0; i < names_.size() && !reconfigured_; ++i) {
    const bool h265 = tracks_[*video_].about.codec == rtc::Codec::kH265;
    if (const Status done = file_.write(names_[i], as_bytes(h265 ? "hvc1" : "avc1")); !done) {
      return done;
    }
  }
  return finish_mp4(file_, mehd_, cues_, static_cast<uint32_t>(video_.value_or(0) + 1), written_,
                    duration);
}

}  // namespace turms::record
