#include <algorithm>
#include <array>
#include <optional>

#include "record/ebml.h"
#include "record/repairs.h"
#include "record/webm_writer.h"

namespace turms::record {
namespace {

constexpr uint64_t kMaxHead = 1024 * 1024;  // of what stands before the clusters

class WebmRepair {
 public:
  explicit WebmRepair(RandomAccessFile& file) : file_(file), size_(file.size()) {}

  Result<Repaired> run() {
    if (const Status found = read_head(); !found) return std::unexpected(found.error());
    uint64_t at = layout_.clusters;
    while (at < size_) {
      const auto head = element_at(at);
      if (head && (head->id == ebml::kCues || head->id == ebml::kVoid)) break;  // written at an end
      if (!head || head->id != ebml::kCluster) break;
      const uint64_t end = read_cluster(at, *head);
      if (end == at) break;
      at = end;
    }
    if (!any_) return fail(ErrorCode::kInvalidArgument, "no frame in it");
    const Repaired done{.duration = std::chrono::milliseconds(last_ms_ + 1), .cut = size_ - at};
    if (const Status cut = file_.truncate(at); !cut) return std::unexpected(cut.error());
    if (const Status ended =
            finish_webm(file_, layout_, cues_, video_.value_or(1), at, done.duration);
        !ended) {
      return std::unexpected(ended.error());
    }
    return done;
  }

 private:
  [[nodiscard]] std::optional<ebml::Element> element_at(uint64_t at) {
    std::array<uint8_t, 12> bytes{};
    const size_t got = file_.read(at, bytes);
    const ebml::Element head = ebml::parse_element(ByteView(bytes).first(got));
    if (head.head == 0) return std::nullopt;
    return head;
  }

  Status read_head() {
    const Error malformed{ErrorCode::kInvalidArgument, "not a WebM file of ours"};
    const auto ebml_head = element_at(0);
    if (!ebml_head || ebml_head->id != ebml::kHeader || ebml_head->size > kMaxHead) {
      return std::unexpected(malformed);
    }
    uint64_t at = ebml_head->head + ebml_head->size;
    const auto segment = element_at(at);
    if (!segment || segment->id != ebml::kSegment || segment->head != 12) {
      return std::unexpected(malformed);
    }
    layout_.segment = layout_.seek_head = at + 12;
    const auto seek_head = element_at(layout_.segment);
    if (!seek_head || (seek_head->id != ebml::kVoid && seek_head->id != ebml::kSeekHead)) {
      return std::unexpected(malformed);
    }
    layout_.info = layout_.segment + WebmLayout::kSeekHeadSize;
    const auto info = element_at(layout_.info);
    if (!info || info->id != ebml::kInfo || info->size > kMaxHead ||
        info->size < WebmLayout::kDurationSize) {
      return std::unexpected(malformed);
    }
    layout_.tracks = layout_.info + info->head + info->size;
    layout_.duration = layout_.tracks - WebmLayout::kDurationSize;
    const auto tracks = element_at(layout_.tracks);
    if (!tracks || tracks->id != ebml::kTracks || tracks->size > kMaxHead) {
      return std::unexpected(malformed);
    }
    layout_.clusters = layout_.tracks + tracks->head + tracks->size;
    if (layout_.clusters > size_) return std::unexpected(malformed);
    find_video(layout_.tracks + tracks->head);
    return {};
  }

  /// The first track of video: its number is its place.
  void find_video(uint64_t at) {
    for (uint64_t number = 1; at < layout_.clusters && number <= FileWriter::kMaxTracks; ++number) {
      const auto entry = element_at(at);
      if (!entry || entry->id != ebml::kTrackEntry || entry->size > kMaxHead) return;
      uint64_t inner = at + entry->head;
      at = inner + entry->size;
      while (inner < at) {
        const auto part = element_at(inner);
        if (!part || part->size > kMaxHead) return;
        if (part->id == ebml::kVideo) {
          video_ = number;
          return;
        }
        inner += part->head + part->size;
      }
    }
  }

  /// Where the cluster ends, its size written where it was not; `at` when it has no whole block.
  uint64_t read_cluster(uint64_t at, const ebml::Element& head) {
    const uint64_t data = at + head.head;
    if (head.head != 12) return at;
    const auto stamp = element_at(data);
    if (!stamp || stamp->id != ebml::kTimestamp || stamp->size != 8) return at;
    std::array<uint8_t, 8> time{};
    if (file_.read(data + stamp->head, time) != 8) return at;
    const uint64_t start = load_be64(time.data());
    if (start > uint64_t{1} << 42) return at;  // ms: as a Duration it would overflow
    const uint64_t limit = head.unknown || head.size > size_ - data ? size_ : data + head.size;
    uint64_t block = data + stamp->head + 8;
    bool first = true;
    while (block < limit) {
      const auto part = element_at(block);
      if (!part || part->id != ebml::kSimpleBlock || part->unknown || part->size < 4 ||
          part->size > limit - block - std::min<uint64_t>(part->head, limit - block)) {
        break;
      }
      std::array<uint8_t, 4> front{};
      if (file_.read(block + part->head, front) != 4) break;
      const auto into = static_cast<int16_t>(load_be16(&front[1]));
      last_ms_ = std::max(last_ms_, static_cast<int64_t>(start) + into);
      if (first) add_cue(front[0] & 0x7F, (front[3] & 0x80) != 0, start, at);
      first = false;
      block += part->head + part->size;
    }
    if (first) return at;
    any_ = true;
    if (head.unknown || head.size != block - data) {
      Bytes size;
      ebml::put_long_size(size, block - data);
      if (!file_.write(data - 8, size)) return at;
    }
    return block;
  }

  void add_cue(uint64_t track, bool key, uint64_t time, uint64_t at) {
    if (video_ && (!key || track != *video_)) return;
    if (cues_.size() < WebmWriter::kMaxCues) cues_.push_back({time, at - layout_.segment});
  }

  RandomAccessFile& file_;
  const uint64_t size_;
  WebmLayout layout_;
  std::optional<uint64_t> video_;
  std::vector<WebmCue> cues_;
  int64_t last_ms_ = 0;
  bool any_ = false;
};

}  // namespace

Result<Repaired> repair_webm(RandomAccessFile& file) {
  return WebmRepair(file).run();
}

}  // namespace turms::record
