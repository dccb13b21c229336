#pragma once

#include <string_view>

namespace turms::admin {

// The page of /openapi/ui and its files. It needs nothing from elsewhere.
extern const std::string_view kUiPage;
extern const std::string_view kUiScript;
extern const std::string_view kUiStyle;

// What the scripts of both pages share.
extern const std::string_view kCommonScript;

// The page of /ui: what an operator looks at most.
extern const std::string_view kDashboardPage;
extern const std::string_view kDashboardScript;

}  // namespace turms::admin
