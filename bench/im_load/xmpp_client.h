#pragma once

#include "bench/im_load/client.h"

namespace turms::im_load {

/// An XMPP client (RFC 6120, 6121; XEP-0045 for groups) of user N as uN@localhost. The protocol
/// does not answer messages: one counts as answered when it was delivered, in a group to its
/// writer.
class XmppClient final : public Client {
 public:
  XmppClient(const Role& role, Observer& observer);
  void was_delivered(TimePoint written) override;

 private:
  enum class State { kOpening, kAuthenticating, kReopening, kBinding, kJoining, kReady };

  void write_text(TimePoint now, const std::string& text) override;
  void take() override;
  void open_stream();
  void say(const std::string& stanza);
  /// On to the next state when what was waited for is in in_.
  void advance();

  State state_ = State::kOpening;
};

}  // namespace turms::im_load
