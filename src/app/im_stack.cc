#include "app/im_stack.h"

#include "app/conversation_options.h"
#include "app/group_options.h"
#include "app/message_options.h"
#include "app/people_options.h"
#include "bus/local_bus.h"
#include "net/loop.h"

namespace turms::app {
namespace {

class SystemClock : public im::Clock {
 public:
  WallTime now() const override { return wall_now(); }
};

im::Settings settings_of(const Config& config) {
  im::Settings settings;
  settings.session.token_lifetime =
      std::chrono::seconds(config.number("turms.gateway.session.token-lifetime-seconds"));
  read_message_options(config, settings);
  read_group_options(config, settings);
  read_people_options(config, settings);
  read_conversation_options(config, settings);
  return settings;
}

}  // namespace

ImStack::ImStack(int node) : clock_(std::make_unique<SystemClock>()), ids_(node) {}
ImStack::~ImStack() = default;

Result<std::unique_ptr<ImStack>> ImStack::open(net::Loop& loop, const Config& config,
                                               const DataDirectory& data, const Listen& listen) {
  std::unique_ptr<ImStack> stack(new ImStack(static_cast<int>(config.number("node.id"))));
  const auto post = [&loop](std::function<void()> function) { loop.post(std::move(function)); };
  store::Options options;
  options.file = data.database(config.text("store.url"));
  auto opened = store::Store::open(std::move(options), post);
  if (!opened) return std::unexpected(opened.error());
  stack->store_ = std::move(*opened);
  // A clock that was set back must not lead to ids that sort before what is stored.
  stack->ids_.advance_past(stack->store_->last_id());
  stack->hasher_ = store::make_argon2_hasher(
      post,
      {.memory_kib =
           static_cast<uint32_t>(config.number("turms.security.password.argon2.memory-kib")),
       .passes = static_cast<uint32_t>(config.number("turms.security.password.argon2.passes"))});
  stack->bus_ = bus::make_local_bus();
  if (listen) stack->listening_ = listen(*stack->bus_);
  stack->domain_ =
      std::make_unique<im::Domain>(settings_of(config), stack->store_->repositories(), stack->bus(),
                                   *stack->hasher_, *stack->clock_, stack->ids_);
  stack->store_->on_foreign_change(
      [domain = stack->domain_.get()] { domain->changed_elsewhere(); });
  return stack;
}

}  // namespace turms::app
