#include <fmt/core.h>

#include "admin/api.h"
#include "admin/json.h"
#include "admin/ui.h"

namespace turms::admin {
namespace {

std::string item_schema(const Field& field, bool text) {
  JsonObject schema;
  schema.raw("type", text ? "\"string\"" : "\"integer\"");
  if (text) {
    if (field.min > 0) schema.number("minLength", field.min);
    schema.number("maxLength", field.max);
    if (!field.choices.empty()) {
      schema.raw("enum",
                 json_list(field.choices, [](std::string_view one) { return json_text(one); }));
    }
  } else {
    schema.raw("format", "\"int64\"").number("minimum", field.min).number("maximum", field.max);
  }
  return schema.str();
}

std::string schema_of(const Field& field) {
  switch (field.type) {
    case FieldType::kBool:
      return JsonObject().raw("type", "\"boolean\"").str();
    case FieldType::kInt:
      return item_schema(field, false);
    case FieldType::kText:
      return item_schema(field, true);
    case FieldType::kDate:
      return JsonObject().raw("type", "\"string\"").raw("format", "\"date-time\"").str();
    case FieldType::kMembers:
    case FieldType::kInts:
    case FieldType::kTexts:
      break;
  }
  return JsonObject()
      .raw("type", "\"array\"")
      .number("maxItems", static_cast<int64_t>(Field::kMaxItems))
      .raw("items", item_schema(field, field.type == FieldType::kTexts))
      .str();
}

std::string parameters_of(const Route& route) {
  return json_list(route.query, [](const Field& field) {
    JsonObject parameter;
    parameter.text("name", field.name)
        .raw("in", "\"query\"")
        .text("description", field.help)
        .flag("required", field.required)
        .raw("schema", schema_of(field));
    const bool list = field.type == FieldType::kInts || field.type == FieldType::kTexts;
    if (list) parameter.raw("style", "\"form\"").flag("explode", false);
    return parameter.str();
  });
}

std::string body_of(const Route& route) {
  JsonObject properties;
  JsonArray needed;
  bool any_needed = false;
  bool any_member = false;
  for (const Field& field : route.body) {
    if (field.type == FieldType::kMembers) {
      any_member = true;
      continue;
    }
    JsonObject property;
    property.text("description", field.help);
    if (field.secret) property.raw("format", "\"password\"");
    // The description stands beside what the type says (OpenAPI 3.1, schema object).
    property.raw("allOf", "[" + schema_of(field) + "]");
    properties.raw(field.name, property.str());
    if (!field.required) continue;
    needed.raw(json_text(field.name));
    any_needed = true;
  }
  JsonObject schema;
  schema.raw("type", "\"object\"")
      .flag("additionalProperties", any_member)
      .raw("properties", properties.str());
  if (any_needed) schema.raw("required", needed.str());
  return JsonObject()
      .flag("required", any_needed)
      .raw("content", JsonObject()
                          .raw("application/json", JsonObject().raw("schema", schema.str()).str())
                          .str())
      .str();
}

std::string responses_of(const Route& route) {
  JsonObject responses;
  const auto add = [&](std::string_view status, std::string_view words) {
    responses.raw(
        status,
        JsonObject()
            .text("description", words)
            .raw("content",
                 R"({"application/json":{"schema":{"$ref":"#/components/schemas/Envelope"}}})")
            .str());
  };
  add("200", "Done");
  if (!route.query.empty() || !route.body.empty()) add("400", "A parameter is wrong");
  if (route.access != Access::kPublic) add("401", "No credentials, or wrong ones");
  if (route.access == Access::kPermission) add("403", "The permission is missing");
  add("429", "Too many requests");
  return responses.str();
}

std::string operation_of(const Route& route) {
  JsonObject operation;
  const std::string_view path = route.path.substr(1);
  operation.raw("tags", "[" + json_text(path.substr(0, path.find('/'))) + "]")
      .text("summary", route.summary);
  if (route.permission) {
    const std::string words = fmt::format("Needs the permission {}.", name_of(*route.permission));
    operation.text("description", std::string_view(words));
    operation.text("x-permission", name_of(*route.permission));
  }
  if (!route.query.empty()) operation.raw("parameters", parameters_of(route));
  if (!route.body.empty()) operation.raw("requestBody", body_of(route));
  operation.raw("responses", responses_of(route));
  if (route.access == Access::kPublic) operation.raw("security", "[]");
  return operation.str();
}

std::string lower(std::string_view method) {
  std::string out(method);
  for (char& c : out) c = static_cast<char>(c | 0x20);
  return out;
}

constexpr std::string_view kComponents =
    R"({"securitySchemes":{"basic":{"type":"http","scheme":"basic"},)"
    R"("bearer":{"type":"http","scheme":"bearer"}},)"
    R"("schemas":{"Envelope":{"type":"object","required":["code","timestamp"],"properties":{)"
    R"("code":{"type":"integer","description":"1000 when it was done"},)"
    R"("reason":{"type":"string"},"timestamp":{"type":"string","format":"date-time"},)"
    R"("data":{}}}}})";

Route file(std::string_view path, std::string_view summary, std::string type, std::string text) {
  Route route;
  route.method = "GET";
  route.path = path;
  route.access = Access::kPublic;
  route.summary = summary;
  route.handler = [type = std::move(type), text = std::move(text)](Call) -> Task<Answer> {
    Answer answer;
    answer.data = text;
    answer.content_type = type;
    co_return answer;
  };
  return route;
}

}  // namespace

std::string openapi_document(const std::vector<Route>& routes, std::string_view version) {
  // In the order of the table, each path once.
  std::vector<std::pair<std::string_view, JsonObject>> paths;
  for (const Route& route : routes) {
    auto found = paths.begin();
    while (found != paths.end() && found->first != route.path) ++found;
    if (found == paths.end()) found = paths.insert(found, {route.path, JsonObject()});
    found->second.raw(lower(route.method), operation_of(route));
  }
  JsonObject all;
  for (const auto& [path, operations] : paths) all.raw(path, operations.str());
  return JsonObject()
      .raw("openapi", "\"3.1.0\"")
      .raw("info", JsonObject()
                       .text("title", std::string_view("Turms administration"))
                       .text("version", version)
                       .str())
      .raw("security", R"([{"basic":[]},{"bearer":[]}])")
      .raw("paths", all.str())
      .raw("components", kComponents)
      .str();
}

std::vector<Route> openapi_routes(const Api& api, std::string version) {
  std::vector<Route> all;
  Route docs;
  docs.method = "GET";
  docs.path = "/openapi/docs";
  docs.access = Access::kPublic;
  docs.summary = "This document (OpenAPI 3.1)";
  docs.handler = [&api, version = std::move(version)](Call) -> Task<Answer> {
    Answer answer;
    answer.data = openapi_document(api.routes(), version);
    answer.content_type = "application/json";
    co_return answer;
  };
  all.push_back(std::move(docs));
  all.push_back(file("/openapi/ui", "A page that shows it and tries it out",
                     "text/html; charset=utf-8", std::string(kUiPage)));
  all.push_back(file("/openapi/common.js", "Of the pages", "text/javascript; charset=utf-8",
                     std::string(kCommonScript)));
  all.push_back(file("/openapi/ui.js", "Of that page", "text/javascript; charset=utf-8",
                     std::string(kUiScript)));
  all.push_back(
      file("/openapi/ui.css", "Of that page", "text/css; charset=utf-8", std::string(kUiStyle)));
  all.push_back(file("/ui", "A page with what an operator looks at most",
                     "text/html; charset=utf-8", std::string(kDashboardPage)));
  all.push_back(file("/ui.js", "Of that page", "text/javascript; charset=utf-8",
                     std::string(kDashboardScript)));
  return all;
}

}  // namespace turms::admin
