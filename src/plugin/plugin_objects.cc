#include "plugin/plugin_objects.h"

#include <memory>
#include <utility>

#include "base/task.h"

namespace turms::plugin {

namespace {

std::unexpected<Error> wrong_kind() {
  return fail(ErrorCode::kInternal, "the plugin completed with the wrong kind of answer");
}

turms_object raw_object(im::ResourceKey key) {
  return {sizeof(turms_object), static_cast<turms_resource>(key.type), key.id};
}

}  // namespace

LoadedPlugin* PluginObjects::provider() const {
  for (const auto& plugin : plugins_.all()) {
    if (plugin->hooks().storage != nullptr) return plugin.get();
  }
  return nullptr;
}

Task<Result<CallValue>> PluginObjects::call(LoadedPlugin& plugin, const Invoke& invoke) {
  Completion<Result<CallValue>> done;
  plugin.call_on_thread(
      done.setter(), [invoke, table = plugin.hooks().storage, self = plugin.self()](turms_call id) {
        return invoke(*table, self, id);
      });
  co_return co_await done;
}

im::Stored<im::ResourceInfo> PluginObjects::info(LoadedPlugin& plugin, const Invoke& invoke) {
  auto answer = co_await call(plugin, invoke);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  auto* pairs = std::get_if<Pairs>(&*answer);
  if (pairs == nullptr) co_return wrong_kind();
  co_return std::move(*pairs);
}

im::Stored<im::ResourceInfo> PluginObjects::upload_info(im::UploadTerms terms) {
  LoadedPlugin* plugin = provider();
  if (plugin == nullptr) co_return co_await own_.upload_info(std::move(terms));
  const auto asked = std::make_shared<const im::UploadTerms>(std::move(terms));
  const Invoke invoke = [asked](const turms_storage& table, void* self, turms_call id) {
    turms_upload raw{};
    raw.struct_size = sizeof raw;
    raw.type = static_cast<turms_resource>(asked->key.type);
    raw.id = asked->key.id;
    raw.content_type = asked->content_type.c_str();
    raw.min_bytes = asked->min_bytes;
    raw.max_bytes = asked->max_bytes;
    raw.expiration = asked->expiration.unix_ms;
    return table.upload_info(self, id, &raw);
  };
  co_return co_await info(*plugin, invoke);
}

im::Stored<im::ResourceInfo> PluginObjects::download_info(im::DownloadTerms terms) {
  LoadedPlugin* plugin = provider();
  if (plugin == nullptr) co_return co_await own_.download_info(std::move(terms));
  const auto asked = std::make_shared<const im::DownloadTerms>(std::move(terms));
  const Invoke invoke = [asked](const turms_storage& table, void* self, turms_call id) {
    turms_download raw{};
    raw.struct_size = sizeof raw;
    raw.type = static_cast<turms_resource>(asked->key.type);
    raw.id = asked->key.id;
    raw.file_name = asked->name.c_str();
    raw.media_type = asked->media_type.c_str();
    raw.expiration = asked->expiration.unix_ms;
    return table.download_info(self, id, &raw);
  };
  co_return co_await info(*plugin, invoke);
}

im::Stored<std::optional<int64_t>> PluginObjects::find(im::ResourceKey key) {
  LoadedPlugin* plugin = provider();
  if (plugin == nullptr) co_return co_await own_.find(key);
  const Invoke invoke = [key](const turms_storage& table, void* self, turms_call id) {
    const turms_object raw = raw_object(key);
    return table.find(self, id, &raw);
  };
  auto answer = co_await call(*plugin, invoke);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  const auto* size = std::get_if<int64_t>(&*answer);
  if (size == nullptr) co_return wrong_kind();
  if (*size < 0) co_return std::nullopt;
  co_return *size;
}

im::Stored<im::None> PluginObjects::remove(im::ResourceKey key) {
  LoadedPlugin* plugin = provider();
  if (plugin == nullptr) co_return co_await own_.remove(key);
  const Invoke invoke = [key](const turms_storage& table, void* self, turms_call id) {
    const turms_object raw = raw_object(key);
    return table.remove(self, id, &raw);
  };
  auto answer = co_await call(*plugin, invoke);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return im::None();
}

}  // namespace turms::plugin
