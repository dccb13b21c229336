#pragma once

#include <string>
#include <string_view>

namespace turms::rtc::sdp {

/// Text of src/rtc/sdp/testdata/<name>, found from the place of the test program upwards; aborts
/// when there is none.
std::string testdata(std::string_view name);

}  // namespace turms::rtc::sdp
