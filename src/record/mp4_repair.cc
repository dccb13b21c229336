#include <algorithm>
#include <array>
#include <optional>

#include "record/mp4_writer.h"
#include "record/repairs.h"

namespace turms::record {
namespace {

constexpr uint64_t kMaxHead = 1024 * 1024;
constexpr size_t kTypeSize = 8;  // size and type of a box

struct Box {
  uint64_t at = 0;
  uint64_t size = 0;
  std::string type;
};

/// The head of the box at `at`; nothing when it does not end within `limit`.
std::optional<Box> parse_box(ByteView head, uint64_t at, uint64_t limit) {
  if (head.size() < kTypeSize || limit < at) return std::nullopt;
  Box box{at, load_be32(head.data()), std::string(as_text(head.subspan(4, 4)))};
  if (box.size < kTypeSize || box.size > limit - at) return std::nullopt;
  return box;
}

/// Calls `f` with type and content of each box in `data`.
template <class F>
void for_each_box(ByteView data, F f) {
  uint64_t at = 0;
  while (at < data.size()) {
    const auto box = parse_box(data.subspan(at), at, data.size());
    if (!box) return;
    f(box->type, data.subspan(at + kTypeSize, box->size - kTypeSize), at);
    at += box->size;
  }
}

class Mp4Repair {
 public:
  explicit Mp4Repair(RandomAccessFile& file) : file_(file), size_(file.size()) {}

  Result<Repaired> run() {
    uint64_t at = 0;
    while (const auto box = box_at(at)) {
      if (box->type == "moov") {
        if (!read_head(*box)) break;
      } else if (box->type == "moof" && mehd_ != 0) {
        const auto data = box_at(at + box->size);
        if (!data || data->type != "mdat" || !read_fragment(*box)) break;
        at += box->size + data->size;
        continue;
      } else if (box->type != "ftyp" || at != 0) {
        break;  // the index of a file that had ended
      }
      at += box->size;
    }
    if (!any_) return fail(ErrorCode::kInvalidArgument, "no fragment in it");
    const Repaired done{.duration = duration_, .cut = size_ - at};
    if (const Status cut = file_.truncate(at); !cut) return std::unexpected(cut.error());
    if (const Status ended = finish_mp4(file_, mehd_, cues_, seek_track_, at, duration_); !ended) {
      return std::unexpected(ended.error());
    }
    return done;
  }

 private:
  std::optional<Box> box_at(uint64_t at) {
    if (at >= size_) return std::nullopt;
    std::array<uint8_t, kTypeSize> head{};
    return parse_box(ByteView(head).first(file_.read(at, head)), at, size_);
  }

  bool read(const Box& box, Bytes& out) {
    if (box.size > kMaxHead) return false;
    out.resize(box.size);
    return file_.read(box.at, out) == out.size();
  }

  bool read_head(const Box& box) {
    Bytes bytes;
    if (!read(box, bytes)) return false;
    for_each_box(
        ByteView(bytes).subspan(kTypeSize), [&](std::string_view type, ByteView body, uint64_t at) {
          if (type == "trak") read_track(body);
          if (type != "mvex") return;
          const uint64_t inner = box.at + kTypeSize + at + kTypeSize;
          for_each_box(body, [&](std::string_view name, ByteView content, uint64_t offset) {
            if (name == "mehd" && content.size() == 12) mehd_ = inner + offset;
          });
        });
    return mehd_ != 0 && !timescales_.empty();
  }

  void read_track(ByteView body) {
    uint32_t timescale = 0;
    bool video = false;
    for_each_box(body, [&](std::string_view type, ByteView mdia, uint64_t) {
      if (type != "mdia") return;
      for_each_box(mdia, [&](std::string_view name, ByteView content, uint64_t) {
        if (name == "mdhd" && content.size() >= 24) timescale = load_be32(&content[20]);
        if (name == "hdlr" && content.size() >= 12)
          video = as_text(content.subspan(8, 4)) == "vide";
      });
    });
    if (timescale == 0 || timescales_.size() == FileWriter::kMaxTracks) return;
    timescales_.push_back(timescale);
    if (video && !has_video_) seek_track_ = static_cast<uint32_t>(timescales_.size());
    has_video_ = has_video_ || video;
  }

  bool read_fragment(const Box& box) {
    Bytes bytes;
    if (!read(box, bytes)) return false;
    for_each_box(ByteView(bytes).subspan(kTypeSize),
                 [&](std::string_view type, ByteView body, uint64_t) {
                   if (type == "traf") read_run(body, box.at);
                 });
    any_ = true;
    return true;
  }

  void read_run(ByteView traf, uint64_t moof) {
    uint32_t track = 0;
    uint64_t time = 0;
    for_each_box(traf, [&](std::string_view type, ByteView body, uint64_t) {
      ByteReader in(body);
      in.u32();  // version and flags
      if (type == "tfhd") track = in.u32();
      if (type == "tfdt") time = in.u64();
      if (type != "trun" || track == 0 || track > timescales_.size()) return;
      const uint32_t count = in.u32();
      in.u32();
      uint64_t end = time;
      for (uint32_t i = 0; i < count && in.ok(); ++i) {
        end += in.u32();
        in.u32();
        const bool key = (in.u32() & 0x00010000) == 0;
        if (i == 0 && key && in.ok() && track == seek_track_ &&
            cues_.size() < Mp4Writer::kMaxCues) {
          cues_.push_back({time, moof});
        }
      }
      // Nobody records for centuries.
      if (end > uint64_t{1} << 50) return;
      const uint64_t rate = timescales_[track - 1];
      duration_ = std::max<Duration>(
          duration_, Duration(static_cast<int64_t>(end / rate * 1'000'000'000ULL +
                                                   end % rate * 1'000'000'000ULL / rate)));
    });
  }

  RandomAccessFile& file_;
  const uint64_t size_;
  uint64_t mehd_ = 0;
  std::vector<uint32_t> timescales_;
  uint32_t seek_track_ = 1;
  bool has_video_ = false;
  std::vector<Mp4FragmentCue> cues_;
  Duration duration_{};
  bool any_ = false;
};

}  // namespace

Result<Repaired> repair_mp4(RandomAccessFile& file) {
  return Mp4Repair(file).run();
}

}  // namespace turms::record
