#pragma once

#include "media/data_router.h"
#include "media/worker.h"

namespace turms::media {

/// The data channels of one room on a worker: between its router and its peers. Made where it is
/// needed, for one call.
class Worker::DataLink final : public DataOutlet {
 public:
  DataLink(Worker& worker, WorkerRoom& room) : worker_(worker), room_(room) {}

  rtc::DataSendStatus send(TransportId transport, rtc::ChannelId channel,
                           const SharedBytes& payload, bool binary,
                           std::optional<Duration> lifetime) override;
  void close(TransportId transport, rtc::ChannelId channel) override;
  [[nodiscard]] bool has_others() const override;
  bool tell_others(std::shared_ptr<const DataNote> note) override;
  bool tell(std::shared_ptr<const DataNote> note) override;

  /// What `member`'s channels have for the router.
  void route(PeerMember& member);

 private:
  PeerMember* find(TransportId transport) const;

  Worker& worker_;
  WorkerRoom& room_;
};

}  // namespace turms::media
