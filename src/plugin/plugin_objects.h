#pragma once

#include <functional>

#include "im/ports/storage.h"
#include "plugin/plugin_list.h"

namespace turms::plugin {

/// Files in the first plugin that keeps them, in `own` as long as none does. Both outlive it.
class PluginObjects final : public im::ObjectStore {
 public:
  PluginObjects(const PluginList& plugins, im::ObjectStore& own) : plugins_(plugins), own_(own) {}

  im::Stored<im::ResourceInfo> upload_info(im::UploadTerms terms) override;
  im::Stored<im::ResourceInfo> download_info(im::DownloadTerms terms) override;
  im::Stored<std::optional<int64_t>> find(im::ResourceKey key) override;
  im::Stored<im::None> remove(im::ResourceKey key) override;

 private:
  using Invoke = std::function<turms_status(const turms_storage&, void* self, turms_call)>;
  [[nodiscard]] LoadedPlugin* provider() const;
  static Task<Result<CallValue>> call(LoadedPlugin& plugin, const Invoke& invoke);
  static im::Stored<im::ResourceInfo> info(LoadedPlugin& plugin, const Invoke& invoke);

  const PluginList& plugins_;
  im::ObjectStore& own_;
};

}  // namespace turms::plugin
