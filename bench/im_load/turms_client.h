#pragma once

#include <deque>

#include "bench/im_load/client.h"
#include "turms/request.pb.h"

namespace turms::im_load {

/// Over TCP, or over WebSocket at /turms.
class TurmsClient final : public Client {
 public:
  TurmsClient(const Role& role, Observer& observer);
  void was_delivered(TimePoint) override {}

 private:
  void write_text(TimePoint now, const std::string& text) override;
  void take() override;
  void take_frame(std::string_view frame);
  void sign_in();
  void queue(const im::turms::proto::TurmsRequest& request);

  int64_t last_id_ = 0;
  std::deque<TimePoint> written_;  // of what is unanswered
  bool upgraded_ = false;
};

}  // namespace turms::im_load
