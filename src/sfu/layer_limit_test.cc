#include "sfu/layer_limit.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace turms::sfu {
namespace {

/// Three layers of two frame rates, all of which arrive and are sent.
LayerFacts best() {
  LayerFacts f;
  f.asked_spatial = 2;
  f.asked_temporal = 3;
  f.layer_count = 3;
  f.temporal_count = 2;
  f.active_layers = 0b111;
  f.decided_spatial = f.sent_spatial = 2;
  f.decided_temporal = 1;
  return f;
}

TEST(LayerLimitOf, Table) {
  struct Case {
    const char* what;
    void (*change)(LayerFacts&);
    LayerLimit expected;
  };
  const Case cases[] = {
      {"the best", [](LayerFacts&) {}, LayerLimit::kNone},
      {"not up", [](LayerFacts& f) { f.connected = false; }, LayerLimit::kNotConnected},
      {"muted", [](LayerFacts& f) { f.muted = true; }, LayerLimit::kMuted},
      {"hidden",
       [](LayerFacts& f) {
         f.wants_nothing = true;
         f.decided_spatial = f.sent_spatial = -1;
       },
       LayerLimit::kSubscriber},
      {"a small tile",
       [](LayerFacts& f) { f.asked_spatial = f.decided_spatial = f.sent_spatial = 0; },
       LayerLimit::kSubscriber},
      {"fewer pictures asked for", [](LayerFacts& f) { f.asked_temporal = f.decided_temporal = 0; },
       LayerLimit::kSubscriber},
      {"nothing arrives",
       [](LayerFacts& f) {
         f.active_layers = 0;
         f.decided_spatial = f.sent_spatial = -1;
       },
       LayerLimit::kPublisher},
      {"the highest layer does not arrive",
       [](LayerFacts& f) {
         f.active_layers = 0b011;
         f.decided_spatial = f.sent_spatial = 1;
       },
       LayerLimit::kPublisher},
      {"what does not arrive is not wanted either",
       [](LayerFacts& f) {
         f.active_layers = 0b001;
         f.asked_spatial = f.decided_spatial = f.sent_spatial = 0;
       },
       LayerLimit::kSubscriber},
      {"the path is too narrow for the lowest",
       [](LayerFacts& f) {
         f.paused = true;
         f.decided_spatial = f.sent_spatial = -1;
       },
       LayerLimit::kPaused},
      {"a layer lower", [](LayerFacts& f) { f.decided_spatial = f.sent_spatial = 1; },
       LayerLimit::kNetwork},
      {"lower, and the higher one goes on until then", [](LayerFacts& f) { f.decided_spatial = 0; },
       LayerLimit::kNetwork},
      {"half the pictures", [](LayerFacts& f) { f.decided_temporal = 0; }, LayerLimit::kNetwork},
      {"fewer layers while the server is busy",
       [](LayerFacts& f) { f.allowed_spatial = f.decided_spatial = f.sent_spatial = 1; },
       LayerLimit::kServer},
      {"fewer pictures while the server is busy",
       [](LayerFacts& f) { f.allowed_temporal = f.decided_temporal = 0; }, LayerLimit::kServer},
      {"what a busy server leaves does not fit either",
       [](LayerFacts& f) {
         f.allowed_spatial = 1;
         f.decided_spatial = f.sent_spatial = 0;
       },
       LayerLimit::kNetwork},
      {"a busy server leaves what is asked for",
       [](LayerFacts& f) {
         f.allowed_spatial = 1;
         f.asked_spatial = f.decided_spatial = f.sent_spatial = 0;
       },
       LayerLimit::kSubscriber},
      {"not begun", [](LayerFacts& f) { f.sent_spatial = -1; }, LayerLimit::kKeyFrame},
      {"on the way up", [](LayerFacts& f) { f.sent_spatial = 0; }, LayerLimit::kKeyFrame},
      {"one encoding is every layer",
       [](LayerFacts& f) {
         f.layer_count = f.temporal_count = 1;
         f.active_layers = 1;
         f.decided_spatial = f.sent_spatial = f.decided_temporal = 0;
       },
       LayerLimit::kNone},
      {"sound", [](LayerFacts& f) { f = {.is_video = false}; }, LayerLimit::kNone},
      {"sound beside that of others",
       [](LayerFacts& f) { f = {.left_out = true, .is_video = false}; }, LayerLimit::kOthersSpeak},
      {"sound that nobody wants",
       [](LayerFacts& f) { f = {.is_video = false, .wants_nothing = true}; },
       LayerLimit::kSubscriber},
  };
  for (const Case& c : cases) {
    LayerFacts facts = best();
    c.change(facts);
    EXPECT_STREQ(to_string(layer_limit(facts)), to_string(c.expected)) << c.what;
  }
}

TEST(LayerLimitOf, EachHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kLayerLimitCount; ++i) {
    names.insert(to_string(static_cast<LayerLimit>(i)));
  }
  EXPECT_EQ(names.size(), kLayerLimitCount);
}

}  // namespace
}  // namespace turms::sfu
