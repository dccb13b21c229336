#pragma once

#include <string>

namespace turms::gateway {

/// docs/protocol.md: every kind of request with its fields, who may, what it costs, and who else
/// hears of it. Markdown, made from the table of requests and the protocol's descriptors.
std::string protocol_reference();

}  // namespace turms::gateway
