#include "record/media_file.h"

#include "record/mp4_writer.h"
#include "record/ogg_writer.h"
#include "record/repairs.h"
#include "record/webm_writer.h"

namespace turms::record {

const char* extension(Container container) {
  switch (container) {
    case Container::kWebm:
      return "webm";
    case Container::kMp4:
      return "mp4";
    case Container::kOgg:
      return "ogg";
  }
  return "";
}

bool holds(Container container, rtc::Codec codec) {
  switch (codec) {
    case rtc::Codec::kOpus:
      return true;
    case rtc::Codec::kVp8:
    case rtc::Codec::kVp9:
    case rtc::Codec::kAv1:
      return container == Container::kWebm;
    case rtc::Codec::kH264:
    case rtc::Codec::kH265:
      return container == Container::kMp4;
    default:
      return false;
  }
}

std::unique_ptr<FileWriter> make_writer(Container container, RandomAccessFile& file) {
  switch (container) {
    case Container::kWebm:
      return std::make_unique<WebmWriter>(file);
    case Container::kMp4:
      return std::make_unique<Mp4Writer>(file);
    case Container::kOgg:
      return std::make_unique<OggWriter>(file);
  }
  return nullptr;
}

Result<Repaired> repair(Container container, RandomAccessFile& file) {
  switch (container) {
    case Container::kWebm:
      return repair_webm(file);
    case Container::kMp4:
      return repair_mp4(file);
    case Container::kOgg:
      return repair_ogg(file);
  }
  return fail(ErrorCode::kInvalidArgument, "no such container");
}

}  // namespace turms::record
