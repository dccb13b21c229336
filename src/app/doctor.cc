#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "app/certificates.h"
#include "app/commands.h"
#include "app/im_stack.h"
#include "app/probe.h"
#include "base/random.h"
#include "media/settings_table.h"
#include "net/http_server.h"
#include "net/interfaces.h"
#include "net/loop.h"
#include "net/udp_socket.h"
#include "rtc/stun/message.h"
#include "rtc/turn/message.h"

namespace turms::app {
namespace {

/// Lines of what was found, and the count of those that keep the server from working.
class Report {
 public:
  void ok(std::string_view finding) { fmt::print("ok      {}\n", finding); }
  void problem(std::string_view finding, std::string_view advice = {}) {
    fmt::print("problem {}{}{}\n", finding, advice.empty() ? "" : ": ", advice);
    ++problems_;
  }
  [[nodiscard]] int problems() const { return problems_; }

 private:
  int problems_ = 0;
};

/// Whether a server holds the directory now. Looks and changes nothing.
bool has_running_server(const DataDirectory& data) {
  const int fd = ::open((data.path() / "turms.lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool taken = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  ::close(fd);
  return taken;
}

/// Where this machine reaches what is bound to `bind`.
std::string reach(const std::string& bind) {
  const auto address = net::Address::parse(bind, 0);
  if (!address || !address->is_unspecified()) return bind;
  return address->is_v4() ? "127.0.0.1" : "::1";
}

bool can_listen(const std::string& bind, int64_t port) {
  net::Loop loop;
  net::HttpServerConfig config;
  config.bind_address = bind;
  config.port = static_cast<uint16_t>(port);
  return net::HttpServer::listen(loop, config).has_value();
}

Bytes stun_request(uint16_t method) {
  Rng rng = Rng::from_entropy();
  rtc::stun::TransactionId id;
  rng.fill(id);
  Bytes buffer(rtc::stun::kMaxBuiltSize);
  rtc::stun::Builder builder(buffer, rtc::stun::Class::kRequest, id, method);
  if (method == rtc::turn::method::kAllocate) {
    builder.add(rtc::turn::attribute::kRequestedTransport,
                std::array<uint8_t, 4>{rtc::turn::kUdpProtocol});
  }
  buffer.resize(builder.finish({}).size());
  return buffer;
}

/// The answer to a first Allocate, which has no credentials yet.
Status expect_challenge(Probe& probe) {
  if (Status sent = probe.send(stun_request(rtc::turn::method::kAllocate)); !sent) return sent;
  const auto received = probe.receive(rtc::stun::kHeaderSize);
  if (!received) return std::unexpected(received.error());
  const auto answer = rtc::turn::Message::parse(*received);
  if (!answer || answer->stun().error_code() != 401 || !answer->nonce) {
    return fail(ErrorCode::kUnavailable, "connected, but what answers is no TURN server");
  }
  return {};
}

Status ask_http(Probe& probe, std::string_view request, std::string_view expected) {
  if (Status sent = probe.send(as_bytes(request)); !sent) return sent;
  const auto received = probe.receive(expected.size());
  if (!received) return std::unexpected(received.error());
  if (as_text(*received).starts_with(expected)) return {};
  const std::string_view line = as_text(*received).substr(0, as_text(*received).find('\r'));
  return fail(ErrorCode::kUnavailable, fmt::format("connected, but it answers '{}'", line));
}

class Doctor {
 public:
  Doctor(const Config& config, const DataDirectory& data)
      : config_(config), data_(data), running_(has_running_server(data)) {}

  int run() {
    look_at_data();
    look_at_certificates();
    if (running_) {
      report_.ok(fmt::format("a server runs on {}: its ports are asked", data_.path().string()));
      ask_server();
    } else {
      look_at_ports();
    }
    look_at_addresses();
    look_at_buffers();
    return report_.problems();
  }

 private:
  void look_at_data() {
    const bool is_there = std::filesystem::exists(data_.path());
    report_.ok(fmt::format("data directory {} {}", data_.path().string(),
                           is_there ? "can be written" : "is not there yet"));
    store::Options store;
    store.file = data_.database(config_.text("store.url"));
    const auto database = store::examine(store);
    if (database) {
      report_.ok(fmt::format("database {} {}", store.file.string(), *database));
    } else {
      report_.problem(fmt::format("database {} cannot be used", store.file.string()),
                      database.error().message);
    }
  }

  void look_at_certificates() {
    net::Loop loop;
    const auto certificates = Certificates::load(loop, config_);
    if (!certificates) {
      report_.problem("the certificate cannot be used", certificates.error().message);
    } else if ((*certificates)->http() != nullptr || (*certificates)->turn() != nullptr) {
      report_.ok("the certificate and its key go together");
    }
  }

  struct TcpPort {
    std::string_view name;
    std::string_view bind_key;
    std::string_view port_key;
  };
  [[nodiscard]] std::vector<TcpPort> tcp_ports() const {
    std::vector<TcpPort> ports = {{"HTTP", "http.bind", "http.port"}};
    if (config_.flag("turms.gateway.websocket.enabled")) {
      ports.push_back(
          {"Turms WebSocket", "turms.gateway.websocket.host", "turms.gateway.websocket.port"});
    }
    if (config_.flag("turms.gateway.tcp.enabled")) {
      ports.push_back({"Turms TCP", "turms.gateway.tcp.host", "turms.gateway.tcp.port"});
    }
    if (config_.flag("admin.enabled")) ports.push_back({"admin", "admin.bind", "admin.port"});
    if (media_over_tcp())
      ports.push_back({"media TCP", "livekit.rtc.bind", "livekit.rtc.tcp_port"});
    if (turn_tls()) ports.push_back({"TURN/TLS", "livekit.rtc.bind", "livekit.turn.tls_port"});
    return ports;
  }
  /// With a port of its own.
  [[nodiscard]] bool media_over_tcp() const {
    const int64_t port = config_.number("livekit.rtc.tcp_port");
    return config_.flag("livekit.enabled") && port > 0 && port != config_.number("http.port");
  }
  [[nodiscard]] bool turn_tls() const {
    const int64_t port = config_.number("livekit.turn.tls_port");
    const bool has_certificate = !config_.text("livekit.turn.cert_file").empty() ||
                                 !config_.text("http.tls.cert_file").empty() ||
                                 config_.flag("livekit.turn.external_tls");
    return config_.flag("livekit.enabled") && config_.flag("livekit.turn.enabled") &&
           has_certificate && port > 0 && port != config_.number("http.port") &&
           port != config_.number("livekit.rtc.tcp_port");
  }

  void look_at_ports() {
    for (const TcpPort& port : tcp_ports()) {
      const int64_t number = config_.number(port.port_key);
      if (can_listen(config_.text(port.bind_key), number)) {
        report_.ok(fmt::format("{} port {} is free", port.name, number));
      } else {
        report_.problem(fmt::format("{} port {} is taken, or {} is no address of this machine",
                                    port.name, number, config_.text(port.bind_key)),
                        fmt::format("another program has it; set {}", port.port_key));
      }
    }
    if (!config_.flag("livekit.enabled")) return;
    const auto ports = media::parse_ports(config_.text("livekit.rtc.udp_port"));
    for (int i = 0; i < ports->count; ++i) {
      const auto port = static_cast<uint16_t>(ports->first == 0 ? 0 : ports->first + i);
      const auto address = net::Address::parse(config_.text("livekit.rtc.bind"), port);
      if (address && net::UdpSocket::bind(*address)) {
        report_.ok(fmt::format("media UDP port {} is free", port));
      } else {
        report_.problem(fmt::format("media UDP port {} is taken", port),
                        "another program has it; set livekit.rtc.udp_port");
      }
    }
  }

  /// One path to the running server, hop by hop.
  template <class Ask>
  void ask(std::string_view path, Ask ask_it) {
    if (Status answered = ask_it(); answered) {
      report_.ok(fmt::format("{} works", path));
    } else {
      report_.problem(fmt::format("{} does not work", path), answered.error().message);
    }
  }
  template <class Use>
  static Status with(Result<Probe> probe, Use use) {
    if (!probe) return std::unexpected(probe.error());
    return use(*probe);
  }

  void ask_server() {
    const std::string host = reach(config_.text("http.bind"));
    const auto port = static_cast<uint16_t>(config_.number("http.port"));
    if (port == 0) return report_.ok("ports are any free ones: nothing can be asked");
    ask(fmt::format("HTTP at port {}", port), [&] {
      return with(Probe::tcp(host, port), [](Probe& probe) {
        return ask_http(probe, "GET / HTTP/1.1\r\nHost: doctor\r\nConnection: close\r\n\r\n",
                        "HTTP/1.1 200");
      });
    });
    if (!config_.flag("livekit.enabled")) return;
    // Without a token: what refuses it is the signalling behind the upgrade, and no proxy.
    ask(fmt::format("WebSocket at port {}", port), [&] {
      return with(Probe::tcp(host, port), [](Probe& probe) {
        return ask_http(probe,
                        "GET /rtc HTTP/1.1\r\nHost: doctor\r\nConnection: Upgrade\r\n"
                        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        "HTTP/1.1 401");
      });
    });
    ask_media();
    ask_turn();
  }

  void ask_media() {
    const std::string host = reach(config_.text("livekit.rtc.bind"));
    const auto ports = media::parse_ports(config_.text("livekit.rtc.udp_port"));
    // A check that names nobody gets no answer; that the port is taken says who holds it.
    for (int i = 0; ports->first != 0 && i < ports->count; ++i) {
      const auto port = static_cast<uint16_t>(ports->first + i);
      const auto address = net::Address::parse(config_.text("livekit.rtc.bind"), port);
      if (address && net::UdpSocket::bind(*address)) {
        report_.problem(
            fmt::format("media over UDP does not work: nobody listens at port {}", port),
            "was livekit.rtc.udp_port changed since the server started?");
      } else {
        report_.ok(fmt::format("media UDP port {} is the server's", port));
      }
    }
    const auto tcp =
        static_cast<uint16_t>(std::max<int64_t>(config_.number("livekit.rtc.tcp_port"), 0));
    if (tcp == 0) return;
    // A first frame that names no worker of ours is closed at once; any other program would wait,
    // or answer.
    ask(fmt::format("media over TCP at port {}", tcp), [&] {
      return with(Probe::tcp(host, tcp), [](Probe& probe) -> Status {
        const Bytes check = stun_request(rtc::stun::kBindingMethod);
        Bytes frame(2);
        store_be16(frame.data(), static_cast<uint16_t>(check.size()));
        frame.insert(frame.end(), check.begin(), check.end());
        if (Status sent = probe.send(frame); !sent) return sent;
        return probe.expect_close();
      });
    });
  }

  void ask_turn() {
    if (!config_.flag("livekit.turn.enabled")) return;
    const std::string host = reach(config_.text("livekit.rtc.bind"));
    if (const int64_t udp = config_.number("livekit.turn.udp_port"); udp > 0) {
      ask(fmt::format("TURN over UDP at port {}", udp), [&] {
        return with(Probe::udp(host, static_cast<uint16_t>(udp)),
                    [](Probe& probe) { return expect_challenge(probe); });
      });
    }
    const std::string& domain = config_.text("livekit.turn.domain");
    const int64_t tls = config_.number("livekit.turn.tls_port");
    if (domain.empty() || tls <= 0) return;
    const int64_t advertised = config_.number("livekit.turn.advertised_tls_port");
    const auto port = static_cast<uint16_t>(advertised > 0 ? advertised : tls);
    // As a client does it: by name, and with the certificate checked.
    ask(fmt::format("TURN over TLS at {}:{}", domain, port), [&] {
      return with(Probe::tcp(domain, port), [&](Probe& probe) -> Status {
        if (Status secure = probe.start_tls(domain); !secure) return secure;
        return expect_challenge(probe);
      });
    });
  }

  void look_at_addresses() {
    if (!config_.flag("livekit.enabled")) return;
    const auto bind = net::Address::parse(config_.text("livekit.rtc.bind"), 0);
    if (!bind || bind->is_loopback()) {
      return report_.ok("media is reached from this machine only (livekit.rtc.bind)");
    }
    const bool found = config_.list("livekit.rtc.node_ip").empty();
    std::vector<std::string> told = config_.list("livekit.rtc.node_ip");
    if (found) told.push_back(net::machine_address(bind->is_v4()).ip());
    for (const std::string& text : told) {
      const auto address = net::Address::parse(text, 0);
      if (!address) continue;
      const bool is_private = is_private_address(*address);
      report_.ok(fmt::format(
          "clients are told the address {}{}", text,
          is_private ? ", which only a local network reaches; set livekit.rtc.node_ip or "
                       "livekit.rtc.use_external_ip for clients elsewhere"
                     : ""));
    }
  }
  static bool is_private_address(const net::Address& address) {
    for (const char* network : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10", "::1"}) {
      if (net::Network::parse(network)->contains(address)) return true;
    }
    return false;
  }

  void look_at_buffers() {
    constexpr int64_t kWanted = 4 * 1024 * 1024;
    int64_t receive_buffer = -1;
    std::ifstream("/proc/sys/net/core/rmem_max") >> receive_buffer;
    if (receive_buffer < 0 || receive_buffer >= kWanted) {
      return report_.ok(fmt::format("UDP buffers may be {} bytes", receive_buffer));
    }
    report_.problem(fmt::format("UDP buffers may be {} bytes only", receive_buffer),
                    fmt::format("bursts of media may be lost; run sysctl -w net.core.rmem_max={0} "
                                "net.core.wmem_max={0}",
                                kWanted));
  }

  const Config& config_;
  const DataDirectory& data_;
  const bool running_;
  Report report_;
};

}  // namespace

Status doctor(const Config& config, const DataDirectory& data) {
  const int problems = Doctor(config, data).run();
  if (problems == 0) return {};
  return fail(ErrorCode::kFailedPrecondition, fmt::format("{} problems found", problems));
}

}  // namespace turms::app
