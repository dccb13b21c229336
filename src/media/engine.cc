#include "media/engine.h"

#include <algorithm>
#include <cstdint>

#include "base/crypto.h"
#include "media/engine_impl.h"
#include "net/interfaces.h"

namespace turms::media {

namespace {

/// Where the workers listen, and what clients are told of it.
struct Listening {
  net::Address address;
  net::UdpOptions options;
  std::vector<std::string> advertised;
};

Result<Listening> listening(const EngineConfig& config) {
  const Result<net::Address> bind = net::Address::parse(config.bind_address, 0);
  if (!bind) return std::unexpected(bind.error());
  if (!config.advertised_addresses.empty()) {
    for (const std::string& text : config.advertised_addresses) {
      const Result<net::Address> told = net::Address::parse(text, 0);
      if (!told) return std::unexpected(told.error());
      const bool reaches = bind->is_v4() ? told->is_v4() : !told->is_v4() || bind->is_unspecified();
      if (!reaches) {
        return turms::fail(ErrorCode::kInvalidArgument,
                           text + " is not of the family of " + config.bind_address);
      }
    }
    return Listening{*bind, {}, config.advertised_addresses};
  }
  if (bind->is_unspecified()) {
    std::vector<std::string> all =
        addresses_to_advertise(*bind,
                               {net::machine_addresses(), net::default_route_source(true),
                                net::default_route_source(false)},
                               config.filter);
    if (all.empty()) all.push_back(net::machine_address(bind->is_v4()).ip());
    if (!config.external_address.empty() &&
        std::ranges::find(all, config.external_address) == all.end()) {
      all.insert(all.begin(), config.external_address);
    }
    return Listening{*bind, {}, std::move(all)};
  }
  const net::Address machine = net::machine_address(bind->is_v4());
  if (!bind->is_loopback() || machine.is_loopback()) return Listening{*bind, {}, {bind->ip()}};
  // What this machine sends to any of its own addresses goes over the loopback device.
  const net::Address any = bind->is_v4() ? net::Address() : *net::Address::parse("::", 0);
  return Listening{any, {.this_machine_only = true}, {bind->ip(), machine.ip()}};
}

}  // namespace

Result<std::unique_ptr<Engine>> start_engine(const EngineConfig& config, Engine::Post post,
                                             EngineEvents& events) {
  Result<Listening> listen = listening(config);
  if (!listen) return std::unexpected(listen.error());
  if (config.workers < 1 || static_cast<size_t>(config.workers) > EngineImpl::kMaxWorkers) {
    return turms::fail(ErrorCode::kInvalidArgument, "1 to 64 media workers");
  }
  auto dtls = std::make_unique<rtc::dtls::Context>();
  std::optional<rtc::turn::Secret> turn_secret;
  if (config.turn.enabled) secure_random(turn_secret.emplace());
  const auto nth_port = [](uint16_t first, int i) {
    return first == 0 ? 0 : static_cast<int>(first) + i;
  };
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < config.workers; ++i) {
    WorkerConfig worker{.index = static_cast<uint32_t>(i),
                        .udp = listen->options,
                        .advertised = listen->advertised};
    const int port = nth_port(config.first_udp_port, i);
    const int turn_port = nth_port(config.turn.first_udp_port.value_or(0), i);
    if (std::max(port, turn_port) > UINT16_MAX) {
      return turms::fail(ErrorCode::kInvalidArgument, "UDP ports beyond 65535");
    }
    worker.address = listen->address.with_port(static_cast<uint16_t>(port));
    if (turn_secret) {
      worker.turn =
          rtc::turn::ServerConfig{.realm = config.turn.realm,
                                  .secret = *turn_secret,
                                  .max_allocations_per_user = config.turn.max_allocations_per_user};
      if (config.turn.first_udp_port) {
        worker.turn_address = listen->address.with_port(static_cast<uint16_t>(turn_port));
      }
    }
    auto bound = Worker::bind(std::move(worker), *dtls);
    if (!bound) return std::unexpected(bound.error());
    workers.push_back(std::move(*bound));
  }
  auto engine = std::make_unique<EngineImpl>(std::move(workers), std::move(dtls), config,
                                             std::move(listen->advertised), turn_secret);
  engine->start(post, events, config.make_data_router);
  return engine;
}

}  // namespace turms::media
