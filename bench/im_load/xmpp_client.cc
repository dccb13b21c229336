#include "bench/im_load/xmpp_client.h"

#include <fmt/core.h>
#include <unistd.h>

#include "base/encoding.h"

namespace turms::im_load {
namespace {

std::string user_name(int64_t user) {
  return fmt::format("u{}", user);
}

}  // namespace

XmppClient::XmppClient(const Role& role, Observer& observer) : Client(role, observer) {
  open_stream();
}

void XmppClient::open_stream() {
  say("<stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
      "xmlns:stream='http://etherx.jabber.org/streams'>");
}

void XmppClient::say(const std::string& stanza) {
  wire_.queue(stanza);
  wire_.flush();
}

void XmppClient::was_delivered(TimePoint written) {
  if (unanswered_ == 0) return;
  --unanswered_;
  observer_.on_answer(true, written);
}

void XmppClient::write_text(TimePoint, const std::string& text) {
  const std::string to = role_.group != 0 ? fmt::format("g{}@conference.localhost", role_.group)
                                          : user_name(role_.recipient) + "@localhost";
  wire_.queue(fmt::format("<message to='{}' type='{}'><body>{}</body></message>", to,
                          role_.group != 0 ? "groupchat" : "chat", text));
}

void XmppClient::take() {
  if (state_ != State::kReady) {
    advance();
    return;
  }
  // A message ends where its body does; what else comes does not matter.
  constexpr std::string_view kEnd = "</body>";
  size_t at = 0;
  for (size_t end = in_.find(kEnd); end != std::string::npos; end = in_.find(kEnd, at)) {
    take_message(std::string_view(in_).substr(at, end - at));
    at = end + kEnd.size();
  }
  in_.erase(0, at);
}

void XmppClient::advance() {
  const auto came = [this](std::string_view what) { return in_.find(what) != std::string::npos; };
  if (came("<failure") || came("stream:error") || came("type='error'")) {
    fmt::print(stderr, "user {} cannot sign in: {}\n", role_.user, in_);
    in_.clear();
    return;
  }
  const std::string name = user_name(role_.user);
  if (state_ == State::kOpening && came("</stream:features>")) {
    state_ = State::kAuthenticating;
    const std::string secret = '\0' + name + '\0' + "turms";
    say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" +
        base64(as_bytes(secret)) + "</auth>");
  } else if (state_ == State::kAuthenticating && came("<success")) {
    state_ = State::kReopening;
    open_stream();
  } else if (state_ == State::kReopening && came("</stream:features>")) {
    state_ = State::kBinding;
    say(
        fmt::format("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                    "<resource>d{}-{}</resource></bind></iq>",
                    role_.device, ::getpid()));
  } else if (state_ == State::kBinding && came("</iq>")) {
    say("<presence/>");
    state_ = role_.group != 0 ? State::kJoining : State::kReady;
    if (role_.group != 0) {
      // Another run may not have left yet.
      say(
          fmt::format("<presence to='g{}@conference.localhost/{}-{}'>"
                      "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>"
                      "</presence>",
                      role_.group, name, ::getpid()));
    }
  } else if (state_ == State::kJoining && came("<subject")) {
    // The last that a room says to who enters.
    state_ = State::kReady;
  } else {
    return;
  }
  in_.clear();
  signed_in_ = state_ == State::kReady;
}

}  // namespace turms::im_load
