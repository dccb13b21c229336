#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "livekit/data_notes.h"
#include "livekit/room.h"

// What a Room keeps for data packets, data tracks and data blobs. For room*.cc only.
namespace turms::livekit {

class RoomData {
 public:
  /// Of one participant; a participant that leaves takes them along.
  static constexpr size_t kMaxDataTracks = 64;
  static constexpr size_t kMaxDataSubscriptions = 512;
  /// Of the server's own calls that wait for an answer, in one room.
  static constexpr size_t kMaxCalls = 256;

  RoomData(media::Engine& engine, media::RoomId room) : engine_(engine), room_(room) {}

  /// What the router knows of this member may be over, or it is gone.
  void changed(ParticipantKey key) { changed_.insert(key); }
  /// Tells the router of those who changed. Of whom it could not be told, it is told the next time.
  void sync(const std::map<ParticipantKey, std::unique_ptr<Participant>>& participants);
  [[nodiscard]] uint32_t last_sequence(ParticipantKey key) const;
  /// What concerns all of the room.
  template <class Value>
  bool tell(Value value) {
    return engine_.tell_data(room_, note(std::move(value)));
  }
  /// What concerns the channels of one member.
  template <class Value>
  bool tell(ParticipantKey member, Value value) {
    return engine_.tell_member_data(room_, media::MemberId(member.value), note(std::move(value)));
  }

  // ---- data tracks

  struct Subscription {
    ParticipantKey publisher;
    uint16_t handle = 0;
    uint32_t target_fps = 0;
  };
  struct State {
    std::map<std::string, Subscription> subscriptions;  // by sid of the track
    uint16_t last_handle = 0;
    std::vector<DataBlob> blobs;
  };
  State& state(ParticipantKey key) { return states_[key]; }
  void forget(ParticipantKey key) { states_.erase(key); }
  [[nodiscard]] std::map<ParticipantKey, State>& states() { return states_; }

  // ---- calls by the server

  struct Call {
    ParticipantKey to;
    RpcDone done;
    TimePoint acknowledge_by = kNever;
    TimePoint answer_by;
  };
  std::map<std::string, Call> calls;

 private:
  template <class Value>
  static std::shared_ptr<const media::DataNote> note(Value value) {
    auto command = std::make_shared<DataCommand>();
    command->value = std::move(value);
    return command;
  }
  bool tell_gone(ParticipantKey key);
  bool tell_member(const Participant& participant);

  media::Engine& engine_;
  media::RoomId room_;
  std::set<ParticipantKey> changed_;
  std::map<ParticipantKey, DataMember> told_;
  std::map<ParticipantKey, State> states_;
};

}  // namespace turms::livekit
