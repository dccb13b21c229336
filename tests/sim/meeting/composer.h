#pragma once

#include <string>
#include <vector>

#include "sim/meeting/meeting.h"

namespace turms::sim {

/// Makes up what happens in a meeting: who comes and goes, publishes, mutes, subscribes, loses the
/// network, is thrown out; one thing after the other, all from the seed of the meeting.
class Composer {
 public:
  /// At most `size` people of different identities.
  Composer(Meeting& meeting, size_t size) : meeting_(meeting), size_(size) {}

  /// Things happen for so long.
  void run(Duration duration);
  /// The network is well, and people rest.
  void calm();
  /// Everybody may and wants all there is.
  void please_everyone();
  /// What happened, for a message about a fault.
  [[nodiscard]] const std::vector<std::string>& story() const { return story_; }

 private:
  Rng& rng() { return meeting_.simulation().rng(); }
  void note(const std::string& what);
  LinkConfig random_link();
  ModelClient* any_client();
  LocalTrack* any_track(ModelClient& client);
  std::string any_foreign_track(const ModelClient& viewer);

  void step();
  void someone_comes();
  void people(ModelClient& client, uint64_t dice);
  void viewers(ModelClient& client, uint64_t dice);
  void troubles(ModelClient& client, uint64_t dice);
  void administrators(ModelClient& client, uint64_t dice);

  Meeting& meeting_;
  size_t size_;
  int next_name_ = 1;
  std::vector<std::string> story_;
};

}  // namespace turms::sim
