#include <gtest/gtest.h>

#include <map>
#include <set>

#include "media/data_router.h"
#include "media/media_testing.h"

namespace turms::media {
namespace {

struct TextNote final : DataNote {
  explicit TextNote(std::string t) : text(std::move(t)) {}
  std::string text;
};

/// Sends each message to every channel but the one it came by, and reports what happens.
class EveryoneRouter final : public DataRouter {
 public:
  void on_note(TimePoint, const DataNote& note, DataOutlet& out) override {
    const std::string& text = static_cast<const TextNote&>(note).text;
    for (const auto& [transport, channel] : channels_) {
      out.send(transport, channel, SharedBytes::of(text), false);
    }
  }
  void on_channel_opened(TimePoint, TransportId transport, rtc::ChannelId channel,
                         const std::string& label, DataOutlet& out) override {
    channels_.emplace(transport, channel);
    out.tell(std::make_shared<TextNote>("opened " + label));
  }
  void on_channel_closed(TimePoint, TransportId transport, rtc::ChannelId channel,
                         DataOutlet& out) override {
    channels_.erase({transport, channel});
    out.tell(std::make_shared<TextNote>("closed"));
  }
  void on_message(TimePoint, TransportId transport, rtc::ChannelId channel, Bytes payload,
                  bool binary, DataOutlet& out) override {
    const SharedBytes shared = SharedBytes::of(std::move(payload));
    for (const auto& [to, by] : channels_) {
      if (to != transport) out.send(to, by, shared, binary);
    }
    EXPECT_EQ(out.send(TransportId(999), channel, shared, binary), rtc::DataSendStatus::kClosed);
  }
  void on_transport_closed(TimePoint, TransportId transport, DataOutlet& out) override {
    std::erase_if(channels_, [&](const auto& entry) { return entry.first == transport; });
    out.tell(std::make_shared<TextNote>("gone"));
  }

 private:
  std::set<std::pair<TransportId, rtc::ChannelId>> channels_;
};

struct Notes final : EngineEvents {
  void on_transport_connected(TransportId) override {}
  void on_transport_failed(TransportId, std::string) override {}
  void on_transport_closed(TransportId) override {}
  void on_layer_started(TrackId, int) override {}
  void on_speakers(RoomId, std::vector<Speaker>) override {}
  void on_statistics(RoomId, std::vector<TrackStatistics>,
                     std::vector<SubscriptionStatistics>) override {}
  void on_data(RoomId, const DataNote& note) override {
    ++counts[static_cast<const TextNote&>(note).text];
  }
  std::map<std::string, int> counts;
};

TEST(DataLinkTest, MessagesGoFromPeerToPeerThroughTheRoomsRouter) {
  constexpr RoomId kRoom(1);
  net::Loop loop;
  Notes notes;
  EngineConfig config{.workers = 1, .bind_address = "127.0.0.1", .first_udp_port = 0};
  config.make_data_router = [](RoomId) { return std::make_unique<EveryoneRouter>(); };
  auto engine = start_engine(
      config, [&](std::function<void()> f) { loop.post(std::move(f)); }, notes);
  ASSERT_TRUE(engine);
  const auto wait = [&](const std::function<bool()>& done) {
    return loop.run_until(done, kTestLimit);
  };
  (*engine)->create_room(kRoom);
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<rtc::ChannelId> channels;
  std::map<size_t, std::vector<std::string>> heard;
  for (uint64_t i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<TestClient>(loop, **engine, kRoom, TransportId(i + 1)));
    rtc::Peer& peer = *clients.back()->peer;
    peer.open_data(loop.now(), {});
    channels.push_back(*peer.open_channel(loop.now(), {.label = "c"}));
    clients.back()->settle();
  }
  const auto listen = [&] {
    for (size_t i = 0; i < clients.size(); ++i) {
      while (auto event = clients[i]->peer->poll_data()) {
        if (event->kind != rtc::DataEvent::Kind::kMessage) continue;
        heard[i].emplace_back(as_text(event->payload));
      }
    }
  };
  ASSERT_TRUE(wait([&] { return notes.counts["opened c"] == 3; }));
  // More than one packet, and more than one turn.
  for (int i = 0; i < 100; ++i) {
    std::string text = std::to_string(i);
    text.resize(3000, '.');
    clients[0]->peer->send_data(loop.now(), channels[0], SharedBytes::of(text), true);
  }
  clients[0]->settle();
  ASSERT_TRUE(wait([&] {
    listen();
    return heard[1].size() == 100 && heard[2].size() == 100;
  }));
  EXPECT_TRUE(heard[0].empty());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(std::stoi(heard[1][i]), i);
  // From the control thread, and after one is gone.
  clients[1]->peer->close_channel(loop.now(), channels[1]);
  clients[1]->settle();
  ASSERT_TRUE(wait([&] { return notes.counts["closed"] == 1; }));
  (*engine)->close_transport(TransportId(3));
  ASSERT_TRUE(wait([&] { return notes.counts["gone"] == 1; }));
  EXPECT_TRUE((*engine)->tell_data(kRoom, std::make_shared<TextNote>("from above")));
  EXPECT_FALSE((*engine)->tell_data(RoomId(77), std::make_shared<TextNote>("nowhere")));
  ASSERT_TRUE(wait([&] {
    listen();
    return !heard[0].empty();
  }));
  EXPECT_EQ(heard[0].back(), "from above");
  EXPECT_EQ(heard[1].size(), 100u);
}

}  // namespace
}  // namespace turms::media
