#include "record/recording.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/check.h"

namespace turms::record {
namespace {

constexpr const char* kNotes = ".unfinished";
constexpr Duration kLastFrame = 20ms;  // how long the last one of a file is taken to last

Container container_for(rtc::Codec codec) {
  if (is_audio(codec)) return Container::kOgg;
  return holds(Container::kWebm, codec) ? Container::kWebm : Container::kMp4;
}

}  // namespace

std::string note_path(const std::string& directory, const std::string& id) {
  return directory + "/" + kNotes + "/" + id + ".json";
}

Recording::Recording(std::string directory, RecordingParameters parameters, TimePoint now)
    : directory_(std::move(directory)), parameters_(std::move(parameters)), started_(now) {
  sidecar_.id = parameters_.id;
  sidecar_.room_name = parameters_.room_name;
  sidecar_.room_sid = parameters_.room_sid;
  sidecar_.about = parameters_.about;
  sidecar_.path = parameters_.path;
  sidecar_.started = parameters_.started;
  TURMS_CHECK(is_inner_path(parameters_.path));
  check(make_directories_for(directory_ + "/" + parameters_.path));
  check(make_directories_for(note_path(directory_, parameters_.id)));
  keep_note();
}

Recording::~Recording() = default;

void Recording::add(SourceParameters source) {
  if (sources_.size() >= kMaxSources) return;
  TrackRecorder recorder(source.kind, source.codecs);
  sources_.push_back(std::make_unique<Source>(Source{.about = std::move(source),
                                                     .recorder = std::move(recorder),
                                                     .waiting = {},
                                                     .place = {},
                                                     .config = {}}));
}

void Recording::remove(std::string_view sid) {
  for (const auto& source : sources_) {
    if (source->about.sid == sid) source->gone = true;
  }
}

void Recording::check(const Status& status) {
  if (!status && sidecar_.error.empty()) sidecar_.error = status.error().message;
}

void Recording::keep_note() {
  if (!failed()) check(replace_file(note_path(directory_, sidecar_.id), to_json(sidecar_)));
}

void Recording::give_up(std::string error) {
  if (sidecar_.error.empty()) sidecar_.error = std::move(error);
}

uint64_t Recording::written() const {
  uint64_t out = 0;
  for (const SidecarFile& file : sidecar_.files) out += file.size;
  return out + (file_ ? file_->size() : 0);
}

Duration Recording::behind(TimePoint now) const {
  Duration out{};
  for (const auto& source : sources_) {
    if (!source->waiting.empty()) out = std::max(out, now - source->waiting.front().time);
  }
  return out;
}

std::vector<std::string> Recording::take_key_frame_requests() {
  return std::exchange(key_frame_requests_, {});
}

void Recording::read(Source& source, TimePoint now) {
  std::vector<TimedFrame> frames;
  while (const auto packet = source.about.queue->read()) source.recorder.receive(*packet, frames);
  source.recorder.tick(now, frames);
  for (TimedFrame& frame : frames) {
    if (waiting_bytes_ > kMaxWaiting) break;  // nobody writes: it will not be missed
    // A file begins with a key frame.
    if (!source.place && source.waiting.empty() && !frame.frame.key_frame) continue;
    waiting_bytes_ += frame.frame.data.size();
    source.waiting.push_back(std::move(frame));
  }
  if (source.recorder.take_key_frame_request(now)) key_frame_requests_.push_back(source.about.sid);
}

void Recording::tick(TimePoint now) {
  for (const auto& source : sources_) read(*source, now);
  if (failed()) return;
  write_waiting(now, false);
  std::erase_if(sources_,
                [](const auto& source) { return source->gone && source->waiting.empty(); });
  if (writer_ && now - flushed_at_ >= kFlush) {
    check(writer_->flush());
    flushed_at_ = now;
  }
}

bool Recording::may_begin(TimePoint now, bool at_once) const {
  std::optional<TimePoint> first;
  bool all = true;
  for (const auto& source : sources_) {
    if (source->waiting.empty()) {
      all = all && source->gone;
    } else {
      first = std::min(first.value_or(TimePoint::max()), source->waiting.front().time);
    }
  }
  const bool settled = all && now - started_ >= kSettle;
  return first && (settled || at_once || now - *first >= kStartPatience);
}

bool Recording::fits(const Source& source, const TimedFrame& frame) const {
  const SidecarFile& file = sidecar_.files.back();
  if (file.tracks[*source.place].codec != rtc::mime_type(frame.codec)) return false;
  // MP4 has the parameters in the stream as well.
  return file.container == Container::kMp4 || !frame.frame.key_frame ||
         frame.frame.config == source.config;
}

bool Recording::somebody_waits_outside() const {
  return std::ranges::any_of(
      sources_, [](const auto& source) { return !source->place && !source->waiting.empty(); });
}

/// The next name that is free: another recording may have the same path.
Result<std::unique_ptr<DiskFile>> Recording::create_file(SidecarFile& file) {
  constexpr int kMaxTries = 1000;
  Result<std::unique_ptr<DiskFile>> made =
      fail(ErrorCode::kAlreadyExists, "no free name for the file");
  for (int i = 0; i < kMaxTries; ++i) {
    const std::string number = ++last_number_ == 1 ? "" : "-" + std::to_string(last_number_);
    file.path = parameters_.path + number + "." + extension(file.container);
    made = DiskFile::create(directory_ + "/" + file.path);
    if (made || made.error().code != ErrorCode::kAlreadyExists) break;
  }
  return made;
}

void Recording::begin_file() {
  if (sidecar_.files.size() == Sidecar::kMaxFiles) return give_up("too many files");
  std::vector<Source*> in;
  for (const auto& source : sources_) {
    if (!source->waiting.empty()) in.push_back(source.get());
  }
  const auto video = std::ranges::find_if(
      in, [](const Source* source) { return source->about.kind == rtc::MediaKind::kVideo; });
  const Container container = parameters_.container.value_or(
      container_for((video == in.end() ? in.front() : *video)->waiting.front().codec));
  std::vector<FileTrack> tracks;
  SidecarFile file{.path = parameters_.path,
                   .container = container,
                   .offset = {},
                   .duration = {},
                   .size = 0,
                   .tracks = {}};
  zero_ = TimePoint::max();
  for (Source* const source : in) {
    const TimedFrame& first = source->waiting.front();
    if (!holds(container, first.codec)) {
      return give_up(std::string(extension(container)) + " holds no " +
                     rtc::mime_type(first.codec));
    }
    source->place = tracks.size();
    source->config = first.frame.config;
    zero_ = std::min(zero_, first.time);
    tracks.push_back({.codec = first.codec,
                      .width = first.frame.width,
                      .height = first.frame.height,
                      .config = first.frame.config,
                      .name = source->about.name});
    file.tracks.push_back({.sid = source->about.sid,
                           .participant = source->about.participant,
                           .name = source->about.name,
                           .codec = rtc::mime_type(first.codec),
                           .width = first.frame.width,
                           .height = first.frame.height});
  }
  file.offset = std::max<Duration>(zero_ - started_, 0ms);
  auto made = create_file(file);
  if (!made) return check(std::unexpected(made.error()));
  file_ = std::move(*made);
  writer_ = make_writer(container, *file_);
  last_ = zero_;
  const WallTime at{parameters_.started.unix_ms + to_ms(file.offset)};
  sidecar_.files.push_back(std::move(file));
  keep_note();
  check(writer_->begin(tracks, at));
}

void Recording::end_file() {
  if (!writer_) return;
  SidecarFile& file = sidecar_.files.back();
  file.duration = last_ - zero_;
  // What a full disk has no room for is left out: the file plays without its index.
  check(writer_->finish(file.duration));
  check(file_->sync());
  file.size = file_->size();
  writer_.reset();
  file_.reset();
  for (const auto& source : sources_) {
    source->place.reset();
    // The next file begins with key frames: what depends on earlier ones is left out.
    while (!source->waiting.empty() && !source->waiting.front().frame.key_frame) {
      waiting_bytes_ -= source->waiting.front().frame.data.size();
      source->waiting.pop_front();
    }
  }
}

Recording::Source* Recording::next_source(TimePoint now, bool all) {
  Source* next = nullptr;
  bool missing = false;
  for (const auto& source : sources_) {
    if (!source->place) continue;
    if (source->waiting.empty()) {
      missing = missing || !source->gone;
    } else if (next == nullptr || source->waiting.front().time < next->waiting.front().time) {
      next = source.get();
    }
  }
  if (next == nullptr || all || !missing) return next;
  return now - next->waiting.front().time >= kInterleave ? next : nullptr;
}

void Recording::write(Source& source) {
  const TimedFrame& timed = source.waiting.front();
  const Frame& frame = timed.frame;
  // A track that began before the file's zero has lost that part already.
  check(writer_->write({.track = *source.place,
                        .time = std::max<Duration>(timed.time - zero_, 0ms),
                        .key_frame = frame.key_frame,
                        .reconfigured = frame.key_frame && frame.config != source.config,
                        .data = frame.data}));
  last_ = std::max(last_, timed.time + kLastFrame);
  waiting_bytes_ -= frame.data.size();
  source.waiting.pop_front();
}

void Recording::write_waiting(TimePoint now, bool all) {
  while (!failed()) {
    if (writer_ && somebody_waits_outside()) {
      // All of them go into the next file, whose pictures begin anew.
      for (const auto& source : sources_) {
        if (source->about.kind == rtc::MediaKind::kVideo)
          key_frame_requests_.push_back(source->about.sid);
      }
      end_file();
    }
    if (!writer_) {
      if (!may_begin(now, all)) return;
      begin_file();
      if (!writer_) return;
    }
    Source* const source = next_source(now, all);
    if (source == nullptr) return;
    if (!fits(*source, source->waiting.front())) {
      end_file();
      continue;
    }
    write(*source);
  }
}

void Recording::finish(TimePoint now, WallTime wall) {
  for (const auto& source : sources_) read(*source, now + ReorderBuffer::kPatience);
  if (!failed()) write_waiting(now, true);
  end_file();
  sidecar_.ended = wall;
  sidecar_.finished = true;
  if (!sidecar_.files.empty()) {
    check(replace_file(directory_ + "/" + sidecar_path(sidecar_), to_json(sidecar_)));
  }
  std::error_code ignored;
  std::filesystem::remove(note_path(directory_, sidecar_.id), ignored);
}

std::vector<Sidecar> recover(const std::string& directory) {
  std::vector<Sidecar> out;
  std::error_code error;
  std::vector<std::filesystem::path> notes;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/" + kNotes, error)) {
    if (entry.path().extension() == ".json") notes.push_back(entry.path());
  }
  std::ranges::sort(notes);
  for (const std::filesystem::path& note : notes) {
    const auto text = read_file(note, Sidecar::kMaxSize);
    auto sidecar = text ? parse_sidecar(*text) : std::unexpected(text.error());
    if (!sidecar) continue;
    std::erase_if(sidecar->files, [&](SidecarFile& one) {
      const std::string path = directory + "/" + one.path;
      auto file = DiskFile::open(path);
      if (!file) return true;
      if (one.size == 0) {
        const auto repaired = repair(one.container, **file);
        if (!repaired) {
          std::filesystem::remove(path, error);  // without a frame it is of no use
          return true;
        }
        one.duration = repaired->duration;
        (void)(*file)->sync();
      }
      one.size = (*file)->size();
      sidecar->ended = {std::max(sidecar->ended.unix_ms,
                                 sidecar->started.unix_ms + to_ms(one.offset + one.duration))};
      return false;
    });
    sidecar->finished = true;
    sidecar->error = "the server ended while it was under way";
    if (!sidecar->files.empty())
      (void)replace_file(directory + "/" + sidecar_path(*sidecar), to_json(*sidecar));
    std::filesystem::remove(note, error);
    out.push_back(std::move(*sidecar));
  }
  return out;
}

}  // namespace turms::record
