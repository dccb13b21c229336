#pragma once

#include "record/media_file.h"

/// repair() of each container. For media_file.cc only.
namespace turms::record {

Result<Repaired> repair_webm(RandomAccessFile& file);
Result<Repaired> repair_mp4(RandomAccessFile& file);
Result<Repaired> repair_ogg(RandomAccessFile& file);

}  // namespace turms::record
