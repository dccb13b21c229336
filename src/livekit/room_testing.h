#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/overload.h"
#include "livekit/room.h"
#include "livekit/testing.h"

namespace turms::livekit::testing {

/// A room, a clock, and per participant what it was told since last asked.
class RoomTest : public ::testing::Test {
 protected:
  void make(RoomParameters parameters = {}) {
    parameters.id = media::RoomId(1);
    parameters.name = "lounge";
    room.emplace(std::move(parameters), now, engine,
                 RoomSecrets{[this](const Grants& grants, WallTime) {
                               minted = grants;
                               return "token:" + grants.name;
                             },
                             [this](size_t length) {
                               std::string out = std::to_string(++tokens);
                               out.resize(length, 'x');
                               return out;
                             }});
    drain();
  }

  static JoinParameters as(const std::string& identity) {
    JoinParameters out;
    out.grants.api_key = "devkey";
    out.grants.identity = identity;
    out.grants.name = "name of " + identity;
    out.grants.video.emplace();
    out.grants.video->room_join = true;
    out.grants.video->room = "lounge";
    return out;
  }

  ParticipantKey join(const std::string& identity) { return join(as(identity)); }
  ParticipantKey join(JoinParameters parameters) {
    const auto key = room->join(now, std::move(parameters));
    EXPECT_TRUE(key.has_value());
    drain();
    return *key;
  }

  void say(ParticipantKey from, const ClientMessage& message) {
    const auto* description = std::get_if<client::Description>(&message);
    if (description != nullptr && description->description.type == "answer") unanswered.erase(from);
    room->on_message(now, from, message);
    drain();
  }

  void pass(Duration duration) {
    if (answers_in_time) answer_silently();
    const TimePoint end = now.monotonic + duration;
    while (!room->closed() && room->next_timeout() <= end) {
      advance_to(std::max(room->next_timeout(), now.monotonic));
      room->on_timer(now);
      drain();
      if (answers_in_time) answer_silently();
    }
    advance_to(end);
  }

  /// A client that is not what a test is about answers before its time is up. The test can still
  /// look at the offer.
  void answer_silently() {
    for (const auto& [key, offer] : std::exchange(unanswered, {})) {
      say(key, client::Description{{"answer", client_answer(offer.sdp), offer.id, {}}});
    }
  }
  void note_offer(ParticipantKey key, const ServerMessage& message) {
    const auto* description = std::get_if<server::Description>(&message);
    if (description == nullptr || description->description.type != "offer") return;
    unanswered[key] = description->description;
  }

  void advance_to(TimePoint time) {
    now.wall.unix_ms += to_ms(time - now.monotonic);
    now.monotonic = time;
  }

  void drain() {
    for (RoomOutput& output : room->take_outputs(now)) {
      std::visit(Overload{
                     [&](SendMessage& m) {
                       for (const ParticipantKey key : m.to) {
                         heard[key].push_back(m.message);
                         note_offer(key, m.message);
                       }
                     },
                     [&](CloseSignal& m) { closed.push_back(m.participant); },
                     [&](Remark& m) { remarks.push_back(std::move(m.text)); },
                     [&](Notify& m) { events.push_back(std::move(m)); },
                 },
                 output);
    }
  }

  template <class T>
  std::vector<T> take(ParticipantKey key) {
    std::vector<T> out;
    auto& messages = heard[key];
    for (auto it = messages.begin(); it != messages.end();) {
      if (auto* message = std::get_if<T>(&*it)) {
        out.push_back(std::move(*message));
        it = messages.erase(it);
      } else {
        ++it;
      }
    }
    return out;
  }
  template <class T>
  T last(ParticipantKey key) {
    auto all = take<T>(key);
    if (all.empty()) {
      ADD_FAILURE() << "it did not hear that";
      return T{};
    }
    return std::move(all.back());
  }

  /// Every transport that is open comes up.
  void connect() {
    std::vector<media::TransportId> ids;
    for (const auto& [id, transport] : engine.transports) ids.push_back(transport.parameters.id);
    for (const media::TransportId id : ids) room->on_transport_connected(now, id);
    drain();
  }

  /// Answers every offer that waits, and those that follow.
  void answer(ParticipantKey key, std::string_view unknown = {}) {
    for (auto offers = take<server::Description>(key); !offers.empty();
         offers = take<server::Description>(key)) {
      for (const auto& [description] : offers) {
        if (description.type != "offer") continue;
        say(key, client::Description{{"answer", client_answer(description.sdp, "client", unknown),
                                      description.id}});
      }
    }
  }

  /// add_track and the offer for it; returns the track's sid.
  std::string publish(ParticipantKey key, const std::string& cid, TrackSource source,
                      std::vector<OfferedTrack> tracks) {
    client::AddTrack add;
    add.cid = cid;
    add.info.source = source;
    for (const OfferedTrack& track : tracks) {
      if (track.cid != cid) continue;
      add.info.type = track.kind == rtc::MediaKind::kVideo ? TrackType::kVideo : TrackType::kAudio;
      for (size_t i = 0; i < track.rids.size(); ++i) {
        add.info.layers.push_back(
            {static_cast<VideoQuality>(i), 320U << i, 180U << i, 0, 0, 0, ""});
      }
    }
    say(key, add);
    const auto published = take<server::TrackPublished>(key);
    if (published.empty()) return {};
    EXPECT_EQ(published.back().cid, cid);
    say(key, client::Description{{"offer", client_offer(tracks), ++offer_ids}});
    return published.back().track.sid;
  }

  static OfferedTrack camera(const std::string& mid = "1", const std::string& cid = "cam") {
    return {mid, rtc::MediaKind::kVideo, cid, {"q", "h", "f"}, true};
  }
  static OfferedTrack microphone(const std::string& mid = "2", const std::string& cid = "mic") {
    return {mid, rtc::MediaKind::kAudio, cid, {}, true};
  }

  /// The one that was opened last.
  [[nodiscard]] media::TransportId last_transport() const {
    return engine.transports.rbegin()->second.parameters.id;
  }

  [[nodiscard]] media::TrackId track_id(const std::string& mid) const {
    for (const auto& [id, parameters] : engine.received) {
      if (parameters.mid == mid) return parameters.id;
    }
    return {};
  }

  std::vector<RoomEvent> take_events() {
    std::vector<RoomEvent> out;
    for (const Notify& event : std::exchange(events, {})) out.push_back(event.event);
    return out;
  }

  RecordingEngine engine;
  Now now{TimePoint(std::chrono::hours(1)), {1'700'000'000'000}};
  int tokens = 0;
  Grants minted;  // of the last refreshed token
  uint32_t offer_ids = 0;
  std::map<ParticipantKey, std::vector<ServerMessage>> heard;
  std::vector<ParticipantKey> closed;
  std::vector<std::string> remarks;
  bool answers_in_time = true;
  std::map<ParticipantKey, SessionDescription> unanswered;  // the last offer of each
  std::vector<Notify> events;
  std::optional<Room> room;
};

/// Alice and Bob are in and connected, and have heard nothing yet.
class RoomOfTwoTest : public RoomTest {
 protected:
  void SetUp() override {
    make();
    alice = join("alice");
    bob = join("bob");
    answer(alice);
    answer(bob);
    connect();
    heard.clear();
  }

  /// What alice was told of her camera since last asked: "vp8:3" is all of it, "vp8:0" nothing.
  std::vector<std::string> wanted() {
    std::vector<std::string> out;
    for (const auto& update : take<server::SubscribedQualityUpdate>(alice)) {
      std::string text;
      for (const auto& codec : update.codecs) {
        const auto enabled = std::count_if(codec.qualities.begin(), codec.qualities.end(),
                                           [](const auto& quality) { return quality.enabled; });
        text += (text.empty() ? "" : " ") + codec.codec + ":" + std::to_string(enabled);
      }
      out.push_back(std::move(text));
    }
    return out;
  }

  ParticipantKey alice;
  ParticipantKey bob;
};

}  // namespace turms::livekit::testing
