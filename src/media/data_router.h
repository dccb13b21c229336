#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/shared_bytes.h"
#include "base/time.h"
#include "rtc/data.h"
#include "sfu/parameters.h"

/// Messages on data channels within a room. They are routed on the room's worker, by a router of
/// the control plane's making: media carries them and knows nothing of what they say.
namespace turms::media {

using sfu::RoomId;
using sfu::TransportId;

/// What the control plane tells the router of a room and the router tells it: a plain value of a
/// type that both know.
struct DataNote {
  virtual ~DataNote() = default;
};

/// What a router does. Valid during the call that it is given to.
class DataOutlet {
 public:
  virtual ~DataOutlet() = default;
  /// kClosed as well when there is no such transport.
  virtual rtc::DataSendStatus send(TransportId transport, rtc::ChannelId channel,
                                   const SharedBytes& payload, bool binary,
                                   std::optional<Duration> lifetime = std::nullopt) = 0;
  virtual void close(TransportId transport, rtc::ChannelId channel) = 0;
  /// The room has members, and thus routers, on other workers too.
  [[nodiscard]] virtual bool has_others() const { return false; }
  /// DataRouter::on_note of each of those, in order. False: some of them did not get it.
  virtual bool tell_others(std::shared_ptr<const DataNote>) { return true; }
  /// EngineEvents::on_data, in order. At most kMaxDataNotes wait; false: dropped.
  virtual bool tell(std::shared_ptr<const DataNote> note) = 0;
};

/// Decides where the messages of one room go. Sans-IO; lives on a worker of its room, with the
/// members that are there: a room on several workers has a router on each. What it is told comes in
/// the order in which it happened.
class DataRouter {
 public:
  virtual ~DataRouter() = default;
  virtual void on_note(TimePoint now, const DataNote& note, DataOutlet& out) = 0;
  /// Opened by the remote side, or by us (TransportParameters::channels) and acknowledged.
  virtual void on_channel_opened(TimePoint now, TransportId transport, rtc::ChannelId channel,
                                 const std::string& label, DataOutlet& out) = 0;
  virtual void on_channel_closed(TimePoint now, TransportId transport, rtc::ChannelId channel,
                                 DataOutlet& out) = 0;
  virtual void on_message(TimePoint now, TransportId transport, rtc::ChannelId channel,
                          Bytes payload, bool binary, DataOutlet& out) = 0;
  /// With all its channels.
  virtual void on_transport_closed(TimePoint now, TransportId transport, DataOutlet& out) = 0;
};

/// Called on workers' threads when a room is created there, once on each of its workers.
using MakeDataRouter = std::function<std::unique_ptr<DataRouter>(RoomId)>;

}  // namespace turms::media
