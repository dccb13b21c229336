#include "app/im_stack.h"

#include "bus/node_bus.h"
#include "im/settings_table.h"
#include "net/loop.h"
#include "store/settings_table.h"

namespace turms::app {
namespace {

class SystemClock : public im::Clock {
 public:
  WallTime now() const override { return wall_now(); }
};

}  // namespace

ImStack::ImStack(int node) : clock_(std::make_unique<SystemClock>()), ids_(node) {}
ImStack::~ImStack() = default;

Result<std::unique_ptr<ImStack>> ImStack::open(net::Loop& loop, const Config& config,
                                               const DataDirectory& data, const Listen& listen) {
  std::unique_ptr<ImStack> stack(new ImStack(static_cast<int>(config.number("node.id"))));
  const auto post = [&loop](std::function<void()> function) { loop.post(std::move(function)); };
  const store::Settings settings = store::settings_table().read(config);
  store::Options options;
  options.file = data.database(settings.url);
  auto opened = store::Store::open(std::move(options), post);
  if (!opened) return std::unexpected(opened.error());
  stack->store_ = std::move(*opened);
  auto changed = config.with_kept_changes(stack->store_->changed_settings());
  if (!changed) return std::unexpected(changed.error());
  stack->config_ = *std::move(changed);
  // A clock that was set back must not lead to ids that sort before what is stored.
  stack->ids_.advance_past(stack->store_->last_id());
  stack->hasher_ = store::make_argon2_hasher(post, settings.passwords);
  stack->bus_ = std::make_unique<bus::NodeBus>();
  if (listen) stack->listening_ = listen(*stack->bus_);
  stack->domain_ = std::make_unique<im::Domain>(im::settings_table().read(stack->config_),
                                                stack->store_->repositories(), stack->bus(),
                                                *stack->hasher_, *stack->clock_, stack->ids_);
  stack->store_->on_foreign_change(
      [domain = stack->domain_.get()] { domain->changed_elsewhere(); });
  return stack;
}

}  // namespace turms::app
