#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "livekit/room.h"
#include "livekit/service.h"
#include "livekit/webhook_journal.h"
#include "net/http_client.h"
#include "net/loop.h"

namespace turms::livekit {

/// Posts what happened to the configured addresses: signed, in order per room and address, each
/// event with an id that stays, until an address takes it (2xx) or it is older than `max_age`.
/// What waits is kept in a journal, so it survives the process; of rooms that died with an earlier
/// process the missing ends are told at start.
///
/// Beginnings and ends stay together: when `queue_size` events wait for an address, a beginning
/// (of a room, a participation, a track) is dropped and counted together with all that follows of
/// the same subject, its end included. So at most twice as many can wait.
///
/// Attempts are repeated with growing pauses. While an address fails, one attempt at a time is
/// made there; addresses do not wait for each other. On the loop's thread, which it never blocks.
class Webhooks {
 public:
  static constexpr Duration kFirstPause = std::chrono::milliseconds(250);
  static constexpr Duration kLongestPause = std::chrono::seconds(30);
  static constexpr Duration kRequestTimeout = std::chrono::seconds(5);
  static constexpr size_t kAtOnce = 8;  // requests under way per address
  static constexpr int kRedirects = 5;

  Webhooks(const WebhookConfig& config, std::string secret, net::Loop& loop,
           net::HttpClient& client);
  ~Webhooks();

  /// Reads the journals and goes on with what they hold. Before the first notify().
  Status start();
  void notify(const Notify& event);
  /// Of what is not in a room: a recording, which may end after it. In the order of its room.
  void tell(std::string_view event, const std::string& room_sid, WallTime now, std::string body);
  /// While it lives, what happens is the effect of this request. Its id goes with the events as the
  /// header X-Trace-Id, and with those of a room that it made until the room is gone, unless
  /// another request caused them.
  class Cause {
   public:
    /// Empty: of no request.
    Cause(Webhooks& webhooks, std::string trace_id) : webhooks_(webhooks) {
      webhooks_.cause_ = std::move(trace_id);
    }
    ~Cause() { webhooks_.cause_.clear(); }
    Cause(const Cause&) = delete;
    Cause& operator=(const Cause&) = delete;

   private:
    Webhooks& webhooks_;
  };
  /// Events not yet delivered or given up.
  [[nodiscard]] size_t pending() const { return pending_; }
  /// Before the end: every room's next event gets one more attempt, and what follows one that was
  /// taken. Calls when nothing more will be tried, perhaps at once; the rest stays in the journal.
  void finish(std::function<void()> done);

 private:
  struct Lane {
    explicit Lane(net::Loop& loop) : pause(loop) {}
    std::deque<WebhookRecord> records;
    int attempts = 0;    // of the first
    bool ready = false;  // in Target::ready
    bool under_way = false;
    bool over = false;  // no more attempts before the end
    net::Timer pause;
  };
  struct Target {
    std::string url;
    std::unique_ptr<WebhookJournal> journal;
    std::map<std::string, std::unique_ptr<Lane>> lanes;  // by room sid
    std::deque<std::string> ready;                       // lanes that wait for their turn
    std::set<std::string> open;  // subjects whose beginning was queued and whose end was not
    std::set<std::string> lost;  // subjects whose beginning expired
    size_t waiting = 0;
    size_t under_way = 0;
    bool failing = false;
    TimePoint last_complaint = TimePoint::min();
  };

  bool wanted(std::string_view event) const;
  std::string trace_of(const Notify& event);
  void offer(Target& target, WebhookRecord record, bool wanted);
  void enqueue(Target& target, WebhookRecord record);
  void make_ready(Target& target, const std::string& room, Lane& lane);
  void pump(Target& target);
  void attempt(Target& target, const std::string& room, const std::string& url, int redirects);
  void attempted(Target& target, const std::string& room, const std::string& failure);
  /// Takes the first record out; false when the lane is gone with it.
  bool drop_first(Target& target, const std::string& room);
  /// Of what is at the front and is not to be sent any more.
  void drop_expired(Target& target, const std::string& room);
  void check_idle();

  WebhookConfig config_;
  std::string secret_;
  net::Loop& loop_;
  net::HttpClient& client_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::string cause_;
  /// By sid, of rooms that were made for a request.
  std::map<std::string, std::string> made_for_;
  uint64_t last_number_ = 0;
  size_t pending_ = 0;
  bool finishing_ = false;
  std::function<void()> idle_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Of an event.
std::string new_webhook_id();
/// The body of one event, as protobuf's JSON.
std::string webhook_body(const Notify& event, const std::string& id);
/// The Authorization header that vouches for a body.
std::string webhook_token(const std::string& body, const std::string& api_key,
                          std::string_view secret, WallTime now);

}  // namespace turms::livekit
