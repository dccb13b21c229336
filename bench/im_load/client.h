#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "bench/im_load/wire.h"

namespace turms::im_load {

enum class Protocol { kTurms, kTurmsWebSocket, kXmpp };

/// What a client is told to be and to write.
struct Role {
  Protocol protocol = Protocol::kTurms;
  uint16_t port = 0;
  bool tls = false;
  int64_t user = 0;
  int device = 0;
  int64_t group = 0;  // 0: private messages
  int64_t recipient = 0;
};

/// What clients have seen.
class Observer {
 public:
  virtual ~Observer() = default;
  /// A message of `sender`, who wrote it then, has come to `receiver`.
  virtual void on_message(int64_t sender, int64_t receiver, TimePoint written) = 0;
  /// A message was stored, or refused.
  virtual void on_answer(bool stored, TimePoint written) = 0;
};

/// One client. Signs in when it is made.
class Client {
 public:
  Client(const Role& role, Observer& observer)
      : role_(role), observer_(observer), wire_(role.port, role.tls) {}
  virtual ~Client() = default;

  static std::unique_ptr<Client> make(const Role& role, Observer& observer);

  [[nodiscard]] const Role& role() const { return role_; }
  [[nodiscard]] int fd() const { return wire_.fd(); }
  [[nodiscard]] bool signed_in() const { return signed_in_; }
  [[nodiscard]] int unanswered() const { return unanswered_; }
  void flush() { wire_.flush(); }

  void write_message(TimePoint now) {
    write_text(now, make_text(now));
    ++unanswered_;
  }
  /// Where the protocol has no answer: somebody got what was written then.
  virtual void was_delivered(TimePoint written) = 0;
  /// False: the server closed.
  bool receive() {
    if (!wire_.receive(in_)) return false;
    take();
    return true;
  }

 protected:
  virtual void write_text(TimePoint now, const std::string& text) = 0;
  /// What of in_ is complete.
  virtual void take() = 0;
  /// Tells the observer of the message whose text is somewhere in `frame`, if there is one.
  bool take_message(std::string_view frame);

  const Role role_;
  Observer& observer_;
  Wire wire_;
  std::string in_;
  int unanswered_ = 0;
  bool signed_in_ = false;

 private:
  [[nodiscard]] std::string make_text(TimePoint now) const;
};

}  // namespace turms::im_load
