#include "net/forwarded.h"

#include <algorithm>
#include <charconv>

#include "net/text.h"

namespace turms::net {

namespace {

int width_of(const Address& address) {
  return address.is_v4() ? 32 : 128;
}

bool bit(const Address& address, int index) {
  return (address.ip_bytes()[static_cast<size_t>(index / 8)] >> (7 - index % 8) & 1) != 0;
}

/// A node (RFC 7239 section 6): an address, IPv6 in brackets, perhaps with a
/// port. Proxies also write IPv6 without brackets.
std::optional<Address> parse_node(std::string_view text) {
  if (auto with_port = Address::parse(text)) return *with_port;
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  if (auto plain = Address::parse(text, 0)) return *plain;
  return std::nullopt;
}

/// Cuts `list` at `separator` outside quotes (RFC 9110 section 5.6.4) and calls
/// `visit` with each part, trimmed.
template <class Visit>
void for_each_part(std::string_view list, char separator, Visit visit) {
  bool quoted = false;
  size_t start = 0;
  for (size_t i = 0; i <= list.size(); ++i) {
    if (i == list.size() || (list[i] == separator && !quoted)) {
      visit(trim(list.substr(start, i - start)));
      start = i + 1;
    } else if (list[i] == '\\' && quoted) {
      ++i;
    } else if (list[i] == '"') {
      quoted = !quoted;
    }
  }
}

void keep_last(std::vector<std::optional<Address>>& entries) {
  if (entries.size() > kMaxForwarded) entries.erase(entries.begin());
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, "\"" + std::string(text) + "\" " + std::string(what));
  };
  const size_t slash = std::min(text.find('/'), text.size());
  const auto base = Address::parse(text.substr(0, slash), 0);
  if (!base) return wrong("is no address or network like 192.0.2.0/24");
  Network network;
  network.base_ = *base;
  network.prefix_ = width_of(*base);
  if (slash < text.size()) {
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(bits.data(), bits.data() + bits.size(), network.prefix_);
    if (bits.empty() || error != std::errc() || end != bits.data() + bits.size() ||
        network.prefix_ < 0 || network.prefix_ > width_of(*base)) {
      return wrong("has no prefix length behind its slash");
    }
  }
  for (int i = network.prefix_; i < width_of(*base); ++i) {
    if (bit(*base, i)) return wrong("has bits behind its prefix");
  }
  return network;
}

bool Network::contains(const Address& address) const {
  if (address.is_v4() != base_.is_v4()) return false;
  const int whole = prefix_ / 8;
  if (!std::equal(base_.ip_bytes().begin(), base_.ip_bytes().begin() + whole,
                  address.ip_bytes().begin())) {
    return false;
  }
  for (int i = whole * 8; i < prefix_; ++i) {
    if (bit(base_, i) != bit(address, i)) return false;
  }
  return true;
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
  std::vector<Network> parsed;
  for (const std::string& text : networks) {
    auto network = Network::parse(text);
    if (!network) return std::unexpected(network.error());
    parsed.push_back(*network);
  }
  return TrustedProxies(std::move(parsed));
}

bool TrustedProxies::trusts(const Address& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return network.contains(address); });
}

Address TrustedProxies::client_of(const Address& peer, const HttpHeaders& headers) const {
  if (!trusts(peer)) return peer;
  const auto entries = headers.has("Forwarded")
                           ? parse_forwarded(headers.combined("Forwarded"))
                           : parse_x_forwarded_for(headers.combined("X-Forwarded-For"));
  Address client = peer;
  for (auto it = entries.rbegin(); it != entries.rend() && *it; ++it) {
    client = **it;
    if (!trusts(client)) break;
  }
  return client;
}

std::vector<std::optional<Address>> parse_forwarded(std::string_view value) {
  std::vector<std::optional<Address>> entries;
  for_each_part(value, ',', [&](std::string_view element) {
    if (element.empty()) return;
    std::optional<Address> found;
    for_each_part(element, ';', [&](std::string_view pair) {
      const size_t equals = std::min(pair.find('='), pair.size());
      if (!equal_ignoring_case(trim(pair.substr(0, equals)), "for")) return;
      std::string_view node = trim(pair.substr(std::min(equals + 1, pair.size())));
      if (node.size() >= 2 && node.front() == '"' && node.back() == '"') {
        node = node.substr(1, node.size() - 2);
      }
      found = parse_node(node);
    });
    entries.push_back(found);
    keep_last(entries);
  });
  return entries;
}

std::vector<std::optional<Address>> parse_x_forwarded_for(std::string_view value) {
  std::vector<std::optional<Address>> entries;
  while (!value.empty()) {
    const std::string_view item = value.substr(0, value.find(','));
    entries.push_back(parse_node(trim(item)));
    keep_last(entries);
    value.remove_prefix(std::min(value.size(), item.size() + 1));
  }
  return entries;
}

}  // namespace turms::net
