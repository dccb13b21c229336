#include "rtc/ice/agent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace turms::rtc::ice {
namespace {

const IceCredentials kLocal{"locU", "localpasswordlocalpass"};
const IceCredentials kRemote{"remU", "remotepasswordremotepw"};
const auto kServer = TransportAddress::ipv4(203, 0, 113, 1, 7882);

Path path_from(uint16_t port) {
  return {kServer, TransportAddress::ipv4(192, 0, 2, 1, port)};
}

/// A binding request as a remote side would send it.
struct Request {
  std::string ufrag = kLocal.ufrag;
  std::string password = kLocal.password;
  bool use_candidate = false;
  bool controlled = false;
  uint64_t tie_breaker = 5;
  bool username = true;
  uint16_t extra_attribute = 0;

  Bytes build() const {
    Bytes buffer(stun::kMaxBuiltSize);
    stun::Builder builder(buffer, stun::Class::kRequest, {1, 2, 3});
    if (username) builder.username(ufrag, kRemote.ufrag);
    builder.priority(1);
    if (controlled) {
      builder.ice_controlled(tie_breaker);
    } else {
      builder.ice_controlling(tie_breaker);
    }
    if (use_candidate) builder.use_candidate();
    size_t size = builder.finish(password).size();
    if (extra_attribute != 0) {
      // Built again with an attribute of another type in the place of PRIORITY.
      Bytes again(stun::kMaxBuiltSize);
      stun::Builder other(again, stun::Class::kRequest, {1, 2, 3});
      other.username(ufrag, kRemote.ufrag).priority(1);
      store_be16(
          &again[stun::kHeaderSize + 4 + (ufrag.size() + 1 + kRemote.ufrag.size() + 3) / 4 * 4],
          extra_attribute);
      size = other.finish(password).size();
      buffer = again;
    }
    buffer.resize(size);
    return buffer;
  }
};

class LiteAgentTest : public testing::Test {
 protected:
  struct Answer {
    Outcome outcome;
    Bytes bytes;  // empty: none
    std::optional<uint16_t> error;
    std::optional<TransportAddress> mapped;
  };

  Answer ask(const Path& path, const Request& request) {
    const Bytes bytes = request.build();
    const auto message = stun::Message::parse(bytes);
    EXPECT_TRUE(message);
    Answer answer{agent_.receive(now_, path, *message), {}, {}, {}};
    auto outgoing = agent_.take_outgoing();
    EXPECT_LE(outgoing.size(), 1u);
    if (!outgoing.empty()) {
      EXPECT_EQ(outgoing[0].path, path);
      answer.bytes = outgoing[0].bytes;
      const auto response = stun::Message::parse(answer.bytes);
      EXPECT_TRUE(response);
      EXPECT_EQ(response->transaction_id(), message->transaction_id());
      answer.error = response->error_code();
      answer.mapped = response->mapped_address();
      EXPECT_EQ(response->has_integrity(), answer.error != 400 && answer.error != 401);
      if (response->has_integrity()) {
        EXPECT_TRUE(response->verify_integrity(request.password));
      }
    }
    return answer;
  }

  TimePoint now_{100s};
  Rng rng_{1};
  LiteAgent agent_{kLocal, 15s, rng_};
};

TEST_F(LiteAgentTest, AnswersAndSelectsTheFirstPath) {
  const Answer answer = ask(path_from(1), {});
  EXPECT_EQ(answer.outcome, Outcome::kAccepted);
  EXPECT_EQ(answer.mapped, path_from(1).remote);
  ASSERT_NE(agent_.selected(), nullptr);
  EXPECT_EQ(*agent_.selected(), path_from(1));
  EXPECT_TRUE(agent_.is_verified(path_from(1)));
  EXPECT_FALSE(agent_.is_verified(path_from(2)));
}

TEST_F(LiteAgentTest, RefusesBadCredentials) {
  struct Case {
    Request request;
    uint16_t error;
  };
  const Case cases[] = {
      {{.password = "localpasswordlocalpasS"}, 401},
      {{.ufrag = "locu"}, 401},
      {{.ufrag = "locU2"}, 401},
      {{.ufrag = ""}, 401},
      {{.username = false}, 400},
      {{.password = ""}, 400},  // no MESSAGE-INTEGRITY
  };
  for (const Case& c : cases) {
    const Answer answer = ask(path_from(1), c.request);
    EXPECT_EQ(answer.outcome, Outcome::kUnauthenticated);
    EXPECT_EQ(answer.error, c.error);
  }
  EXPECT_EQ(agent_.selected(), nullptr);
  EXPECT_TRUE(agent_.take_events().empty());
  EXPECT_EQ(agent_.next_timeout(), kNever);
}

TEST_F(LiteAgentTest, RefusesARemoteSideThatIsControlledToo) {
  for (const uint64_t tie_breaker : {uint64_t{0}, ~uint64_t{0}}) {
    const Answer answer = ask(path_from(1), {.controlled = true, .tie_breaker = tie_breaker});
    EXPECT_EQ(answer.outcome, Outcome::kAccepted);
    EXPECT_EQ(answer.error, 487);
  }
  EXPECT_EQ(agent_.selected(), nullptr);
}

TEST_F(LiteAgentTest, RefusesUnknownAttributesThatMustBeUnderstood) {
  const Answer answer = ask(path_from(1), {.extra_attribute = 0x7777});
  EXPECT_EQ(answer.error, 420);
  EXPECT_EQ(agent_.selected(), nullptr);
  EXPECT_EQ(ask(path_from(1), {.extra_attribute = 0xC057}).error, std::nullopt);
}

TEST_F(LiteAgentTest, NominationMovesThePath) {
  ask(path_from(1), {});
  ask(path_from(2), {});
  EXPECT_EQ(*agent_.selected(), path_from(1));
  ask(path_from(2), {.use_candidate = true});
  EXPECT_EQ(*agent_.selected(), path_from(2));
  ask(path_from(1), {});
  EXPECT_EQ(*agent_.selected(), path_from(2));
  const auto events = agent_.take_events();
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].kind, Event::Kind::kPathAdded);
  EXPECT_EQ(events[1].kind, Event::Kind::kPathSelected);
  EXPECT_EQ(events[2].kind, Event::Kind::kPathAdded);
  EXPECT_EQ(events[3].kind, Event::Kind::kPathSelected);
}

TEST_F(LiteAgentTest, ACheckOnAnotherPathReplacesASilentOne) {
  ask(path_from(1), {.use_candidate = true});
  now_ += Agent::kStale - 1ns;
  ask(path_from(2), {});
  EXPECT_EQ(*agent_.selected(), path_from(1));
  now_ += 1ns;
  ask(path_from(2), {});
  EXPECT_EQ(*agent_.selected(), path_from(2));
}

TEST_F(LiteAgentTest, SilentPathsAreRemovedAndTheLastOneIsTheConsent) {
  ask(path_from(1), {.use_candidate = true});
  now_ += 3s;
  ask(path_from(2), {});
  (void)agent_.take_events();
  EXPECT_EQ(agent_.next_timeout(), TimePoint(115s));
  agent_.handle_timeout(TimePoint(115s));
  auto events = agent_.take_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, Event::Kind::kPathRemoved);
  EXPECT_EQ(events[0].path, path_from(1));
  EXPECT_EQ(events[1].kind, Event::Kind::kPathSelected);
  EXPECT_EQ(events[1].path, path_from(2));
  EXPECT_EQ(agent_.next_timeout(), TimePoint(118s));
  agent_.handle_timeout(TimePoint(118s));
  events = agent_.take_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, Event::Kind::kConsentExpired);
  EXPECT_EQ(agent_.next_timeout(), kNever);
}

TEST_F(LiteAgentTest, WhatElseIsHeardOnAVerifiedPathIsConsentToo) {
  ask(path_from(1), {.use_candidate = true});
  now_ += 14s;
  agent_.heard(now_, path_from(1));
  agent_.heard(now_, path_from(2));  // opens none
  EXPECT_FALSE(agent_.is_verified(path_from(2)));
  now_ += 14s;
  agent_.handle_timeout(now_);
  EXPECT_TRUE(agent_.is_verified(path_from(1)));
  now_ += 1s;
  agent_.handle_timeout(now_);
  EXPECT_FALSE(agent_.is_verified(path_from(1)));
}

TEST_F(LiteAgentTest, ALostPathGivesWayToAnotherAndTheLastOneToTheConsentTimeout) {
  const auto kinds = [&] {
    std::vector<Event::Kind> out;
    for (const Event& event : agent_.take_events()) out.push_back(event.kind);
    return out;
  };
  using enum Event::Kind;
  ask(path_from(1), {});
  now_ += 1s;
  ask(path_from(2), {});
  EXPECT_EQ(kinds(), (std::vector{kPathAdded, kPathSelected, kPathAdded}));
  agent_.lose(now_, path_from(3));  // never was one
  EXPECT_TRUE(kinds().empty());
  agent_.lose(now_, path_from(1));
  EXPECT_EQ(kinds(), (std::vector{kPathRemoved, kPathSelected}));
  EXPECT_EQ(*agent_.selected(), path_from(2));
  agent_.lose(now_, path_from(2));
  EXPECT_EQ(kinds(), (std::vector{kPathRemoved}));
  EXPECT_EQ(agent_.selected(), nullptr);
  EXPECT_EQ(agent_.next_timeout(), now_ + 15s);
  // A new one in time.
  now_ += 14s;
  agent_.handle_timeout(now_);
  ask(path_from(4), {});
  EXPECT_EQ(kinds(), (std::vector{kPathAdded, kPathSelected}));
  now_ += 2s;
  agent_.handle_timeout(now_);
  EXPECT_TRUE(kinds().empty());
  // And none.
  agent_.lose(now_, path_from(4));
  now_ += 15s;
  agent_.handle_timeout(now_);
  EXPECT_EQ(kinds(), (std::vector{kPathRemoved, kConsentExpired}));
}

TEST_F(LiteAgentTest, TheSelectedPathIsNotPushedOut) {
  ask(path_from(1), {.use_candidate = true});
  for (uint16_t port = 2; port < 50; ++port) ask(path_from(port), {});
  EXPECT_TRUE(agent_.is_verified(path_from(1)));
  EXPECT_TRUE(agent_.is_verified(path_from(49)));
  EXPECT_FALSE(agent_.is_verified(path_from(2)));
}

TEST_F(LiteAgentTest, ResponsesAndOtherMethodsAreUnexpected) {
  Bytes buffer(stun::kMaxBuiltSize);
  for (const auto message_class : {stun::Class::kSuccess, stun::Class::kError}) {
    const ByteView bytes = stun::Builder(buffer, message_class, {}).finish(kLocal.password);
    EXPECT_EQ(agent_.receive(now_, path_from(1), *stun::Message::parse(bytes)),
              Outcome::kUnexpected);
  }
  const ByteView bytes = stun::Builder(buffer, stun::Class::kIndication, {}).finish({});
  EXPECT_EQ(agent_.receive(now_, path_from(1), *stun::Message::parse(bytes)), Outcome::kAccepted);
  Bytes allocate = Request{}.build();
  allocate.resize(stun::kHeaderSize);
  store_be16(&allocate[0], 0x0003);
  store_be16(&allocate[2], 0);
  EXPECT_EQ(agent_.receive(now_, path_from(1), *stun::Message::parse(allocate)),
            Outcome::kUnexpected);
  EXPECT_TRUE(agent_.take_outgoing().empty());
}

// --- Client
// ---------------------------------------------------------------------------------------

Path path_to(uint16_t port) {
  return {{}, TransportAddress::ipv4(203, 0, 113, 1, port)};
}

/// A client agent against agents at several addresses, 20 ms away, each of which a test may
/// silence.
class ClientAgentTest : public testing::Test {
 protected:
  void make(bool controlling, bool aggressive) {
    client_ = std::make_unique<ClientAgent>(kRemote, 15s, controlling, aggressive, rng_);
    client_->set_remote(now_, kLocal);
  }
  void add(uint16_t port, uint32_t priority) { client_->add_pair(now_, path_to(port), priority); }

  /// Delivers between `client_` and `other`, which hears the client at the port it was sent to.
  void run(Agent& other, Duration time) {
    const TimePoint end = now_ + time;
    while (true) {
      for (Datagram& d : client_->take_outgoing()) post(false, std::move(d));
      for (Datagram& d : other.take_outgoing()) post(true, std::move(d));
      TimePoint next = std::min(client_->next_timeout(), other.next_timeout());
      if (!flights_.empty()) next = std::min(next, flights_.begin()->first);
      if (next > end) break;
      now_ = std::max(now_, next);
      if (!flights_.empty() && flights_.begin()->first <= now_) {
        auto [to_client, datagram] = std::move(flights_.begin()->second);
        flights_.erase(flights_.begin());
        if (silent_.contains(datagram.path.remote.port)) continue;
        const auto message = stun::Message::parse(datagram.bytes);
        (to_client ? static_cast<Agent&>(*client_) : other).receive(now_, datagram.path, *message);
      } else {
        if (client_->next_timeout() <= now_) client_->handle_timeout(now_);
        if (other.next_timeout() <= now_) other.handle_timeout(now_);
      }
      ++steps_;
      ASSERT_LT(steps_, 10000);
    }
    now_ = end;
  }
  /// Both sides name a path by the server's port, so that one test can silence it for both.
  void post(bool to_client, Datagram datagram) {
    ++sent_;
    flights_.emplace(now_ + 20ms, std::pair(to_client, std::move(datagram)));
  }

  TimePoint now_{100s};
  Rng rng_{7};
  std::unique_ptr<ClientAgent> client_;
  std::multimap<TimePoint, std::pair<bool, Datagram>> flights_;
  std::map<uint16_t, bool> silent_;
  int sent_ = 0;
  int steps_ = 0;
};

TEST_F(ClientAgentTest, NominatesTheBestPairThatWorks) {
  for (const bool aggressive : {false, true}) {
    LiteAgent server(kLocal, 15s, rng_);
    silent_ = {{3, true}};
    make(true, aggressive);
    add(1, 10);
    add(2, 20);
    add(3, 30);
    run(server, 2s);
    ASSERT_NE(client_->selected(), nullptr);
    EXPECT_EQ(*client_->selected(), path_to(2));
    EXPECT_EQ(*server.selected(), path_to(2));
  }
}

TEST_F(ClientAgentTest, MovesWhenTheNominatedPairFallsSilent) {
  for (const bool aggressive : {false, true}) {
    LiteAgent server(kLocal, 15s, rng_);
    silent_.clear();
    make(true, aggressive);
    add(1, 10);
    add(2, 20);
    run(server, 10s);
    ASSERT_EQ(*client_->selected(), path_to(2));
    silent_ = {{2, true}};
    run(server, 9s);
    EXPECT_EQ(*client_->selected(), path_to(1));
    EXPECT_EQ(*server.selected(), path_to(1));
    run(server, 60s);
    for (const Event& event : client_->take_events()) {
      EXPECT_NE(event.kind, Event::Kind::kConsentExpired);
    }
  }
}

TEST_F(ClientAgentTest, ChecksConsentAboutEvery2500Milliseconds) {
  LiteAgent server(kLocal, 15s, rng_);
  make(true, false);
  add(1, 10);
  run(server, 1s);
  sent_ = 0;
  run(server, 100s);
  EXPECT_GE(sent_, 2 * 33);  // request and response, each 2 to 3 s
  EXPECT_LE(sent_, 2 * 50);
}

TEST_F(ClientAgentTest, TakesControlFromALiteAgentThatRefusesItsRole) {
  LiteAgent server(kLocal, 15s, rng_);
  make(false, false);
  add(1, 10);
  run(server, 1s);
  ASSERT_NE(client_->selected(), nullptr);
  EXPECT_EQ(*server.selected(), path_to(1));
}

TEST_F(ClientAgentTest, TwoFullAgentsSettleTheirRoles) {
  for (const bool first : {false, true}) {
    for (const bool second : {false, true}) {
      for (uint64_t seed = 1; seed <= 10; ++seed) {  // either side may have the greater tie-breaker
        rng_ = Rng(seed);
        flights_.clear();
        make(first, false);
        ClientAgent other(kLocal, 15s, second, false, rng_);
        other.set_remote(now_, kRemote);
        add(1, 10);
        other.add_pair(now_, path_to(1), 10);
        run(other, 3s);
        ASSERT_NE(client_->selected(), nullptr) << first << second << seed;
        ASSERT_NE(other.selected(), nullptr) << first << second << seed;
      }
    }
  }
}

TEST_F(ClientAgentTest, ResponsesAreChecked) {
  make(true, false);
  add(1, 10);
  client_->handle_timeout(now_);
  const auto request = client_->take_outgoing();
  ASSERT_EQ(request.size(), 1u);
  const auto id = stun::Message::parse(request[0].bytes)->transaction_id();
  Bytes buffer(stun::kMaxBuiltSize);
  const auto respond = [&](const Path& path, const stun::TransactionId& transaction,
                           std::string_view password) {
    const ByteView bytes = stun::Builder(buffer, stun::Class::kSuccess, transaction)
                               .xor_mapped_address(kServer)
                               .finish(password);
    return client_->receive(now_, path, *stun::Message::parse(bytes));
  };
  EXPECT_EQ(respond(path_to(2), id, kLocal.password), Outcome::kUnexpected);
  EXPECT_EQ(respond(path_to(1), {9}, kLocal.password), Outcome::kUnexpected);
  EXPECT_EQ(respond(path_to(1), id, kRemote.password), Outcome::kUnauthenticated);
  EXPECT_EQ(respond(path_to(1), id, ""), Outcome::kUnauthenticated);
  EXPECT_TRUE(client_->take_events().empty());
  EXPECT_EQ(respond(path_to(1), id, kLocal.password), Outcome::kAccepted);
  EXPECT_EQ(respond(path_to(1), id, kLocal.password), Outcome::kUnexpected);
}

TEST_F(ClientAgentTest, RetransmitsWithBackOff) {
  make(true, false);
  add(1, 10);
  std::vector<int64_t> times;
  const TimePoint start = now_;
  while (times.size() < 8) {
    now_ = client_->next_timeout();
    client_->handle_timeout(now_);
    if (!client_->take_outgoing().empty()) times.push_back(to_ms(now_ - start));
  }
  EXPECT_EQ(times, (std::vector<int64_t>{0, 100, 300, 700, 1500, 3100, 5100, 7100}));
}

}  // namespace
}  // namespace turms::rtc::ice
